using System.Numerics;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Tensors.Inference;

/// <summary>Makes a convolution and the batch normalisation by running statistics after it one convolution.</summary>
internal static class BatchNormFolding
{
    private const int Gamma = 1;
    private const int Beta = 2;
    private const int Mean = 3;
    private const int Variance = 4;

    /// <summary>
    /// Changes weight and bias of the convolution such that γ (w ∗ x + b - μ)/√(σ² + ε) + β = w' ∗ x + b'. Computed in double, rounded once. What the row adds
    /// to its normalisation, residual and ReLU, is left to the caller.
    /// </summary>
    /// <param name="normalization">A batch_norm that did not run in training mode.</param>
    /// <param name="weight">[O, I/groups, KH, KW].</param>
    /// <param name="bias">[O]; zeros where the convolution had none.</param>
    public static void Fold<T>(TracedOperation normalization, Span<T> weight, Span<T> bias)
        where T : struct, INumber<T>
    {
        float eps = ((BatchNormAttributes)normalization.Attributes).Eps;
        double[] gamma = normalization.Inputs[Gamma]!.ToDoubles();
        double[] beta = normalization.Inputs[Beta]!.ToDoubles();
        double[] mean = normalization.Inputs[Mean]!.ToDoubles();
        double[] variance = normalization.Inputs[Variance]!.ToDoubles();
        int row = weight.Length / bias.Length;
        for (int o = 0; o < bias.Length; o++)
        {
            double scale = gamma[o] / Math.Sqrt(variance[o] + eps);
            bias[o] = T.CreateTruncating(((double.CreateTruncating(bias[o]) - mean[o]) * scale) + beta[o]);
            foreach (ref T w in weight.Slice(o * row, row))
            {
                w = T.CreateTruncating(double.CreateTruncating(w) * scale);
            }
        }
    }
}
