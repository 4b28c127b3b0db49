using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Tiles;

namespace HeteroAKD.Kernels.Conv.Device;

/// <summary>Patches of x, [N, C, H, W], for the output: a line is an output pixel, a step along K is an input channel and tap (c, r, s).</summary>
public readonly struct ForwardWindow : IPatchWindow
{
    private readonly ConvShape _s;
    private readonly Divider _pixels;
    private readonly Divider _width;
    private readonly Divider _taps;
    private readonly Divider _kernelWidth;

    /// <summary>Of a convolution.</summary>
    public ForwardWindow(in ConvShape shape)
    {
        _s = shape;
        _pixels = new(shape.OutHeight * shape.OutWidth);
        _width = new(shape.OutWidth);
        _taps = new(shape.KernelSize);
        _kernelWidth = new(shape.KernelWidth);
    }

    /// <summary>Upper left corner of an output pixel's window; it may lie in the padding, so that only its sum with a tap inside is an index.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public PixelPlace Place(int line)
    {
        int image = _pixels.Quotient(line);
        int pixel = _pixels.Remainder(line, image);
        int oh = _width.Quotient(pixel);
        int row = (oh * _s.StrideHeight) - _s.PaddingHeight;
        int column = (_width.Remainder(pixel, oh) * _s.StrideWidth) - _s.PaddingWidth;
        int start = (((image * _s.InChannels * _s.Height) + row) * _s.Width) + column;
        return new(start, image < _s.Batch ? row : PixelPlaces.Nowhere, column);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public PatchTap TapAt(int step)
    {
        int channel = _taps.Quotient(step);
        int tap = _taps.Remainder(step, channel);
        int r = _kernelWidth.Quotient(tap);
        int right = _kernelWidth.Remainder(tap, r) * _s.DilationWidth;
        int down = r * _s.DilationHeight;
        return new(channel < _s.InChannels ? down : PixelPlaces.Nowhere, right, (((channel * _s.Height) + down) * _s.Width) + right);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Find(PatchTap tap, PixelPlace place)
    {
        int row = place.Row + tap.Rows;
        int column = place.Column + tap.Columns;
        return row >= 0 && row < _s.Height && column >= 0 && column < _s.Width ? place.Start + tap.Offset : -1;
    }
}
