using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Intrinsics;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Tiles;
using ILGPU;

namespace HeteroAKD.Kernels.Conv.Device;

/// <summary>
/// The patches of x as the right side of the product that gives the weight's gradient: a line is a channel and tap (c, r, s), a step along K is an output
/// pixel, in the order of <see cref="ImageLines{TPieces}"/>. Where a line's window starts is kept in shared memory, since all threads need it for every slice.
/// </summary>
public readonly struct PatchLines : ITileSource<PatchLines>
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

    private PatchLines(in PatchLines all, int item, ArrayView<int> table)
    {
        this = all;
        _table = table;
        _firstStep = item * all._pieceDepth;
        _lastStep = Math.Min(all._lastStep, _firstStep + all._pieceDepth);
    }

    /// <inheritdoc/>
    public static bool AlongDepth => true;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public PatchLines At(int item, int firstLine, int thread)
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
    public void Load(ArrayView<float> slice, int k, int thread, int lines, int threads)
    {
        int step = thread & 15;
        int at = _firstStep + k + step;
        int image = _imageDepth.Quotient(at);
        int pixel = _imageDepth.Remainder(at, image);
        int oh = _width.Quotient(pixel);
        int top = at < _lastStep && oh < _s.OutHeight ? oh * _s.StrideHeight : PixelPlaces.Nowhere;
        int left = _width.Remainder(pixel, oh) * _s.StrideWidth;
        int plane = image * _s.InChannels * _s.Height * _s.Width;
        for (int i = 0; i < lines * Tile.Depth / threads; i++)
        {
            int line = (thread >> 4) + (i * (threads / 16));
            int row = top + _table[line];
            int column = left + _table[MostLines + line];
            bool inside = row >= 0 && row < _s.Height && column >= 0 && column < _s.Width;
            int from = inside ? plane + _table[(2 * MostLines) + line] + (row * _s.Width) + column : 0;
            AsyncCopy.Copy4(ref slice[Slice.AlongDepth(line, step >> 2) + (step & 3)], ref _x.View[from], inside ? 4 : 0);
        }
    }
}
