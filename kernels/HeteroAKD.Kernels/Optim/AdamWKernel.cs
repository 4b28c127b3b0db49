using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Optim;

/// <summary>
/// One step of <c>torch.optim.AdamW</c> (Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019) over a stretch of parameters in one pass:
/// decay, both running means, update. Parameters and means are overwritten, the gradient is only read. Launch on 1 × elements.
/// </summary>
public readonly struct AdamWKernel : IPixelKernel, IWideKernel
{
    private readonly Mem _parameters; // [elements] updated
    private readonly Mem _gradients; // [elements]
    private readonly Mem _means; // [elements] running mean of g, updated; zeros before the first step
    private readonly Mem _squares; // [elements] running mean of g², updated; zeros before the first step
    private readonly Mem _scalars; // [OptimizerScalars.Count]
    private readonly float _gain1;
    private readonly float _gain2;
    private readonly float _epsilon;
    private readonly float _weightDecay;
    private readonly float _rateMultiplier;

    /// <summary>Takes the buffers and the constants of a parameter group.</summary>
    public AdamWKernel(
        Mem parameters,
        Mem gradients,
        Mem means,
        Mem squares,
        Mem scalars,
        double beta1,
        double beta2,
        double epsilon,
        double weightDecay,
        double rateMultiplier = 1)
    {
        _parameters = parameters;
        _gradients = gradients;
        _means = means;
        _squares = squares;
        _scalars = scalars;

        // Subtracted in double: 1 - 0.999f would be off in the fifth digit.
        _gain1 = (float)(1 - beta1);
        _gain2 = (float)(1 - beta2);
        _epsilon = (float)epsilon;
        _weightDecay = (float)weightDecay;
        _rateMultiplier = (float)rateMultiplier;
    }

    /// <summary>
    /// p ← p (1 - lr·λ); m ← β1 m + (1 - β1) g; v ← β2 v + (1 - β2) g²; p ← p - lr/(1 - β1^t) · m / (sqrt(v)/sqrt(1 - β2^t) + ε), with g = clipScale · gradient
    /// and lr = rate · rateMultiplier.
    /// </summary>
    public static void Reference(
        Span<double> parameters,
        ReadOnlySpan<double> gradients,
        Span<double> means,
        Span<double> squares,
        ReadOnlySpan<double> scalars,
        double beta1,
        double beta2,
        double epsilon,
        double weightDecay,
        double rateMultiplier = 1)
    {
        double rate = scalars[OptimizerScalars.Rate] * rateMultiplier;
        for (int i = 0; i < parameters.Length; i++)
        {
            double g = scalars[OptimizerScalars.ClipScale] * gradients[i];
            parameters[i] *= 1 - (rate * weightDecay);
            means[i] = (beta1 * means[i]) + ((1 - beta1) * g);
            squares[i] = (beta2 * squares[i]) + ((1 - beta2) * g * g);
            double denominator = (Math.Sqrt(squares[i]) / scalars[OptimizerScalars.RootCorrection2]) + epsilon;
            parameters[i] -= rate / scalars[OptimizerScalars.Correction1] * means[i] / denominator;
        }
    }

    /// <inheritdoc/>
    public bool IsAligned => _parameters.IsAligned && _gradients.IsAligned && _means.IsAligned && _squares.IsAligned;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        TLane rate = TLane.LoadSplat(_scalars, OptimizerScalars.Rate) * TLane.Splat(_rateMultiplier);
        TLane stepSize = rate / TLane.LoadSplat(_scalars, OptimizerScalars.Correction1);
        TLane g = TLane.Load(_gradients, column) * TLane.LoadSplat(_scalars, OptimizerScalars.ClipScale);

        // m + gain · (g - m) is beta · m + gain · g with one constant instead of two whose sum is not quite 1.
        TLane mean = TLane.Load(_means, column);
        mean = TLane.Fma(TLane.Splat(_gain1), g - mean, mean);
        TLane.Store(_means, column, mean);
        TLane square = TLane.Load(_squares, column);
        square = TLane.Fma(TLane.Splat(_gain2), (g * g) - square, square);
        TLane.Store(_squares, column, square);

        TLane parameter = TLane.Load(_parameters, column);
        parameter = TLane.Fma(-(rate * TLane.Splat(_weightDecay)), parameter, parameter);
        TLane denominator = (TLane.Sqrt(square) / TLane.LoadSplat(_scalars, OptimizerScalars.RootCorrection2)) + TLane.Splat(_epsilon);
        TLane.Store(_parameters, column, TLane.Fma(-stepSize, mean / denominator, parameter));
    }
}
