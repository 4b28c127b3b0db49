using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Intrinsics;
using ILGPU;

namespace HeteroAKD.Kernels.Tiles;

/// <summary>Pieces of bf16 numbers that begin at multiples of 8 bytes.</summary>
public readonly struct WholeNarrowPieces : IPieces
{
    /// <inheritdoc/>
    public static bool Narrow => true;

    /// <inheritdoc/>
    public static bool AreWhole => true;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Copy(ArrayView<float> slice, int to, ArrayView<float> memory, int from) =>
        AsyncCopy.Copy8(ref slice.Cast<Bf16x4>()[to >> 2], ref memory.Cast<Bf16x4>()[from >> 2]);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Copy(ArrayView<float> slice, int to, ArrayView<float> memory, int from, int inside) =>
        AsyncCopy.CopyPart8(ref slice.Cast<Bf16x4>()[to >> 2], ref memory.Cast<Bf16x4>()[from >> 2], inside << 1);
}

/// <summary>
/// Pieces of bf16 numbers that begin anywhere. They are copied synchronously, since an asynchronous copy moves at least 4 bytes. The multiplication waits for
/// the copy, but such matrices are rare.
/// </summary>
public readonly struct LooseNarrowPieces : IPieces
{
    /// <inheritdoc/>
    public static bool Narrow => true;

    /// <inheritdoc/>
    public static bool AreWhole => false;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Copy(ArrayView<float> slice, int to, ArrayView<float> memory, int from) => Copy(slice, to, memory, from, 4);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Copy(ArrayView<float> slice, int to, ArrayView<float> memory, int from, int inside)
    {
        ArrayView<ushort> numbers = memory.Cast<ushort>();
        slice.Cast<Bf16x4>()[to >> 2] = new Bf16x4
        {
            Low = Pair(Number(numbers, from, inside > 0), Number(numbers, from + 1, inside > 1)),
            High = Pair(Number(numbers, from + 2, inside > 2), Number(numbers, from + 3, inside > 3)),
        };
    }

    /// <summary>The bits of a bf16 number, or of zero where it does not lie <paramref name="inside"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static uint Number(ArrayView<ushort> memory, int index, bool inside)
    {
        // Read in any case, so that there is no branch to wait behind.
        uint bits = memory[inside ? index : 0];
        return inside ? bits : 0u;
    }

    /// <summary>Two bf16 numbers in a word.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static uint Pair(uint low, uint high) => low | (high << 16);
}
