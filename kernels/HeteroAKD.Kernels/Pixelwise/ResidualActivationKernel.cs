using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Pixelwise;

/// <summary>y = activation(y + residual) in place: what follows a convolution whose own kernel has no room for it.</summary>
public readonly struct ResidualActivationKernel(
    Mem y, // [count], read and overwritten
    Mem residual, // [count]; any memory where there is none
    int hasResidual,
    ActivationKind activation) : IPixelKernel, IWideKernel
{
    /// <summary>y[i] = activation(y[i] + residual[i]).</summary>
    public static void Reference(Span<double> y, ReadOnlySpan<double> residual, ActivationKind activation)
    {
        for (int i = 0; i < y.Length; i++)
        {
            y[i] = Activation.Apply(activation, new F64(y[i] + (residual.IsEmpty ? 0 : residual[i]))).Value;
        }
    }

    /// <inheritdoc/>
    public bool IsAligned => y.IsAligned && (hasResidual == 0 || residual.IsAligned);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        TLane x = TLane.Load(y, column);
        if (hasResidual != 0)
        {
            x += TLane.Load(residual, column);
        }

        TLane.Store(y, column, Activation.Apply(activation, x));
    }
}
