using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;

namespace HeteroAKD.Kernels.Pixelwise;

/// <summary>
/// How the second operand of a binary kernel lies against the first, which is [rows, columns]. For [N, C, H, W] a row is a plane: row = n·C + c, columns = H·W.
/// </summary>
public interface IBroadcast
{
    /// <summary>
    /// The operand for the first <paramref name="count"/> elements from (row, column) on; the others are 1, so that dividing by them is harmless.
    /// </summary>
    static abstract TLane Load<TLane>(Mem operand, int row, int column, int count, int columns, int channels)
        where TLane : unmanaged, ILane<TLane>;

    /// <summary>Whether the operand is read a whole lane at a time.</summary>
    static abstract bool LoadsLanes { get; }

    /// <summary>The index of the operand's element for (row, column): the specification.</summary>
    static abstract int Index(int row, int column, int columns, int channels);
}

/// <summary>[rows, columns]: one element each.</summary>
public readonly struct SameShape : IBroadcast
{
    /// <inheritdoc/>
    public static bool LoadsLanes => true;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Load<TLane>(Mem operand, int row, int column, int count, int columns, int channels)
        where TLane : unmanaged, ILane<TLane> => TLane.LoadPart(operand, (row * columns) + column, count, TLane.Splat(1f));

    /// <inheritdoc/>
    public static int Index(int row, int column, int columns, int channels) => (row * columns) + column;
}

/// <summary>[C]: one number a plane of [N, C, H·W].</summary>
public readonly struct PerChannel : IBroadcast
{
    /// <inheritdoc/>
    public static bool LoadsLanes => false;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Load<TLane>(Mem operand, int row, int column, int count, int columns, int channels)
        where TLane : unmanaged, ILane<TLane> => TLane.LoadSplat(operand, row % channels);

    /// <inheritdoc/>
    public static int Index(int row, int column, int columns, int channels) => row % channels;
}

/// <summary>[columns]: the same vector in every row.</summary>
public readonly struct PerColumn : IBroadcast
{
    /// <inheritdoc/>
    public static bool LoadsLanes => true;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Load<TLane>(Mem operand, int row, int column, int count, int columns, int channels)
        where TLane : unmanaged, ILane<TLane> => TLane.LoadPart(operand, column, count, TLane.Splat(1f));

    /// <inheritdoc/>
    public static int Index(int row, int column, int columns, int channels) => column;
}

/// <summary>[1]: one number for all; it lives in memory, so it may be the result of another kernel (the upstream gradient of a loss).</summary>
public readonly struct Scalar : IBroadcast
{
    /// <inheritdoc/>
    public static bool LoadsLanes => false;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Load<TLane>(Mem operand, int row, int column, int count, int columns, int channels)
        where TLane : unmanaged, ILane<TLane> => TLane.LoadSplat(operand, 0);

    /// <inheritdoc/>
    public static int Index(int row, int column, int columns, int channels) => 0;
}
