using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Intrinsics;
using ILGPU;

namespace HeteroAKD.Kernels.Tiles;

/// <summary>
/// Which pieces of a slice a thread brings to shared memory through registers, where its source reads single bf16 numbers: neighbouring threads have
/// neighbouring lines, which are neighbours in global memory, and a thread some successive pieces of one line, since a piece is the least that is worth a
/// write.
/// </summary>
internal static class HeldPieces
{
    /// <summary>The thread's line.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Line(int thread, int lines, int threads) => (thread & 31) + ((thread >> 5) / (threads / lines) * 32);

    /// <summary>The first of the thread's pieces.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int First(int thread, int lines, int threads) => (thread >> 5) % (threads / lines) * Count(lines, threads);

    /// <summary>How many pieces a thread has: two or four.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Count(int lines, int threads) => lines * (Tile.Depth / 4) / threads;

    /// <summary>Starts to read a bf16 number; its bits, or those of zero where the index is negative.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Read(ArrayView<float> memory, int index)
    {
        // A branch, which becomes a condition of the read: a selection afterwards would wait for it.
        uint bits = 0u;
        if (index >= 0)
        {
            bits = memory.Cast<ushort>()[index];
        }

        return bits;
    }

    /// <summary>Piece <paramref name="i"/> of what is held.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Bf16x4 Piece(uint[] held, int i) => new()
    {
        Low = LooseNarrowPieces.Pair(held[4 * i], held[(4 * i) + 1]),
        High = LooseNarrowPieces.Pair(held[(4 * i) + 2], held[(4 * i) + 3]),
    };

    /// <summary>
    /// Writes the thread's pieces to the slice. The 16 threads that write at a time have 16 lines, whose pieces the order of the slice spreads over all banks.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(ArrayView<float> slice, int thread, int lines, int threads, uint[] held)
    {
        int line = Line(thread, lines, threads);
        int first = First(thread, lines, threads);
        for (int i = 0; i < Count(lines, threads); i++)
        {
            slice.Cast<Bf16x4>()[Slice.AlongDepth<Bf16Element>(line, first + i) >> 2] = Piece(held, i);
        }
    }
}
