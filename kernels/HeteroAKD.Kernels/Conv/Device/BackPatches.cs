using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Intrinsics;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Tiles;
using ILGPU;

namespace HeteroAKD.Kernels.Conv.Device;

/// <summary>
/// What of the output's gradient reaches an input pixel, as the right side of the product that gives the input's gradient: a line is an input pixel (over all
/// images), a step along K is an output channel and tap (o, r, s). With a stride most taps of a pixel come from nowhere and are zero. Elements come to shared memory as
/// those of <see cref="Patches{TElement}"/>.
/// </summary>
public readonly struct BackPatches<TElement> : ITileSource<BackPatches<TElement>>
    where TElement : struct, IElement
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

    private BackPatches(in BackPatches<TElement> all, PixelPlaces places)
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
    public BackPatches<TElement> At(int item, int firstLine, int thread, int lines, int threads)
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
                AsyncCopy.Copy4(ref slice[Slice.AcrossDepth(step, line >> 2, lines) + (line & 3)], ref _dy.View[Math.Max(0, from)], from >= 0 ? 4 : 0);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private uint Number(int step)
    {
        int from = Find(TapAt(step), _places.Of(0));
        return LooseNarrowPieces.Number(_dy.View.Cast<ushort>(), from, from >= 0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Tap TapAt(int step)
    {
        int channel = _taps.Quotient(step);
        int tap = _taps.Remainder(step, channel);
        int r = _kernelWidth.Quotient(tap);
        int up = channel < _s.OutChannels ? r * _s.DilationHeight : -PixelPlaces.Nowhere;
        return new(up, _kernelWidth.Remainder(tap, r) * _s.DilationWidth, channel * _s.OutHeight * _s.OutWidth);
    }

    // Where the output pixel is whose tap met the input pixel, or -1 where there is none.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Find(Tap tap, PixelPlace place)
    {
        int row = place.Row - tap.Up;
        int column = place.Column - tap.Left;

        // Of a negative number the quotient means nothing, and is not used.
        int oh = _strideHeight.Quotient(row & int.MaxValue);
        int ow = _strideWidth.Quotient(column & int.MaxValue);
        bool inside = row >= 0 && column >= 0 && oh < _s.OutHeight && ow < _s.OutWidth && oh * _s.StrideHeight == row && ow * _s.StrideWidth == column;
        return inside ? place.Start + tap.Plane + (oh * _s.OutWidth) + ow : -1;
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

    /// <summary>A step along K.</summary>
    /// <param name="up">Rows above the input pixel, or far below everything.</param>
    /// <param name="left">Columns left of it.</param>
    /// <param name="plane">Elements before the channel's plane.</param>
    private readonly struct Tap(int up, int left, int plane)
    {
        public readonly int Up = up;
        public readonly int Left = left;
        public readonly int Plane = plane;
    }
}
