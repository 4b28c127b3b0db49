using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Intrinsics;
using ILGPU;

namespace HeteroAKD.Kernels.Tiles;

/// <summary>
/// Tensor cores on bf16 numbers (7 bits of mantissa, the range of float), sums in float. A side that holds such numbers is taken as it is, one of floats is
/// rounded. The sum over K may take its terms in any order, as long as both sides take the same: a thread reads four neighbouring steps at once and calls them
/// those that the instruction wants of it.
/// </summary>
public readonly struct Bf16Math : ITileMath, IWarpProduct
{
    /// <inheritdoc/>
    public static int Depth => Tile.Depth; // of a slice there is one first step, 0

    /// <inheritdoc/>
    public static int Threads<TTile>()
        where TTile : struct, ITile => WarpMath.Threads<TTile>();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Multiply<TTile, TLeft, TRight>(ArrayView<float> a, ArrayView<float> b, Float4[] sums, int thread)
        where TTile : struct, ITile
        where TLeft : struct, ITileSource<TLeft>
        where TRight : struct, ITileSource<TRight> => WarpMath.Multiply<Bf16Math, TTile, TLeft, TRight>(a, b, sums, thread);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Spill<TTile, TLeft, TRight>(ArrayView<float> result, Float4[] sums, int thread)
        where TTile : struct, ITile
        where TLeft : struct, ITileSource<TLeft>
        where TRight : struct, ITileSource<TRight> => WarpMath.Spill<TTile>(result, sums, thread);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LeftFragment Left<TSource>(ArrayView<float> slice, int line, int k, int lines, int lane)
        where TSource : struct, ITileSource<TSource>
    {
        if (TSource.Narrow && !TSource.AlongDepth)
        {
            // Matrices: lines 0-7 and 8-15 of the steps that come first, then of the others.
            return Transposed(slice, line + (lane & 8), Step(lane) + ((lane >> 4) << 1), lines);
        }

        Bf16x4 top = Steps<TSource>(slice, line + (lane >> 2), lane & 3, lines);
        Bf16x4 bottom = Steps<TSource>(slice, line + (lane >> 2) + 8, lane & 3, lines);
        return new LeftFragment { X = top.Low, Y = bottom.Low, Z = top.High, W = bottom.High };
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LeftFragment Right<TSource>(ArrayView<float> slice, int line, int k, int lines, int lane)
        where TSource : struct, ITileSource<TSource>
    {
        if (TSource.Narrow && !TSource.AlongDepth)
        {
            // Matrices: the steps that come first and the others of lines 0-7, then of lines 8-15.
            return Transposed(slice, line + ((lane >> 4) << 3), Step(lane) + ((lane & 8) >> 2), lines);
        }

        Bf16x4 first = Steps<TSource>(slice, line + (lane >> 2), lane & 3, lines);
        Bf16x4 second = Steps<TSource>(slice, line + (lane >> 2) + 8, lane & 3, lines);
        return new LeftFragment { X = first.Low, Y = first.High, Z = second.Low, W = second.High };
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float4 Add(LeftFragment left, RightFragment right, Float4 sum) => TensorCore.MultiplyBf16(left, right, sum);

    // The step that a thread names as a row of a matrix: thread p of four is to get steps 4 p, 4 p + 1 of one matrix, and 4 p + 2, 4 p + 3 of the other.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Step(int lane) => ((lane & 6) << 1) + (lane & 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static LeftFragment Transposed(ArrayView<float> slice, int line, int step, int lines) =>
        TensorCore.LoadTransposed(ref slice.Cast<Bf16x4>()[Slice.AcrossDepth<Bf16Element>(step, line >> 2, lines) >> 2]);

    // Steps 4 piece … + 3 of a line.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Bf16x4 Steps<TSource>(ArrayView<float> slice, int line, int piece, int lines)
        where TSource : struct, ITileSource<TSource>
    {
        if (TSource.Narrow)
        {
            return slice.Cast<Bf16x4>()[Slice.AlongDepth<Bf16Element>(line, piece) >> 2];
        }

        Float4 steps = Slice.Steps<TSource>(slice, line, piece, lines);
        return new Bf16x4 { Low = TensorCore.PackBf16(steps.X, steps.Y), High = TensorCore.PackBf16(steps.Z, steps.W) };
    }
}
