using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Tiles;

namespace HeteroAKD.Kernels.Gemm;

/// <summary>
/// Adds up the pieces that a product's sum over K was cut into, in order, and does what the product's epilogue would have done. Launch on M rows and N columns.
/// </summary>
/// <param name="pieces">[count, M, N].</param>
/// <param name="count">Pieces.</param>
/// <param name="g">The product; of a batch there is only one.</param>
public readonly struct PieceSumKernel(Mem pieces, int count, in GemmArguments g) : IPixelKernel, IWideKernel
{
    private readonly Mem _pieces = pieces; // [count, M, N]
    private readonly int _count = count;
    private readonly DeviceEpilogue _epilogue = new(g);

    /// <inheritdoc/>
    public bool IsAligned => Alignment.IsWhole(_pieces, _epilogue.Columns, 0, 0) != 0 && _epilogue.IsWhole;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        TLane sum = TLane.Splat(0f);
        int from = (row * _epilogue.Columns) + column;
        for (int piece = 0; piece < _count; piece++)
        {
            sum += TLane.Load(_pieces, from + (piece * _epilogue.Rows * _epilogue.Columns));
        }

        _epilogue.Store(0, row, column, sum);
    }
}
