using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Intrinsics;
using HeteroAKD.Kernels.Lanes;
using ILGPU;

namespace HeteroAKD.Kernels.Attention.Device;

/// <summary>The 16 rows of one head that a warp keeps: lane 4 g + t has a part of rows g and g + 8.</summary>
public static class WarpRows
{
    /// <summary>Rows of a warp.</summary>
    public const int Count = 16;

    /// <summary>Threads of a block: four warps.</summary>
    public const int Threads = 128;

    /// <summary>Rows of a block.</summary>
    public const int BlockCount = Threads / 32 * Count;

    /// <summary>The logarithm of e to base 2.</summary>
    public const float LogE = 1.44269504f;

    /// <summary>Row g of the thread's warp within its block; the other one is 8 further.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Row(int thread) => (thread / 32 * Count) + ((thread & 31) >> 2);

    /// <summary>Blocks for a number of rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Blocks(int rows) => (rows + BlockCount - 1) / BlockCount;

    /// <summary>Reads the rows at two places as left side.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load<THead, TFragments>(Mem memory, int top, int bottom, int columns, int whole, int thread, LeftPiece[] pieces)
        where THead : struct, IHeadSize
        where TFragments : struct, IFragments
    {
        for (int i = 0; i < THead.Size / 16; i++)
        {
            int column = (16 * i) + (4 * (thread & 3));
            pieces[i] = TFragments.Rows(HeadRow.LoadQuad(memory, top, column, columns, whole), HeadRow.LoadQuad(memory, bottom, column, columns, whole));
        }
    }

    /// <summary>Writes the upper row's part of the sums of <see cref="WarpTile{THead}.AddTokens"/>, times a factor.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreTop<THead>(Mem memory, int start, int columns, int whole, int thread, Float4[] sums, float factor)
        where THead : struct, IHeadSize
    {
        for (int i = 0; i < THead.Size / 32; i++)
        {
            int column = (32 * i) + (8 * (thread & 3));
            HeadRow.StoreQuad(
                memory, start, column, columns, whole, Quad(factor, sums[4 * i].X, sums[(4 * i) + 1].X, sums[(4 * i) + 2].X, sums[(4 * i) + 3].X));
            HeadRow.StoreQuad(
                memory, start, column + 4, columns, whole, Quad(factor, sums[4 * i].Y, sums[(4 * i) + 1].Y, sums[(4 * i) + 2].Y, sums[(4 * i) + 3].Y));
        }
    }

    /// <summary>Writes the lower row's part.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreBottom<THead>(Mem memory, int start, int columns, int whole, int thread, Float4[] sums, float factor)
        where THead : struct, IHeadSize
    {
        for (int i = 0; i < THead.Size / 32; i++)
        {
            int column = (32 * i) + (8 * (thread & 3));
            HeadRow.StoreQuad(
                memory, start, column, columns, whole, Quad(factor, sums[4 * i].Z, sums[(4 * i) + 1].Z, sums[(4 * i) + 2].Z, sums[(4 * i) + 3].Z));
            HeadRow.StoreQuad(
                memory, start, column + 4, columns, whole, Quad(factor, sums[4 * i].W, sums[(4 * i) + 1].W, sums[(4 * i) + 2].W, sums[(4 * i) + 3].W));
        }
    }

    /// <summary>The dot product of one row in two memories, in floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Dot<THead>(Mem a, Mem b, int start, int columns, int whole, int thread)
        where THead : struct, IHeadSize
    {
        Float4 sum = default;
        for (int i = 0; i < THead.Size / 16; i++)
        {
            int column = (16 * i) + (4 * (thread & 3));
            sum = HeadRow.Multiply(HeadRow.LoadQuad(a, start, column, columns, whole), HeadRow.LoadQuad(b, start, column, columns, whole), sum);
        }

        return Sum(HeadRow.Sum(sum));
    }

    /// <summary>Scores of a thread, those of keys from <paramref name="keys"/> on made -∞.</summary>
    /// <param name="key">The key of the first and third score; the others belong to the next key.</param>
    /// <param name="keys">Keys.</param>
    /// <param name="scores">Of rows g and g + 8.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float4 KeepBefore(int key, int keys, Float4 scores) => new()
    {
        X = key < keys ? scores.X : float.NegativeInfinity,
        Y = key + 1 < keys ? scores.Y : float.NegativeInfinity,
        Z = key < keys ? scores.Z : float.NegativeInfinity,
        W = key + 1 < keys ? scores.W : float.NegativeInfinity,
    };

    /// <summary>2^(factor · score + shift), with a shift for each row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float4 Exp(Float4 scores, float factor, float top, float bottom) => new()
    {
        X = Exp(scores.X, factor, top),
        Y = Exp(scores.Y, factor, top),
        Z = Exp(scores.Z, factor, bottom),
        W = Exp(scores.W, factor, bottom),
    };

    /// <summary>2^(factor · score + shift), with a shift for each column.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float4 ExpTransposed(Float4 scores, float factor, float left, float right) => new()
    {
        X = Exp(scores.X, factor, left),
        Y = Exp(scores.Y, factor, right),
        Z = Exp(scores.Z, factor, left),
        W = Exp(scores.W, factor, right),
    };

    /// <summary>The sum over the four lanes that share a row; all of them get the same bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(float part)
    {
        float pair = part + Warp.ShuffleXor(part, 1);
        return pair + Warp.ShuffleXor(pair, 2);
    }

    /// <summary>The largest of the four lanes that share a row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Max(float part)
    {
        float pair = Larger(part, Warp.ShuffleXor(part, 1));
        return Larger(pair, Warp.ShuffleXor(pair, 2));
    }

    /// <summary>The larger of two, by one instruction. On the card it drops a NaN, but the exponential of the NaN score is NaN again.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Larger(float a, float b) => MathF.Max(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Exp(float score, float factor, float shift) => FastMath.Exp2(MathF.FusedMultiplyAdd(score, factor, shift));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Float4 Quad(float factor, float x, float y, float z, float w) => new() { X = factor * x, Y = factor * y, Z = factor * z, W = factor * w };
}
