using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Intrinsics;
using HeteroAKD.Kernels.Lanes;
using ILGPU;

namespace HeteroAKD.Kernels.Tiles;

/// <summary>Copies of pieces of four floats from global to shared memory.</summary>
internal static class Pieces
{
    /// <summary>Starts to copy the first <paramref name="inside"/> floats of a piece; the others become zero.</summary>
    /// <param name="slice">Shared memory.</param>
    /// <param name="to">Where in it, a multiple of 4.</param>
    /// <param name="memory">Global memory.</param>
    /// <param name="from">Where in it.</param>
    /// <param name="inside">0 to 4.</param>
    /// <param name="whole">1 where pieces begin at multiples of 16 bytes, so that one copy moves them.</param>
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
}

/// <summary>Asks, before a launch, whether accesses of 16 bytes are possible.</summary>
internal static class Alignment
{
    /// <summary>1 where the memory's start and all given numbers of elements are multiples of 16 bytes, else 0.</summary>
    public static int IsWhole(Mem memory, int a, int b, int c) => memory.IsAligned && ((a | b | c) & 3) == 0 ? 1 : 0;
}
