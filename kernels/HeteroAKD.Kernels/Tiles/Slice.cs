using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Intrinsics;
using ILGPU;

namespace HeteroAKD.Kernels.Tiles;

/// <summary>
/// The order of a slice in shared memory: 16 steps along K by 64 or 128 lines, in pieces of four elements, which is what a copy moves. Pieces are shifted
/// (exclusive or) so that the threads of a warp that read at the same time find their pieces in different banks, without any padding.
/// </summary>
/// <remarks>
/// On banks where elements are bf16 numbers, a piece is 8 bytes and 16 threads are served at a time, by 128 bytes of banks:
/// along K, a fragment is read by four lines (the first a multiple of 4) times four pieces, which are 128 aligned bytes in some order; a copy writes the same. Sources
/// that write from registers write one piece of 16 successive lines: lines repeat their banks after four, and the shift by line / 4 gives each four of
/// them another place. Across K, all steps begin at bank 0. A copy writes 16 pieces of a step, 128 bytes in some order. A fragment is read number by number, by a warp at
/// once: at each of its four steps 8 lines, which are two pieces side by side, and the shift by twice the piece of K gives each of the four pieces of K two others. No
/// access has a conflict.
/// </remarks>
internal static class Slice
{
    /// <summary>Floats before piece <paramref name="piece"/> (steps 4 piece … + 3) of a line, where pieces lie along K: lines have 16 floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int AlongDepth(int line, int piece) => (line * Tile.Depth) + ((piece ^ ((line >> 1) & 3)) << 2);

    /// <summary>As <see cref="AlongDepth"/>, in bf16 numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int NarrowAlongDepth(int line, int piece) => (line * Tile.Depth) + ((piece ^ ((line >> 2) & 3)) << 2);

    /// <summary>Where a copy puts a piece along K.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int AlongDepth<TElement>(int line, int piece)
        where TElement : struct, IElement => TElement.Narrow ? NarrowAlongDepth(line, piece) : AlongDepth(line, piece);

    /// <summary>Elements before lines 4 piece … + 3 of step <paramref name="k"/>, where pieces lie along the lines.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int AcrossDepth(int k, int piece, int lines) => (k * lines) + ((piece ^ ((k >> 1) & 6)) << 2);

    /// <summary>Steps 4 piece … + 3 of a line of floats, in either order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float4 Steps<TSource>(ArrayView<float> slice, int line, int piece, int lines)
        where TSource : struct, ITileSource<TSource>
    {
        if (TSource.AlongDepth)
        {
            return slice.Cast<Float4>()[AlongDepth(line, piece) >> 2];
        }

        // The shift is the same for the four steps of a piece.
        int at = AcrossDepth(4 * piece, line >> 2, lines) + (line & 3);
        return new Float4 { X = slice[at], Y = slice[at + lines], Z = slice[at + (2 * lines)], W = slice[at + (3 * lines)] };
    }

    /// <summary>Steps 4 piece … + 3 of a line as bf16 numbers: as they are, or rounded from floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Bf16x4 NarrowSteps<TSource>(ArrayView<float> slice, int line, int piece, int lines)
        where TSource : struct, ITileSource<TSource>
    {
        if (!TSource.Narrow)
        {
            Float4 steps = Steps<TSource>(slice, line, piece, lines);
            return new Bf16x4 { Low = TensorCore.PackBf16(steps.X, steps.Y), High = TensorCore.PackBf16(steps.Z, steps.W) };
        }

        if (TSource.AlongDepth)
        {
            return slice.Cast<Bf16x4>()[NarrowAlongDepth(line, piece) >> 2];
        }

        ArrayView<ushort> numbers = slice.Cast<ushort>();
        int at = AcrossDepth(4 * piece, line >> 2, lines) + (line & 3);
        return new Bf16x4
        {
            Low = Pieces.Pair(numbers[at], numbers[at + lines]),
            High = Pieces.Pair(numbers[at + (2 * lines)], numbers[at + (3 * lines)]),
        };
    }

    /// <summary>Lines 4 quad … + 3 of step <paramref name="k"/> of floats, where pieces lie along the lines.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float4 Lines(ArrayView<float> slice, int k, int quad, int lines) => slice.Cast<Float4>()[AcrossDepth(k, quad, lines) >> 2];
}
