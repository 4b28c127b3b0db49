using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Optim;

/// <summary>
/// One step of <c>torch.optim.SGD</c> with momentum (dampening 0) over a stretch of parameters in one pass. Parameters and momentum are overwritten, the
/// gradient is only read. The momentum starts as zeros, which makes the first step's b = μ·0 + g PyTorch's b = g. Launch on 1 × elements.
/// </summary>
public readonly struct SgdKernel(
    Mem parameters, // [elements] updated
    Mem gradients, // [elements]
    Mem momenta, // [elements] updated; zeros before the first step
    Mem scalars, // [OptimizerScalars.Count]
    float momentum,
    float weightDecay,
    int nesterov,
    float rateMultiplier = 1) : IPixelKernel, IWideKernel
{
    /// <summary>g = clipScale · gradient + λ p;  b ← μ b + g;  p ← p - lr · (nesterov ? g + μ b : b), with lr = rate · rateMultiplier.</summary>
    public static void Reference(
        Span<double> parameters,
        ReadOnlySpan<double> gradients,
        Span<double> momenta,
        ReadOnlySpan<double> scalars,
        double momentum,
        double weightDecay,
        bool nesterov,
        double rateMultiplier = 1)
    {
        double rate = scalars[OptimizerScalars.Rate] * rateMultiplier;
        for (int i = 0; i < parameters.Length; i++)
        {
            double g = (scalars[OptimizerScalars.ClipScale] * gradients[i]) + (weightDecay * parameters[i]);
            momenta[i] = (momentum * momenta[i]) + g;
            parameters[i] -= rate * (nesterov ? g + (momentum * momenta[i]) : momenta[i]);
        }
    }

    /// <inheritdoc/>
    public bool IsAligned => parameters.IsAligned && gradients.IsAligned && momenta.IsAligned;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        TLane parameter = TLane.Load(parameters, column);
        TLane mu = TLane.Splat(momentum);
        TLane g = TLane.Load(gradients, column) * TLane.LoadSplat(scalars, OptimizerScalars.ClipScale);
        g = TLane.Fma(TLane.Splat(weightDecay), parameter, g);
        TLane direction = TLane.Fma(mu, TLane.Load(momenta, column), g);
        TLane.Store(momenta, column, direction);
        if (nesterov != 0)
        {
            direction = TLane.Fma(mu, direction, g);
        }

        TLane rate = TLane.LoadSplat(scalars, OptimizerScalars.Rate) * TLane.Splat(rateMultiplier);
        TLane.Store(parameters, column, TLane.Fma(-rate, direction, parameter));
    }
}
