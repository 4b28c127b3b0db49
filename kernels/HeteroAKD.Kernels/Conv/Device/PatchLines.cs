using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Intrinsics;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Tiles;
using ILGPU;

namespace HeteroAKD.Kernels.Conv.Device;

/// <summary>
/// The patches of x as the right side of the product that gives the weight's gradient: a line is a channel and tap (c, r, s), a step along K is an output
/// pixel, in the order of <see cref="ImageLines{TPieces}"/>. Where a line's window starts is kept in shared memory, since all threads need it for every slice.
/// bf16 numbers come through registers, four successive pixels of a line at a time.
/// </summary>
public readonly struct PatchLines<TElement> : ITileSource<PatchLines<TElement>>
    where TElement : struct, IElement
{
    private const int MostLines = 128;

    private readonly Mem _x; // [N, C, H, W]
    private readonly ConvShape _s;
    private readonly Divider _imageDepth;
    private readonly Divider _width;
    private readonly Divider _taps;
    private readonly Divider _kernelWidth;
    private readonly int _pieceDepth;
    private readonly int _firstStep;
    private readonly int _lastStep;
    private readonly ArrayView<int> _table; // [3, MostLines] row, column and plane of each line's window; of a block only

    /// <summary>All patches; the convolution has one group.</summary>
    /// <param name="x">[N, C, H, W].</param>
    /// <param name="shape">The convolution.</param>
    /// <param name="depth">The steps along K.</param>
    public PatchLines(Mem x, in ConvShape shape, ImageDepth depth)
    {
        _x = x;
        _s = shape;
        _imageDepth = new(depth.PerImage);
        _width = new(shape.OutWidth);
        _taps = new(shape.KernelSize);
        _kernelWidth = new(shape.KernelWidth);
        _pieceDepth = depth.PerPiece;
        _lastStep = depth.All;
    }

    private PatchLines(in PatchLines<TElement> all, int item, ArrayView<int> table)
    {
        this = all;
        _table = table;
        _firstStep = item * all._pieceDepth;
        _lastStep = Math.Min(all._lastStep, _firstStep + all._pieceDepth);
    }

    /// <inheritdoc/>
    public static bool AlongDepth => true;

    /// <inheritdoc/>
    public static bool Narrow => TElement.Narrow;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public PatchLines<TElement> At(int item, int firstLine, int thread, int lines, int threads)
    {
        ArrayView<int> table = SharedMemory.Allocate<int>(3 * MostLines);
        for (int i = thread; i < MostLines; i += Group.DimX)
        {
            int line = firstLine + i;
            int channel = _taps.Quotient(line);
            int tap = _taps.Remainder(line, channel);
            int r = _kernelWidth.Quotient(tap);
            table[i] = channel < _s.InChannels ? (r * _s.DilationHeight) - _s.PaddingHeight : PixelPlaces.Nowhere;
            table[MostLines + i] = (_kernelWidth.Remainder(tap, r) * _s.DilationWidth) - _s.PaddingWidth;
            table[(2 * MostLines) + i] = channel * _s.Height * _s.Width;
        }

        Group.Barrier();
        return new(this, item, table);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Load(ArrayView<float> slice, int k, int thread, int lines, int threads, uint[] held)
    {
        if (TElement.Narrow)
        {
            Read(k, thread, lines, threads, held);
        }
        else
        {
            Copy(slice, k, thread, lines, threads);
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Finish(ArrayView<float> slice, int thread, int lines, int threads, uint[] held)
    {
        if (TElement.Narrow)
        {
            for (int i = 0; i < HeldPieces.Count(lines, threads); i++)
            {
                slice.Cast<Bf16x4>()[Slice.AlongDepth<Bf16Element>((thread >> 2) + (i * (threads / 4)), thread & 3) >> 2] = HeldPieces.Piece(held, i);
            }
        }
    }

    // A thread has one piece of some lines: four threads a line, which read 16 neighbouring pixels.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Read(int k, int thread, int lines, int threads, uint[] held)
    {
        int at = _firstStep + k + (4 * (thread & 3));
        Step first = StepAt(at);
        Step second = StepAt(at + 1);
        Step third = StepAt(at + 2);
        Step fourth = StepAt(at + 3);
        for (int i = 0; i < HeldPieces.Count(lines, threads); i++)
        {
            int line = (thread >> 2) + (i * (threads / 4));
            held[4 * i] = HeldPieces.Read(_x.View, Find(line, first));
            held[(4 * i) + 1] = HeldPieces.Read(_x.View, Find(line, second));
            held[(4 * i) + 2] = HeldPieces.Read(_x.View, Find(line, third));
            held[(4 * i) + 3] = HeldPieces.Read(_x.View, Find(line, fourth));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Copy(ArrayView<float> slice, int k, int thread, int lines, int threads)
    {
        int place = thread & 15;
        Step step = StepAt(_firstStep + k + place);
        for (int i = 0; i < lines * Tile.Depth / threads; i++)
        {
            int line = (thread >> 4) + (i * (threads / 16));
            int from = Find(line, step);
            AsyncCopy.Copy4(ref slice[Slice.AlongDepth(line, place >> 2) + (place & 3)], ref _x.View[Math.Max(0, from)], from >= 0 ? 4 : 0);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Step StepAt(int at)
    {
        int image = _imageDepth.Quotient(at);
        int pixel = _imageDepth.Remainder(at, image);
        int oh = _width.Quotient(pixel);
        int top = at < _lastStep && oh < _s.OutHeight ? oh * _s.StrideHeight : PixelPlaces.Nowhere;
        return new(top, _width.Remainder(pixel, oh) * _s.StrideWidth, image * _s.InChannels * _s.Height * _s.Width);
    }

    // Where a line's tap of an output pixel is, or -1 where it is outside of the image.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Find(int line, Step step)
    {
        int row = step.Top + _table[line];
        int column = step.Left + _table[MostLines + line];
        return row >= 0 && row < _s.Height && column >= 0 && column < _s.Width ? step.Images + _table[(2 * MostLines) + line] + (row * _s.Width) + column : -1;
    }

    /// <summary>An output pixel.</summary>
    /// <param name="top">Upper row of its window without padding, or nowhere.</param>
    /// <param name="left">Left column of it.</param>
    /// <param name="images">Elements before its image.</param>
    private readonly struct Step(int top, int left, int images)
    {
        public readonly int Top = top;
        public readonly int Left = left;
        public readonly int Images = images;
    }
}
