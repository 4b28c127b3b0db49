using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Tiles;

namespace HeteroAKD.Kernels.Conv.Device;

/// <summary>
/// What of the output's gradient, [N, O, OH, OW], reaches an input pixel: a line is an input pixel, a step along K is an output channel and tap (o, r, s). With
/// a stride most taps of a pixel come from nowhere.
/// </summary>
public readonly struct BackwardWindow : IPatchWindow
{
    private readonly ConvShape _s;
    private readonly Divider _pixels;
    private readonly Divider _width;
    private readonly Divider _taps;
    private readonly Divider _kernelWidth;
    private readonly Divider _strideHeight;
    private readonly Divider _strideWidth;

    /// <summary>Of a convolution.</summary>
    public BackwardWindow(in ConvShape shape)
    {
        _s = shape;
        _pixels = new(shape.Height * shape.Width);
        _width = new(shape.Width);
        _taps = new(shape.KernelSize);
        _kernelWidth = new(shape.KernelWidth);
        _strideHeight = new(shape.StrideHeight);
        _strideWidth = new(shape.StrideWidth);
    }

    /// <summary>An input pixel, counted from the padding's corner, and where its image starts.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public PixelPlace Place(int line)
    {
        int image = _pixels.Quotient(line);
        int pixel = _pixels.Remainder(line, image);
        int row = _width.Quotient(pixel);
        int column = _width.Remainder(pixel, row) + _s.PaddingWidth;
        return new(image * _s.OutChannels * _s.OutHeight * _s.OutWidth, image < _s.Batch ? row + _s.PaddingHeight : PixelPlaces.Nowhere, column);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public PatchTap TapAt(int step)
    {
        int channel = _taps.Quotient(step);
        int tap = _taps.Remainder(step, channel);
        int r = _kernelWidth.Quotient(tap);
        int up = channel < _s.OutChannels ? r * _s.DilationHeight : -PixelPlaces.Nowhere;
        return new(up, _kernelWidth.Remainder(tap, r) * _s.DilationWidth, channel * _s.OutHeight * _s.OutWidth);
    }

    /// <summary>Elements before the output pixel whose tap met the input pixel, or -1 where there is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Find(PatchTap tap, PixelPlace place)
    {
        int row = place.Row - tap.Rows;
        int column = place.Column - tap.Columns;

        // Of a negative number the quotient means nothing, and is not used.
        int oh = _strideHeight.Quotient(row & int.MaxValue);
        int ow = _strideWidth.Quotient(column & int.MaxValue);
        bool inside = row >= 0 && column >= 0 && oh < _s.OutHeight && ow < _s.OutWidth && oh * _s.StrideHeight == row && ow * _s.StrideWidth == column;
        return inside ? place.Start + tap.Offset + (oh * _s.OutWidth) + ow : -1;
    }
}
