using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Intrinsics;
using ILGPU;

namespace HeteroAKD.Kernels.Tiles;

/// <summary>
/// Where the warps of a block are in its tile, and what both precisions of tensor cores do alike: sums are products of 16 x 8, row after row of them.
/// </summary>
internal static class WarpMath
{
    /// <summary>Threads of a block.</summary>
    public static int Threads<TTile>()
        where TTile : struct, ITile => 32 * (TTile.Rows / TTile.WarpRows) * (TTile.Columns / TTile.WarpColumns);

    /// <summary>First row of the thread's warp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int FirstRow<TTile>(int thread)
        where TTile : struct, ITile => thread / 32 / (TTile.Columns / TTile.WarpColumns) * TTile.WarpRows;

    /// <summary>First column of the thread's warp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int FirstColumn<TTile>(int thread)
        where TTile : struct, ITile => thread / 32 % (TTile.Columns / TTile.WarpColumns) * TTile.WarpColumns;

    /// <summary>
    /// Adds the products of a slice to the sums, an instruction's steps along K at a time: all right sides of the warp first, then a left side with each of
    /// them.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Multiply<TProduct, TTile, TLeft, TRight>(ArrayView<float> a, ArrayView<float> b, Float4[] sums, int thread)
        where TProduct : struct, IWarpProduct
        where TTile : struct, ITile
        where TLeft : struct, ITileSource<TLeft>
        where TRight : struct, ITileSource<TRight>
    {
        int row = FirstRow<TTile>(thread);
        int column = FirstColumn<TTile>(thread);
        for (int k = 0; k < Tile.Depth; k += TProduct.Depth)
        {
            RightFragment[] right = new RightFragment[TTile.WarpColumns / 8];
            for (int j = 0; j < TTile.WarpColumns / 16; j++)
            {
                LeftFragment pair = TProduct.Right<TRight>(b, column + (16 * j), k, TTile.Columns, thread & 31);
                right[2 * j] = new RightFragment { X = pair.X, Y = pair.Y };
                right[(2 * j) + 1] = new RightFragment { X = pair.Z, Y = pair.W };
            }

            for (int i = 0; i < TTile.WarpRows / 16; i++)
            {
                LeftFragment left = TProduct.Left<TLeft>(a, row + (16 * i), k, TTile.Rows, thread & 31);
                for (int j = 0; j < TTile.WarpColumns / 8; j++)
                {
                    int at = (i * (TTile.WarpColumns / 8)) + j;
                    sums[at] = TProduct.Add(left, right[j], sums[at]);
                }
            }
        }
    }

    /// <summary>Writes the sums to the tile.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Spill<TTile>(ArrayView<float> result, Float4[] sums, int thread)
        where TTile : struct, ITile
    {
        int pitch = Tile.ResultPitch<TTile>();
        int lane = thread & 31;
        int at = ((FirstRow<TTile>(thread) + (lane >> 2)) * pitch) + FirstColumn<TTile>(thread) + (2 * (lane & 3));
        for (int i = 0; i < TTile.WarpRows / 16; i++)
        {
            for (int j = 0; j < TTile.WarpColumns / 8; j++)
            {
                Float4 sum = sums[(i * (TTile.WarpColumns / 8)) + j];
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
