using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Pixelwise;
using HeteroAKD.Kernels.Tiles;

namespace HeteroAKD.Kernels.Gemm;

/// <summary>
/// Takes sums of products to C of <see cref="GemmArguments"/> on devices: scale, what C held, bias, residual, activation. Every memory may hold floats or bf16
/// numbers. The host has <see cref="GemmEpilogue{TLane}"/>.
/// </summary>
public readonly struct DeviceEpilogue(in GemmArguments arguments)
{
    private readonly GemmArguments _g = arguments;

    /// <summary>Rows of C.</summary>
    public int Rows => _g.M;

    /// <summary>Columns of C.</summary>
    public int Columns => _g.N;

    /// <summary>Whether four neighbours from a multiple of four on are one access to C and to the residual.</summary>
    public bool IsWhole => Alignment.IsWhole(_g.C.Memory, _g.C.Offset, _g.C.RowStride, _g.C.BatchStride) != 0
        && (_g.HasResidual == 0 || Alignment.IsWhole(_g.Residual, _g.ResidualOffset, 0, 0) != 0);

    /// <summary>Finishes elements of a row, from <paramref name="column"/> on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store<TLane>(int item, int row, int column, TLane sum)
        where TLane : unmanaged, ILane<TLane>
    {
        int at = (item * _g.C.BatchStride) + (row * _g.C.RowStride) + column;
        TLane x = TLane.Splat(_g.Alpha) * sum;
        if (_g.Beta != 0)
        {
            x = (TLane.Splat(_g.Beta) * TLane.Load(_g.C.Memory, _g.C.Offset + at)) + x;
        }

        if (_g.BiasKind == GemmBias.PerRow)
        {
            x += TLane.LoadSplat(_g.Bias, _g.BiasOffset + row);
        }

        if (_g.BiasKind == GemmBias.PerColumn)
        {
            // Number by number: a bias may begin anywhere.
            x += TLane.Gather(_g.Bias, _g.BiasOffset + column, TLane.Iota(0));
        }

        if (_g.HasResidual != 0)
        {
            x += TLane.Load(_g.Residual, _g.ResidualOffset + at);
        }

        if (_g.Activation != ActivationKind.None)
        {
            x = Activation.Apply(_g.Activation, x);
        }

        TLane.Store(_g.C.Memory, _g.C.Offset + at, x);
    }
}
