using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Intrinsics;
using HeteroAKD.Kernels.Lanes;
using ILGPU;

namespace HeteroAKD.Kernels.Tiles;

/// <summary>How pieces of four floats are copied from global to shared memory.</summary>
public interface IPieces
{
    /// <summary>Whether every piece begins at a multiple of 16 bytes, so that one copy moves it.</summary>
    static abstract bool AreWhole { get; }

    /// <summary>Starts to copy a piece of which the first <paramref name="inside"/> floats exist; the others become zero.</summary>
    /// <param name="slice">Shared memory.</param>
    /// <param name="to">Where in it, a multiple of 4.</param>
    /// <param name="memory">Global memory.</param>
    /// <param name="from">Where in it.</param>
    /// <param name="inside">0 to 4.</param>
    static abstract void Copy(ArrayView<float> slice, int to, ArrayView<float> memory, int from, int inside);
}

/// <summary>Pieces that begin at multiples of 16 bytes.</summary>
public readonly struct WholePieces : IPieces
{
    /// <inheritdoc/>
    public static bool AreWhole => true;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Copy(ArrayView<float> slice, int to, ArrayView<float> memory, int from, int inside) =>
        AsyncCopy.CopyPart16(ref slice.Cast<Float4>()[to >> 2], ref memory.Cast<Float4>()[from >> 2], inside << 2);

    /// <summary>Starts to copy a piece of which all exists.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Copy(ArrayView<float> slice, int to, ArrayView<float> memory, int from) =>
        AsyncCopy.Copy16(ref slice.Cast<Float4>()[to >> 2], ref memory.Cast<Float4>()[from >> 2]);
}

/// <summary>Pieces that begin anywhere: a copy a float.</summary>
public readonly struct LoosePieces : IPieces
{
    /// <inheritdoc/>
    public static bool AreWhole => false;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Copy(ArrayView<float> slice, int to, ArrayView<float> memory, int from, int inside)
    {
        AsyncCopy.Copy4(ref slice[to], ref memory[from], inside > 0 ? 4 : 0);
        AsyncCopy.Copy4(ref slice[to + 1], ref memory[from + (inside > 1 ? 1 : 0)], inside > 1 ? 4 : 0);
        AsyncCopy.Copy4(ref slice[to + 2], ref memory[from + (inside > 2 ? 2 : 0)], inside > 2 ? 4 : 0);
        AsyncCopy.Copy4(ref slice[to + 3], ref memory[from + (inside > 3 ? 3 : 0)], inside > 3 ? 4 : 0);
    }
}

/// <summary>Asks, before a launch, whether accesses of 16 bytes are possible.</summary>
public static class Alignment
{
    /// <summary>1 where the memory's start and all given numbers of elements are multiples of 16 bytes, else 0.</summary>
    public static int IsWhole(Mem memory, int a, int b, int c) => memory.IsAligned && ((a | b | c) & 3) == 0 ? 1 : 0;
}
