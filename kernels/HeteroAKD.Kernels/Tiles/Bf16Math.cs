using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Intrinsics;
using ILGPU;

namespace HeteroAKD.Kernels.Tiles;

/// <summary>
/// Tensor cores on numbers rounded to bf16 (7 bits of mantissa, the range of float), sums in float. The sum over K may take its terms in any order, as long as
/// both sides take the same: a thread reads four neighbouring steps at once and calls them those that the instruction wants of it.
/// </summary>
public readonly struct Bf16Math : ITileMath
{
    /// <inheritdoc/>
    public static int Threads<TTile>()
        where TTile : struct, ITile => WarpMath.Threads<TTile>();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Multiply<TTile, TLeft, TRight>(ArrayView<float> a, ArrayView<float> b, Float4[] sums, int thread)
        where TTile : struct, ITile
        where TLeft : struct, ITileSource<TLeft>
        where TRight : struct, ITileSource<TRight>
    {
        int lane = thread & 31;
        int row = WarpMath.FirstRow<TTile>(thread) + (lane >> 2);
        int column = WarpMath.FirstColumn<TTile>(thread) + (lane >> 2);
        RightFragment[] right = new RightFragment[TTile.WarpColumns / 8];
        for (int j = 0; j < TTile.WarpColumns / 8; j++)
        {
            Float4 steps = Slice.Steps<TRight>(b, column + (8 * j), lane & 3, TTile.Columns);
            right[j] = new RightFragment { X = TensorCore.PackBf16(steps.X, steps.Y), Y = TensorCore.PackBf16(steps.Z, steps.W) };
        }

        for (int i = 0; i < TTile.WarpRows / 16; i++)
        {
            Float4 top = Slice.Steps<TLeft>(a, row + (16 * i), lane & 3, TTile.Rows);
            Float4 bottom = Slice.Steps<TLeft>(a, row + (16 * i) + 8, lane & 3, TTile.Rows);
            LeftFragment left = new()
            {
                X = TensorCore.PackBf16(top.X, top.Y),
                Y = TensorCore.PackBf16(bottom.X, bottom.Y),
                Z = TensorCore.PackBf16(top.Z, top.W),
                W = TensorCore.PackBf16(bottom.Z, bottom.W),
            };
            for (int j = 0; j < TTile.WarpColumns / 8; j++)
            {
                int at = (i * (TTile.WarpColumns / 8)) + j;
                sums[at] = TensorCore.MultiplyBf16(left, right[j], sums[at]);
            }
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Spill<TTile, TLeft, TRight>(ArrayView<float> result, Float4[] sums, int thread)
        where TTile : struct, ITile
        where TLeft : struct, ITileSource<TLeft>
        where TRight : struct, ITileSource<TRight> => WarpMath.Spill<TTile>(result, sums, thread);
}
