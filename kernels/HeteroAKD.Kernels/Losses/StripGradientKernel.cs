using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Resize;

namespace HeteroAKD.Kernels.Losses;

/// <summary>
/// Adds one chunk's workspace to the gradient of a sampled input: each source pixel gathers what its strips collected for its row, weighted along x.
/// Rows are (image, class, source row) of the images that the chunk touches, columns are source columns. The gradient must start as zeros.
/// </summary>
public readonly struct StripGradientKernel : IPixelKernel
{
    private readonly Mem _workspace; // [strips of the chunk, slots, C, grid width]
    private readonly Mem _gradient; // [N, C, h, w], added to
    private readonly BilinearAxis _vertical;
    private readonly BilinearAxis _horizontal;
    private readonly StripGrid _grid;
    private readonly int _classes;
    private readonly int _slots;
    private readonly int _firstStrip;
    private readonly int _stripCount;

    /// <summary>The kernel for the chunk that starts at <paramref name="firstStrip"/>.</summary>
    public StripGradientKernel(
        Mem workspace, Mem gradient, BilinearAxis vertical, BilinearAxis horizontal, in StripGrid grid, int classes, int slots, int firstStrip, int stripCount)
    {
        _workspace = workspace;
        _gradient = gradient;
        _vertical = vertical;
        _horizontal = horizontal;
        _grid = grid;
        _classes = classes;
        _slots = slots;
        _firstStrip = firstStrip;
        _stripCount = stripCount;
    }

    /// <summary>The first image that the chunk touches.</summary>
    private int FirstImage => _firstStrip / _grid.StripsPerImage;

    /// <summary>Rows of the launch.</summary>
    public int Rows => (((_firstStrip + _stripCount - 1) / _grid.StripsPerImage) - FirstImage + 1) * _classes * _vertical.Source;

    /// <summary>Columns of the launch.</summary>
    public int Columns => _horizontal.Source;

    /// <summary>The work of one element for the launcher.</summary>
    public int Cost => 8 * _horizontal.MaxTargets;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        int perImage = _classes * _vertical.Source;
        int image = FirstImage + (row / perImage);
        int c = row % perImage / _vertical.Source;
        int source = row % _vertical.Source;
        int strips = image * _grid.StripsPerImage;
        int first = Math.Max(_firstStrip, strips + (_vertical.FirstTarget(source) / _grid.StripRows));
        int end = Math.Min(_firstStrip + _stripCount, strips + (_vertical.LastTarget(source) / _grid.StripRows) + 1);
        if (_vertical.LastTarget(source) < 0 || first >= end)
        {
            return;
        }

        TLane sourceColumn = TLane.Iota(column);
        TLane target = _horizontal.FirstTarget(sourceColumn);
        TLane sum = TLane.Splat(0f);
        for (int k = 0; k < _horizontal.MaxTargets; k++)
        {
            TLane share = _horizontal.Share(target, sourceColumn);
            TLane at = TLane.Min(target, TLane.Splat(_grid.Width - 1));
            for (int strip = first; strip < end; strip++)
            {
                int slot = source - _vertical.Low(_grid.FirstRow(strip));
                int start = ((((strip - _firstStrip) * _slots) + slot) * _classes) + c;
                sum = TLane.Fma(share, TLane.Gather(_workspace, start * _grid.Width, at), sum);
            }

            target += TLane.Splat(1f);
        }

        int to = ((((image * _classes) + c) * _vertical.Source) + source) * _horizontal.Source + column;
        TLane.Store(_gradient, to, TLane.Load(_gradient, to) + sum);
    }
}
