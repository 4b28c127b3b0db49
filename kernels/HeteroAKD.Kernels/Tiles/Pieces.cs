using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Intrinsics;
using HeteroAKD.Kernels.Lanes;
using ILGPU;

namespace HeteroAKD.Kernels.Tiles;

/// <summary>Copies of pieces of four elements from global to shared memory.</summary>
internal static class Pieces
{
    /// <summary>
    /// Starts to copy the first <paramref name="inside"/> elements of a piece; the others become zero. A piece of bf16 numbers that is not <paramref name="whole"/> is
    /// copied at once: asynchronous copies move 4 bytes at least, and matrices without alignment are rare.
    /// </summary>
    /// <param name="slice">Shared memory.</param>
    /// <param name="to">Elements before the piece, a multiple of 4.</param>
    /// <param name="memory">Global memory.</param>
    /// <param name="from">Where in it.</param>
    /// <param name="inside">0 to 4.</param>
    /// <param name="whole">1 where pieces begin at multiples of their size, so that one copy moves them.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Copy<TElement>(ArrayView<float> slice, int to, ArrayView<float> memory, int from, int inside, int whole)
        where TElement : struct, IElement
    {
        if (!TElement.Narrow)
        {
            Copy(slice, to, memory, from, inside, whole);
        }
        else if (whole != 0)
        {
            AsyncCopy.Copy8(ref slice.Cast<Bf16x4>()[to >> 2], ref memory.Cast<Bf16x4>()[from >> 2], inside << 1);
        }
        else
        {
            ArrayView<ushort> numbers = memory.Cast<ushort>();
            slice.Cast<Bf16x4>()[to >> 2] = new Bf16x4
            {
                Low = Pair(Number(numbers, from, inside > 0), Number(numbers, from + 1, inside > 1)),
                High = Pair(Number(numbers, from + 2, inside > 2), Number(numbers, from + 3, inside > 3)),
            };
        }
    }

    /// <summary>As <see cref="Copy{TElement}"/>, floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Copy(ArrayView<float> slice, int to, ArrayView<float> memory, int from, int inside, int whole)
    {
        if (whole != 0)
        {
            AsyncCopy.Copy16(ref slice.Cast<Float4>()[to >> 2], ref memory.Cast<Float4>()[from >> 2], inside << 2);
        }
        else
        {
            AsyncCopy.Copy4(ref slice[to], ref memory[from], inside > 0 ? 4 : 0);
            AsyncCopy.Copy4(ref slice[to + 1], ref memory[from + (inside > 1 ? 1 : 0)], inside > 1 ? 4 : 0);
            AsyncCopy.Copy4(ref slice[to + 2], ref memory[from + (inside > 2 ? 2 : 0)], inside > 2 ? 4 : 0);
            AsyncCopy.Copy4(ref slice[to + 3], ref memory[from + (inside > 3 ? 3 : 0)], inside > 3 ? 4 : 0);
        }
    }

    /// <summary>The bits of a bf16 number, or of zero where it does not lie <paramref name="inside"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Number(ArrayView<ushort> memory, int index, bool inside)
    {
        // Read in any case, so that there is no branch to wait behind.
        uint bits = memory[inside ? index : 0];
        return inside ? bits : 0u;
    }

    /// <summary>Two bf16 numbers in a word.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Pair(uint low, uint high) => low | (high << 16);
}

/// <summary>Asks, before a launch, whether accesses to four elements at once are possible.</summary>
internal static class Alignment
{
    /// <summary>1 where the memory's start and all given numbers of elements are multiples of four elements, else 0.</summary>
    public static int IsWhole(Mem memory, int a, int b, int c) => memory.IsAligned && ((a | b | c) & 3) == 0 ? 1 : 0;
}
