using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Intrinsics;
using ILGPU;

namespace HeteroAKD.Kernels.Attention.Device;

/// <summary>One matrix of a tile of tokens in <see cref="WarpOrder"/>, as lane 4 g + t of a warp reads it: as right side of both kinds of product.</summary>
internal readonly struct WarpTile<THead>
    where THead : struct, IHeadSize
{
    // Views that begin at the thread's own place: what is added to it is a constant, which loads have room for.
    private readonly ArrayView<Float4> _evenLines; // from piece t of row g on
    private readonly ArrayView<Float4> _oddLines; // from piece t + 4 on
    private readonly ArrayView<Float4> _evenTokens; // from piece g of row 2 t on
    private readonly ArrayView<Float4> _oddTokens; // of row 2 t + 1

    /// <summary>Binds the matrix.</summary>
    /// <param name="shared">Shared memory of the block.</param>
    /// <param name="start">Where the matrix begins in it.</param>
    /// <param name="thread">The thread.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public WarpTile(ArrayView<float> shared, int start, int thread)
    {
        int g = (thread & 31) >> 2;
        int t = thread & 3;
        int pitch = THead.Size / 4;
        ArrayView<Float4> pieces = shared.Cast<Float4>();
        int line = (start >> 2) + (g * pitch);
        int token = (start >> 2) + (2 * t * pitch);
        _evenLines = pieces.SubView(line + (t ^ WarpOrder.Shift(g)));
        _oddLines = pieces.SubView(line + ((t + 4) ^ WarpOrder.Shift(g)));
        _evenTokens = pieces.SubView(token + (g ^ WarpOrder.Shift(2 * t)));
        _oddTokens = pieces.SubView(token + pitch + (g ^ WarpOrder.Shift((2 * t) + 1)));
    }

    /// <summary>Left side times this matrix transposed: sum + left [16, Size] · rows 8 <paramref name="group"/> … + 7.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Float4 AddLines<TFragments>(LeftPiece[] left, int group, Float4 sum)
        where TFragments : struct, IFragments
    {
        Float4 result = sum;
        for (int i = 0; i < THead.Size / 16; i++)
        {
            result = TFragments.AddLines(left[i], Line(group, i), result);
        }

        return result;
    }

    /// <summary>
    /// Left side times this matrix: sums += left [16, 16] · rows 16 <paramref name="group"/> … + 15. Sum 4 b + c has the columns 32 b + 4 n + c, n = 0 … 7, so
    /// that a thread reads four sums' columns at once and has eight neighbouring ones at the end.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddTokens<TFragments>(LeftPiece left, int group, Float4[] sums)
        where TFragments : struct, IFragments
    {
        for (int i = 0; i < THead.Size / 32; i++)
        {
            Float4 a = Token(2 * group, 0, i);
            Float4 b = Token(2 * group, 1, i);
            Float4 c = Token((2 * group) + 1, 0, i);
            Float4 d = Token((2 * group) + 1, 1, i);
            sums[4 * i] = TFragments.AddTokens(left, a.X, b.X, c.X, d.X, sums[4 * i]);
            sums[(4 * i) + 1] = TFragments.AddTokens(left, a.Y, b.Y, c.Y, d.Y, sums[(4 * i) + 1]);
            sums[(4 * i) + 2] = TFragments.AddTokens(left, a.Z, b.Z, c.Z, d.Z, sums[(4 * i) + 2]);
            sums[(4 * i) + 3] = TFragments.AddTokens(left, a.W, b.W, c.W, d.W, sums[(4 * i) + 3]);
        }
    }

    // Columns 16 piece + 4 t … of row 8 group + g. The order depends on g alone and changes a piece's number below 8 only.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Float4 Line(int group, int piece)
    {
        int at = (2 * THead.Size * group) + (piece / 2 * 8);
        return piece % 2 == 0 ? _evenLines[at] : _oddLines[at];
    }

    // Columns 32 part + 4 g … of row 8 group + 2 t + odd.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Float4 Token(int group, int odd, int part)
    {
        int at = (2 * THead.Size * group) + (8 * part);
        return odd == 0 ? _evenTokens[at] : _oddTokens[at];
    }
}
