using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Intrinsics;
using ILGPU;

namespace HeteroAKD.Kernels.Tiles;

/// <summary>
/// Floats, each thread 8 x 8 elements by fused multiply-adds: the exact default, and what devices without tensor cores do. A thread's lines are two runs of
/// four neighbours where slices lie across K, and spread over the tile where they lie along K: so that neighbouring threads read neighbouring pieces.
/// </summary>
public readonly struct Fp32Math : ITileMath
{
    private const int Side = 8;

    /// <inheritdoc/>
    public static int Threads<TTile>()
        where TTile : struct, ITile => TTile.Rows * TTile.Columns / (Side * Side);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Multiply<TTile, TLeft, TRight>(ArrayView<float> a, ArrayView<float> b, Float4[] sums, int thread)
        where TTile : struct, ITile
        where TLeft : struct, ITileSource<TLeft>
        where TRight : struct, ITileSource<TRight>
    {
        int ty = thread / (TTile.Columns / Side);
        int tx = thread % (TTile.Columns / Side);
        for (int piece = 0; piece < Tile.Depth / 4; piece++)
        {
            Float4[] left = new Float4[Side];
            for (int i = 0; i < Side; i++)
            {
                left[i] = Piece<TLeft>(a, ty, i, piece, TTile.Rows);
            }

            Float4[] right = new Float4[Side];
            for (int j = 0; j < Side; j++)
            {
                right[j] = Piece<TRight>(b, tx, j, piece, TTile.Columns);
            }

            for (int k = 0; k < 4; k++)
            {
                for (int i = 0; i < Side; i++)
                {
                    float x = Element<TLeft>(left, i, k);
                    sums[2 * i] = Add(
                        x, Element<TRight>(right, 0, k), Element<TRight>(right, 1, k), Element<TRight>(right, 2, k), Element<TRight>(right, 3, k), sums[2 * i]);
                    sums[(2 * i) + 1] = Add(
                        x,
                        Element<TRight>(right, 4, k),
                        Element<TRight>(right, 5, k),
                        Element<TRight>(right, 6, k),
                        Element<TRight>(right, 7, k),
                        sums[(2 * i) + 1]);
                }
            }
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Spill<TTile, TLeft, TRight>(ArrayView<float> result, Float4[] sums, int thread)
        where TTile : struct, ITile
        where TLeft : struct, ITileSource<TLeft>
        where TRight : struct, ITileSource<TRight>
    {
        int ty = thread / (TTile.Columns / Side);
        int tx = thread % (TTile.Columns / Side);
        for (int i = 0; i < Side; i++)
        {
            int row = Line<TLeft>(ty, i, TTile.Rows) * Tile.ResultPitch<TTile>();
            for (int h = 0; h < 2; h++)
            {
                Float4 sum = sums[(2 * i) + h];
                result[row + Line<TRight>(tx, 4 * h, TTile.Columns)] = sum.X;
                result[row + Line<TRight>(tx, (4 * h) + 1, TTile.Columns)] = sum.Y;
                result[row + Line<TRight>(tx, (4 * h) + 2, TTile.Columns)] = sum.Z;
                result[row + Line<TRight>(tx, (4 * h) + 3, TTile.Columns)] = sum.W;
            }
        }
    }

    // The thread's line number i of 8.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Line<TSource>(int place, int i, int lines)
        where TSource : struct, ITileSource<TSource>
        => TSource.AlongDepth ? place + (i * (lines / Side)) : (4 * place) + (i & 3) + ((i >> 2) * (lines / 2));

    // Along K: the four steps of line i. Across: for step i / 2 four lines, the first or the second run.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Float4 Piece<TSource>(ArrayView<float> slice, int place, int i, int piece, int lines)
        where TSource : struct, ITileSource<TSource>
        => TSource.AlongDepth
            ? slice.Cast<Float4>()[Slice.AlongDepth(Line<TSource>(place, i, lines), piece) >> 2]
            : Slice.Lines(slice, (4 * piece) + (i >> 1), place + ((i & 1) * (lines / 8)), lines);

    // Line i at step k of the pieces.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Element<TSource>(Float4[] pieces, int i, int k)
        where TSource : struct, ITileSource<TSource>
        => TSource.AlongDepth ? Component(pieces[i], k) : Component(pieces[(2 * k) + (i >> 2)], i & 3);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Component(Float4 v, int index) => index == 0 ? v.X : index == 1 ? v.Y : index == 2 ? v.Z : v.W;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Float4 Add(float x, float y0, float y1, float y2, float y3, Float4 sum) => new()
    {
        X = MathF.FusedMultiplyAdd(x, y0, sum.X),
        Y = MathF.FusedMultiplyAdd(x, y1, sum.Y),
        Z = MathF.FusedMultiplyAdd(x, y2, sum.Z),
        W = MathF.FusedMultiplyAdd(x, y3, sum.W),
    };
}
