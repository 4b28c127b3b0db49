using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Pixelwise;

namespace HeteroAKD.Kernels.Gemm;

/// <summary>What every matrix product here has to compute.</summary>
internal static class GemmReference
{
    /// <summary>
    /// C = activation(α A B + β C + bias + residual), one product of a batch: the specification (<c>torch.baddbmm</c>, then bias, residual and activation).
    /// </summary>
    /// <param name="g">Sizes, factors and kinds; its memories and offsets are not used.</param>
    /// <param name="a">[M, K].</param>
    /// <param name="b">[K, N].</param>
    /// <param name="c">[M, N], overwritten.</param>
    /// <param name="bias">[M] or [N] by <see cref="GemmArguments.BiasKind"/>.</param>
    /// <param name="residual">[M, N] where <see cref="GemmArguments.HasResidual"/> is 1.</param>
    public static void Run(
        in GemmArguments g, ReadOnlySpan<double> a, ReadOnlySpan<double> b, Span<double> c, ReadOnlySpan<double> bias, ReadOnlySpan<double> residual)
    {
        for (int i = 0; i < g.M; i++)
        {
            for (int j = 0; j < g.N; j++)
            {
                double sum = 0;
                for (int k = 0; k < g.K; k++)
                {
                    sum += a[(i * g.K) + k] * b[(k * g.N) + j];
                }

                int at = (i * g.N) + j;
                double x = (g.Alpha * sum) + (g.Beta == 0 ? 0 : g.Beta * c[at]);
                x += g.BiasKind == GemmBias.PerRow ? bias[i] : g.BiasKind == GemmBias.PerColumn ? bias[j] : 0;
                x += g.HasResidual != 0 ? residual[at] : 0;
                c[at] = Activation.Apply(g.Activation, new F64(x)).Value;
            }
        }
    }
}
