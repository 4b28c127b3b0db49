using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Resize;

namespace HeteroAKD.Kernels.Losses;

/// <summary>
/// Where a strip of the working grid gets one input's logits from, and where that input's gradient goes: a map on the grid itself, or a map of
/// another size that is sampled bilinearly inside the kernel and whose gradient is first collected strip by strip in a workspace.
/// </summary>
/// <remarks>
/// A sampled input needs 4·C lanes of scratch: the two source rows around a grid row, already mixed along x (<c>top</c>, <c>bottom</c>: most grid rows
/// of a strip share them), and what these two rows have gathered of the gradient.
/// </remarks>
public readonly struct LogitsSource
{
    private readonly Mem _logits; // [N, C, h, w]
    private readonly Mem _workspace; // [strips of a chunk, slots, C, grid width]: the gradient by source row, not yet transposed along x
    private readonly BilinearAxis _vertical;
    private readonly BilinearAxis _horizontal;
    private readonly int _classes;
    private readonly int _slots;
    private readonly int _sampled;
    private readonly int _wanted;

    /// <summary>Logits [N, C, height, width] on the working grid; their gradient is written by <see cref="LossOutputs"/>.</summary>
    public LogitsSource(Mem logits, int classes, int height, int width)
    {
        _logits = logits;
        _classes = classes;
        _vertical = new BilinearAxis(height, height, false);
        _horizontal = new BilinearAxis(width, width, false);
    }

    /// <summary>
    /// Logits [N, C, vertical.Source, horizontal.Source] to be sampled; the gradient goes to <paramref name="workspace"/> if <paramref name="slots"/>
    /// is not 0.
    /// </summary>
    public LogitsSource(Mem logits, int classes, BilinearAxis vertical, BilinearAxis horizontal, Mem workspace, int slots)
    {
        _logits = logits;
        _classes = classes;
        _vertical = vertical;
        _horizontal = horizontal;
        _workspace = workspace;
        _slots = slots;
        _sampled = 1;
        _wanted = slots > 0 ? 1 : 0;
    }

    /// <summary>Lanes of scratch that a strip keeps for this input.</summary>
    public int ScratchLength => _sampled != 0 ? 4 * _classes : 0;

    /// <summary>The source row above grid row <paramref name="row"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int SourceRow(int row) => _sampled != 0 ? _vertical.Low(row) : row;

    /// <summary>
    /// Puts the logits of one lane of pixels into scratch at <paramref name="to"/>. <paramref name="kept"/> is this input's own scratch,
    /// <paramref name="held"/> the source row it holds (-1: none).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Load<TLane, TScratch>(TScratch scratch, int to, int kept, int held, int image, int row, int column)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        if (_sampled == 0)
        {
            int plane = _vertical.Source * _horizontal.Source;
            int start = (((image * _classes * _vertical.Source) + row) * _horizontal.Source) + column;
            for (int c = 0; c < _classes; c++)
            {
                scratch.Set(to + c, TLane.Load(_logits, start + (c * plane)));
            }

            return;
        }

        int low = _vertical.Low(row);
        if (low != held)
        {
            Sample<TLane, TScratch>(scratch, kept, image, low, column);
            Sample<TLane, TScratch>(scratch, kept + _classes, image, _vertical.High(low), column);
        }

        TLane weight = _vertical.Weight<TLane>(row);
        for (int c = 0; c < _classes; c++)
        {
            TLane top = scratch.Get(kept + c);
            scratch.Set(to + c, BilinearAxis.Mix(top, scratch.Get(kept + _classes + c), weight));
        }
    }

    /// <summary>
    /// Adds the gradient of grid row <paramref name="row"/>, in scratch at <paramref name="from"/>, to the two source rows it was mixed from.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Collect<TLane, TScratch>(TScratch scratch, int from, int kept, int row)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        if (_wanted == 0)
        {
            return;
        }

        TLane weight = _vertical.Weight<TLane>(row);
        TLane rest = TLane.Splat(1f) - weight;
        int top = kept + (2 * _classes);
        int bottom = kept + (3 * _classes);
        for (int c = 0; c < _classes; c++)
        {
            TLane gradient = scratch.Get(from + c);
            scratch.Set(top + c, TLane.Fma(rest, gradient, scratch.Get(top + c)));
            scratch.Set(bottom + c, TLane.Fma(weight, gradient, scratch.Get(bottom + c)));
        }
    }

    /// <summary>
    /// Before grid row <paramref name="next"/> (or after the strip, <paramref name="last"/>): writes the collected source rows that will get no more.
    /// <paramref name="held"/> is the upper one of the two, -1 before the first row; <paramref name="first"/> is the strip's first source row.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Advance<TLane, TScratch>(TScratch scratch, int kept, int held, int first, int next, bool last, int strip, int column)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        if (_wanted == 0 || (held == next && !last))
        {
            return;
        }

        int top = kept + (2 * _classes);
        int bottom = kept + (3 * _classes);
        int slot = held - first;
        bool neighbour = held >= 0 && next == held + 1 && !last;
        if (held >= 0)
        {
            Write<TLane, TScratch>(scratch, top, strip, slot, column);
        }

        if (held >= 0 && !neighbour)
        {
            Write<TLane, TScratch>(scratch, bottom, strip, slot + 1, column);
        }

        for (int c = 0; c < _classes; c++)
        {
            scratch.Set(top + c, neighbour ? scratch.Get(bottom + c) : TLane.Splat(0f));
            scratch.Set(bottom + c, TLane.Splat(0f));
        }

        // Shrinking skips source rows; they get their zeros, so that the workspace need not be cleared.
        for (int skipped = slot + 2; held >= 0 && !last && skipped < next - first; skipped++)
        {
            Write<TLane, TScratch>(scratch, bottom, strip, skipped, column);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Write<TLane, TScratch>(TScratch scratch, int from, int strip, int slot, int column)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        int start = (((strip * _slots) + slot) * _classes * _horizontal.Target) + column;
        for (int c = 0; c < _classes; c++)
        {
            TLane.Store(_workspace, start + (c * _horizontal.Target), scratch.Get(from + c));
        }
    }

    /// <summary>One source row of every class, mixed along x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Sample<TLane, TScratch>(TScratch scratch, int to, int image, int sourceRow, int column)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        TLane target = TLane.Iota(column);
        TLane low = _horizontal.Low(target);
        TLane high = _horizontal.High(low);
        TLane weight = _horizontal.Weight(target, low);
        int plane = _vertical.Source * _horizontal.Source;
        int start = ((image * _classes * _vertical.Source) + sourceRow) * _horizontal.Source;
        for (int c = 0; c < _classes; c++)
        {
            TLane left = TLane.Gather(_logits, start + (c * plane), low);
            TLane right = TLane.Gather(_logits, start + (c * plane), high);
            scratch.Set(to + c, BilinearAxis.Mix(left, right, weight));
        }
    }
}
