using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Intrinsics;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Tiles;
using ILGPU;

namespace HeteroAKD.Kernels.Conv.Device;

/// <summary>
/// What of the output's gradient reaches an input pixel, as the right side of the product that gives the input's gradient: a line is an input pixel (over all
/// images), a step along K is an output channel and tap (o, r, s). With a stride most taps of a pixel come from nowhere and are zero.
/// </summary>
public readonly struct BackPatches : ITileSource<BackPatches>
{
    private readonly Mem _dy; // [N, O, OH, OW]
    private readonly ConvShape _s;
    private readonly Divider _pixels;
    private readonly Divider _width;
    private readonly Divider _taps;
    private readonly Divider _kernelWidth;
    private readonly Divider _strideHeight;
    private readonly Divider _strideWidth;
    private readonly PixelPlaces _places;

    /// <summary>All of it; the convolution has one group.</summary>
    public BackPatches(Mem dy, in ConvShape shape)
    {
        _dy = dy;
        _s = shape;
        _pixels = new(shape.Height * shape.Width);
        _width = new(shape.Width);
        _taps = new(shape.KernelSize);
        _kernelWidth = new(shape.KernelWidth);
        _strideHeight = new(shape.StrideHeight);
        _strideWidth = new(shape.StrideWidth);
    }

    private BackPatches(in BackPatches all, PixelPlaces places)
    {
        this = all;
        _places = places;
    }

    /// <inheritdoc/>
    public static bool AlongDepth => false;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public BackPatches At(int item, int firstLine, int thread)
    {
        int line = firstLine + (thread & 31);
        PixelPlaces p = new(Place(line), Place(line + 32), Place(line + 64), Place(line + 96));
        return new(this, p);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Load(ArrayView<float> slice, int k, int thread, int lines, int threads)
    {
        int warps = threads / 32;
        for (int j = 0; j < Tile.Depth / warps; j++)
        {
            int step = (thread >> 5) + (j * warps);
            int at = k + step;
            int channel = _taps.Quotient(at);
            int tap = _taps.Remainder(at, channel);
            int r = _kernelWidth.Quotient(tap);
            int up = channel < _s.OutChannels ? r * _s.DilationHeight : -PixelPlaces.Nowhere;
            int left = _kernelWidth.Remainder(tap, r) * _s.DilationWidth;
            int plane = channel * _s.OutHeight * _s.OutWidth;
            for (int i = 0; i < lines / 32; i++)
            {
                PixelPlace place = _places.Of(i);
                int row = place.Row - up;
                int column = place.Column - left;

                // Of a negative number the quotient means nothing, and is not used.
                int oh = _strideHeight.Quotient(row & int.MaxValue);
                int ow = _strideWidth.Quotient(column & int.MaxValue);
                bool inside = row >= 0 && column >= 0 && oh < _s.OutHeight && ow < _s.OutWidth && oh * _s.StrideHeight == row && ow * _s.StrideWidth == column;
                int line = (thread & 31) + (32 * i);
                AsyncCopy.Copy4(
                    ref slice[Slice.AcrossDepth(step, line >> 2, lines) + (line & 3)],
                    ref _dy.View[inside ? place.Start + plane + (oh * _s.OutWidth) + ow : 0],
                    inside ? 4 : 0);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private PixelPlace Place(int line)
    {
        int image = _pixels.Quotient(line);
        int pixel = _pixels.Remainder(line, image);
        int row = _width.Quotient(pixel);
        int column = _width.Remainder(pixel, row) + _s.PaddingWidth;
        return new(image * _s.OutChannels * _s.OutHeight * _s.OutWidth, image < _s.Batch ? row + _s.PaddingHeight : PixelPlaces.Nowhere, column);
    }
}
