using System.Runtime.CompilerServices;

namespace HeteroAKD.Kernels.Attention.Device;

/// <summary>The order of a token's pieces of four columns in shared memory: piece p lies at place p ^ Shift.</summary>
public interface ITokenOrder
{
    /// <summary>0 to 7.</summary>
    static abstract int Shift(int row);
}

/// <summary>As they come: for threads that all read the same piece.</summary>
public readonly struct PlainOrder : ITokenOrder
{
    /// <inheritdoc/>
    public static int Shift(int row) => 0;
}

/// <summary>
/// For the two ways in which <see cref="WarpTile{THead}"/> reads. Rows begin at bank 0, and a read of 16 bytes is served eight lanes at a time, who need eight
/// different places modulo 8. Reading lines, the eight lanes ask for pieces 4 c … 4 c + 3 of the rows 2 p and 2 p + 1: the row's lowest bit goes to bit 2,
/// which four pieces share. Reading tokens, they ask for the pieces 2 p and 2 p + 1 of the rows 0, 2, 4, 6 (or 1, 3, 5, 7): the row's bits 1 and 2 go where
/// they are.
/// </summary>
public readonly struct WarpOrder : ITokenOrder
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Shift(int row) => (row & 6) ^ ((row & 1) << 2);
}
