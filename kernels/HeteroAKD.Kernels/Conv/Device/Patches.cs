using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Intrinsics;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Tiles;
using ILGPU;

namespace HeteroAKD.Kernels.Conv.Device;

/// <summary>
/// The patches of x as the right side of a convolution's product, without ever being stored: a line is an output pixel (over all images), a step along K is a
/// channel and tap (c, r, s). Every element is copied on its own, because neighbouring pixels of a tap are rarely aligned.
/// </summary>
public readonly struct Patches : ITileSource<Patches>
{
    private readonly Mem _x; // [N, C, H, W]
    private readonly ConvShape _s;
    private readonly Divider _pixels;
    private readonly Divider _width;
    private readonly Divider _taps;
    private readonly Divider _kernelWidth;
    private readonly PixelPlaces _places;

    /// <summary>All patches; the convolution has one group.</summary>
    public Patches(Mem x, in ConvShape shape)
        : this(x, shape, new(shape.OutHeight * shape.OutWidth), new(shape.OutWidth), new(shape.KernelSize), new(shape.KernelWidth), default)
    {
    }

    private Patches(Mem x, ConvShape s, Divider pixels, Divider width, Divider taps, Divider kernelWidth, PixelPlaces places)
    {
        _x = x;
        _s = s;
        _pixels = pixels;
        _width = width;
        _taps = taps;
        _kernelWidth = kernelWidth;
        _places = places;
    }

    /// <inheritdoc/>
    public static bool AlongDepth => false;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Patches At(int item, int firstLine, int thread)
    {
        int line = firstLine + (thread & 31);
        PixelPlaces p = new(Place(line), Place(line + 32), Place(line + 64), Place(line + 96));
        return new(_x, _s, _pixels, _width, _taps, _kernelWidth, p);
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
            int s = _kernelWidth.Remainder(tap, r);
            int down = channel < _s.InChannels ? r * _s.DilationHeight : PixelPlaces.Nowhere;
            int right = s * _s.DilationWidth;
            int offset = (((channel * _s.Height) + (r * _s.DilationHeight)) * _s.Width) + right;
            for (int i = 0; i < lines / 32; i++)
            {
                PixelPlace place = _places.Of(i);
                int row = place.Row + down;
                int column = place.Column + right;
                bool inside = row >= 0 && row < _s.Height && column >= 0 && column < _s.Width;
                int line = (thread & 31) + (32 * i);
                AsyncCopy.Copy4(
                    ref slice[Slice.AcrossDepth(step, line >> 2, lines) + (line & 3)], ref _x.View[inside ? place.Start + offset : 0], inside ? 4 : 0);
            }
        }
    }

    // Upper left corner of an output pixel's window; it may lie in the padding, so that only its sum with a tap inside is an index.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private PixelPlace Place(int line)
    {
        int image = _pixels.Quotient(line);
        int pixel = _pixels.Remainder(line, image);
        int oh = _width.Quotient(pixel);
        int row = (oh * _s.StrideHeight) - _s.PaddingHeight;
        int column = (_width.Remainder(pixel, oh) * _s.StrideWidth) - _s.PaddingWidth;
        int start = (((image * _s.InChannels * _s.Height) + row) * _s.Width) + column;
        return new(start, image < _s.Batch ? row : PixelPlaces.Nowhere, column);
    }
}
