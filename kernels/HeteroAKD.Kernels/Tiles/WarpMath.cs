using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Intrinsics;
using ILGPU;

namespace HeteroAKD.Kernels.Tiles;

/// <summary>
/// Tensor cores: a warp has 64 rows and 32 columns, 4 x 4 products of 16 x 8. The sum over K may take its terms in any order, as long as both sides take the
/// same: a thread reads four neighbouring steps at once and calls them those that the instruction wants of it.
/// </summary>
internal static class WarpMath
{
    private const int WarpRows = 64;
    private const int WarpColumns = 32;

    /// <summary>First row of the thread's warp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int FirstRow<TTile>(int thread)
        where TTile : struct, ITile => thread / 32 / (TTile.Columns / WarpColumns) * WarpRows;

    /// <summary>First column of the thread's warp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int FirstColumn<TTile>(int thread)
        where TTile : struct, ITile => thread / 32 % (TTile.Columns / WarpColumns) * WarpColumns;

    /// <summary>Writes sums [4 · i + j], the 16 x 8 product at (16 i, 8 j), to the tile.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Spill<TTile>(ArrayView<float> result, Float4[] sums, int thread)
        where TTile : struct, ITile
    {
        int pitch = Tile.ResultPitch<TTile>();
        int lane = thread & 31;
        int at = ((FirstRow<TTile>(thread) + (lane >> 2)) * pitch) + FirstColumn<TTile>(thread) + (2 * (lane & 3));
        for (int i = 0; i < 4; i++)
        {
            for (int j = 0; j < 4; j++)
            {
                Float4 sum = sums[(4 * i) + j];
                int top = at + (16 * i * pitch) + (8 * j);
                int bottom = top + (8 * pitch);
                result[top] = sum.X;
                result[top + 1] = sum.Y;
                result[bottom] = sum.Z;
                result[bottom + 1] = sum.W;
            }
        }
    }
}

/// <summary>Tensor cores on numbers rounded to tf32 (10 bits of mantissa, the range of float), sums in float.</summary>
public readonly struct Tf32Math : ITileMath
{
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
        RightFragment[] first = new RightFragment[4];
        RightFragment[] second = new RightFragment[4];
        for (int j = 0; j < 4; j++)
        {
            Float4 steps = Slice.Steps<TRight>(b, column + (8 * j), lane & 3, TTile.Columns);
            first[j] = new RightFragment { X = TensorCore.ToTf32(steps.X), Y = TensorCore.ToTf32(steps.Y) };
            second[j] = new RightFragment { X = TensorCore.ToTf32(steps.Z), Y = TensorCore.ToTf32(steps.W) };
        }

        for (int i = 0; i < 4; i++)
        {
            Float4 top = Slice.Steps<TLeft>(a, row + (16 * i), lane & 3, TTile.Rows);
            Float4 bottom = Slice.Steps<TLeft>(a, row + (16 * i) + 8, lane & 3, TTile.Rows);
            LeftFragment head = new()
            {
                X = TensorCore.ToTf32(top.X), Y = TensorCore.ToTf32(bottom.X), Z = TensorCore.ToTf32(top.Y), W = TensorCore.ToTf32(bottom.Y),
            };
            LeftFragment tail = new()
            {
                X = TensorCore.ToTf32(top.Z), Y = TensorCore.ToTf32(bottom.Z), Z = TensorCore.ToTf32(top.W), W = TensorCore.ToTf32(bottom.W),
            };
            for (int j = 0; j < 4; j++)
            {
                sums[(4 * i) + j] = TensorCore.MultiplyTf32(tail, second[j], TensorCore.MultiplyTf32(head, first[j], sums[(4 * i) + j]));
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

/// <summary>Tensor cores on bf16 numbers (7 bits of mantissa, the range of float), taken as they are or rounded from floats side by side, sums in float.</summary>
public readonly struct Bf16Math : ITileMath
{
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
        RightFragment[] right = new RightFragment[4];
        for (int j = 0; j < 4; j++)
        {
            Bf16x4 steps = Slice.NarrowSteps<TRight>(b, column + (8 * j), lane & 3, TTile.Columns);
            right[j] = new RightFragment { X = steps.Low, Y = steps.High };
        }

        for (int i = 0; i < 4; i++)
        {
            Bf16x4 top = Slice.NarrowSteps<TLeft>(a, row + (16 * i), lane & 3, TTile.Rows);
            Bf16x4 bottom = Slice.NarrowSteps<TLeft>(a, row + (16 * i) + 8, lane & 3, TTile.Rows);
            LeftFragment left = new() { X = top.Low, Y = bottom.Low, Z = top.High, W = bottom.High };
            for (int j = 0; j < 4; j++)
            {
                sums[(4 * i) + j] = TensorCore.MultiplyBf16(left, right[j], sums[(4 * i) + j]);
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
