using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Pixelwise;

namespace HeteroAKD.Kernels.Gemm;

/// <summary>
/// Adds up the pieces that a product's sum over K was cut into, in order, and does what the product's epilogue would have done. Launch on M rows and N columns.
/// </summary>
/// <param name="pieces">[count, M, N].</param>
/// <param name="count">Pieces.</param>
/// <param name="g">The product; of a batch there is only one.</param>
public readonly struct PieceSumKernel(Mem pieces, int count, GemmArguments g) : IPixelKernel, IWideKernel
{
    private readonly Mem _pieces = pieces; // [count, M, N]
    private readonly int _count = count;
    private readonly GemmArguments _g = g;

    /// <inheritdoc/>
    public bool IsAligned => _pieces.IsAligned && _g.C.Memory.IsAligned && ((_g.N | _g.C.RowStride | _g.C.Offset) & 3) == 0
        && (_g.BiasKind != GemmBias.PerColumn || (_g.Bias.IsAligned && (_g.BiasOffset & 3) == 0))
        && (_g.HasResidual == 0 || (_g.Residual.IsAligned && (_g.ResidualOffset & 3) == 0));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        TLane sum = TLane.Splat(0f);
        int from = (row * _g.N) + column;
        for (int piece = 0; piece < _count; piece++)
        {
            sum += TLane.Load(_pieces, from + (piece * _g.M * _g.N));
        }

        TLane x = TLane.Splat(_g.Alpha) * sum;
        int at = (row * _g.C.RowStride) + column;
        if (_g.Beta != 0)
        {
            x = TLane.Fma(TLane.Splat(_g.Beta), TLane.Load(_g.C.Memory, _g.C.Offset + at), x);
        }

        if (_g.BiasKind == GemmBias.PerRow)
        {
            x += TLane.LoadSplat(_g.Bias, _g.BiasOffset + row);
        }

        if (_g.BiasKind == GemmBias.PerColumn)
        {
            x += TLane.Load(_g.Bias, _g.BiasOffset + column);
        }

        if (_g.HasResidual != 0)
        {
            x += TLane.Load(_g.Residual, _g.ResidualOffset + at);
        }

        TLane.Store(_g.C.Memory, _g.C.Offset + at, Activation.Apply(_g.Activation, x));
    }
}
