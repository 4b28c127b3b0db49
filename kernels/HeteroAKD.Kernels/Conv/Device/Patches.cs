using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Intrinsics;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Tiles;
using ILGPU;

namespace HeteroAKD.Kernels.Conv.Device;

/// <summary>
/// The patches of x as the right side of a convolution's product, without ever being stored: a line is an output pixel (over all images), a step along K is a
/// channel and tap (c, r, s). Every element is copied on its own, because neighbouring pixels of a tap are rarely aligned: a float asynchronously, to the pixels beside
/// it; a bf16 number, for which a copy is too wide, through registers, from which four steps of a pixel are written as one piece.
/// </summary>
public readonly struct Patches<TElement> : ITileSource<Patches<TElement>>
    where TElement : struct, IElement
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
    {
        _x = x;
        _s = shape;
        _pixels = new(shape.OutHeight * shape.OutWidth);
        _width = new(shape.OutWidth);
        _taps = new(shape.KernelSize);
        _kernelWidth = new(shape.KernelWidth);
    }

    private Patches(in Patches<TElement> all, PixelPlaces places)
    {
        this = all;
        _places = places;
    }

    /// <inheritdoc/>
    public static bool AlongDepth => TElement.Narrow;

    /// <inheritdoc/>
    public static bool Narrow => TElement.Narrow;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Patches<TElement> At(int item, int firstLine, int thread, int lines, int threads)
    {
        if (TElement.Narrow)
        {
            return new(this, new(Place(firstLine + HeldPieces.Line(thread, lines, threads)), default, default, default));
        }

        int line = firstLine + (thread & 31);
        return new(this, new(Place(line), Place(line + 32), Place(line + 64), Place(line + 96)));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Load(ArrayView<float> slice, int k, int thread, int lines, int threads, Bf16x4[] held)
    {
        if (TElement.Narrow)
        {
            int first = k + (4 * HeldPieces.First(thread, lines, threads));
            for (int i = 0; i < HeldPieces.Count(lines, threads); i++)
            {
                int at = first + (4 * i);
                held[i] = new Bf16x4 { Low = LooseNarrowPieces.Pair(Number(at), Number(at + 1)), High = LooseNarrowPieces.Pair(Number(at + 2), Number(at + 3)) };
            }
        }
        else
        {
            Copy(slice, k, thread, lines, threads);
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Finish(ArrayView<float> slice, int thread, int lines, int threads, Bf16x4[] held)
    {
        if (TElement.Narrow)
        {
            HeldPieces.Write(slice, thread, lines, threads, held);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Copy(ArrayView<float> slice, int k, int thread, int lines, int threads)
    {
        int warps = threads / 32;
        for (int j = 0; j < Tile.Depth / warps; j++)
        {
            int step = (thread >> 5) + (j * warps);
            Tap tap = TapAt(k + step);
            for (int i = 0; i < lines / 32; i++)
            {
                int line = (thread & 31) + (32 * i);
                int from = Find(tap, _places.Of(i));
                AsyncCopy.Copy4(ref slice[Slice.AcrossDepth(step, line >> 2, lines) + (line & 3)], ref _x.View[Math.Max(0, from)], from >= 0 ? 4 : 0);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private uint Number(int step)
    {
        int from = Find(TapAt(step), _places.Of(0));
        return LooseNarrowPieces.Number(_x.View.Cast<ushort>(), from, from >= 0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Tap TapAt(int step)
    {
        int channel = _taps.Quotient(step);
        int tap = _taps.Remainder(step, channel);
        int r = _kernelWidth.Quotient(tap);
        int right = _kernelWidth.Remainder(tap, r) * _s.DilationWidth;
        int down = r * _s.DilationHeight;
        return new(channel < _s.InChannels ? down : PixelPlaces.Nowhere, right, (((channel * _s.Height) + down) * _s.Width) + right);
    }

    // Where a pixel's tap is, or -1 where it is outside of the image.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Find(Tap tap, PixelPlace place)
    {
        int row = place.Row + tap.Down;
        int column = place.Column + tap.Right;
        return row >= 0 && row < _s.Height && column >= 0 && column < _s.Width ? place.Start + tap.Offset : -1;
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

    /// <summary>A step along K.</summary>
    /// <param name="down">Rows below the window's corner, or nowhere.</param>
    /// <param name="right">Columns right of it.</param>
    /// <param name="offset">Elements from it.</param>
    private readonly struct Tap(int down, int right, int offset)
    {
        public readonly int Down = down;
        public readonly int Right = right;
        public readonly int Offset = offset;
    }
}
