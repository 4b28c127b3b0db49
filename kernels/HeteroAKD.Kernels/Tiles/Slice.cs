using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Intrinsics;
using ILGPU;

namespace HeteroAKD.Kernels.Tiles;

/// <summary>
/// The order of a slice in shared memory: 16 steps along K by 64 or 128 lines, in pieces of four elements, which is what a copy moves. Pieces are shifted
/// (exclusive or) so that the threads of a warp that read at the same time find their pieces in different banks, without any padding.
/// </summary>
/// <remarks>
/// With bf16 numbers a piece is 8 bytes, and 16 threads are served at a time by 128 bytes of banks. Along K a fragment is read from four lines (the first a
/// multiple of 4) times four pieces, which are 128 aligned bytes in some order; a copy writes the same. What comes through registers is written as one piece of
/// 16 successive lines: lines repeat their banks after four, and the shift by line / 4 gives each four of them another place. Across K every step begins at
/// bank 0. A copy writes 16 pieces of a step, 128 bytes in some order. A matrix that is loaded has 8 rows of two pieces, one a step, from the steps 0, 1, 4, 5,
/// 8, 9, 12, 13 or those two further: the shift gives each of the 8 another pair of pieces. No access has a conflict.
/// </remarks>
internal static class Slice
{
    /// <summary>Floats before piece <paramref name="piece"/> (steps 4 piece … + 3) of a line, where pieces lie along K: lines have 16 floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int AlongDepth(int line, int piece) => (line * Tile.Depth) + ((piece ^ ((line >> 1) & 3)) << 2);

    /// <summary>As <see cref="AlongDepth(int, int)"/>, in elements of any type.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int AlongDepth<TElement>(int line, int piece)
        where TElement : struct, IElement => TElement.Narrow ? (line * Tile.Depth) + ((piece ^ ((line >> 2) & 3)) << 2) : AlongDepth(line, piece);

    /// <summary>
    /// Floats before lines 4 piece … + 3 of step <paramref name="k"/>, where pieces lie along the lines. The shift differs in steps 0 … 3 and in steps 0, 4, 8,
    /// 12.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int AcrossDepth(int k, int piece, int lines) => (k * lines) + ((piece ^ (((k ^ (k >> 2)) & 3) << 1)) << 2);

    /// <summary>As <see cref="AcrossDepth(int, int, int)"/>, in elements of any type.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int AcrossDepth<TElement>(int k, int piece, int lines)
        where TElement : struct, IElement => TElement.Narrow ? (k * lines) + ((piece ^ ((k & 1) << 1) ^ (k & 12)) << 2) : AcrossDepth(k, piece, lines);

    /// <summary>One float, where pieces lie along the lines.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Across(ArrayView<float> slice, int k, int line, int lines) => slice[AcrossDepth(k, line >> 2, lines) + (line & 3)];

    /// <summary>Steps 4 piece … + 3 of a line of floats, in either order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float4 Steps<TSource>(ArrayView<float> slice, int line, int piece, int lines)
        where TSource : struct, ITileSource<TSource> => TSource.AlongDepth
        ? slice.Cast<Float4>()[AlongDepth(line, piece) >> 2]
        : new Float4
        {
            X = Across(slice, 4 * piece, line, lines),
            Y = Across(slice, (4 * piece) + 1, line, lines),
            Z = Across(slice, (4 * piece) + 2, line, lines),
            W = Across(slice, (4 * piece) + 3, line, lines),
        };

    /// <summary>Lines 4 quad … + 3 of step <paramref name="k"/> of floats, where pieces lie along the lines.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float4 Lines(ArrayView<float> slice, int k, int quad, int lines) => slice.Cast<Float4>()[AcrossDepth(k, quad, lines) >> 2];
}
