using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Layout;

/// <summary>
/// Exchanges the last two axes, [batch, rows, columns] to [batch, columns, rows]: planes [N, C, H·W] to tokens [N, H·W, C] and back. The gradient is the same
/// with rows and columns exchanged. Launch on batch·columns × a piece of the rows: (rows of the piece) · columns is below 2^24, up to which a lane's offsets
/// are exact. The host has <see cref="HostTranspose"/>.
/// </summary>
public readonly struct TransposeKernel(
    Mem x, // [batch, rows, columns]
    Mem y, // [batch, columns, rows] overwritten
    int rows,
    int columns,
    int first = 0) : IPixelKernel // first row of the piece
{
    /// <summary>y[b, j, i] = x[b, i, j].</summary>
    public static void Reference(ReadOnlySpan<double> x, Span<double> y, int rows, int columns)
    {
        for (int k = 0; k < x.Length; k++)
        {
            int batch = k / (rows * columns);
            int i = k / columns % rows;
            int j = k % columns;
            y[(((batch * columns) + j) * rows) + i] = x[k];
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        int batch = row / columns;
        int start = (((batch * rows) + first) * columns) + row - (batch * columns);
        TLane.Store(y, (row * rows) + first + column, TLane.Gather(x, start, TLane.Iota(column) * TLane.Splat(columns)));
    }
}
