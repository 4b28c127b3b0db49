using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Optim;

/// <summary>
/// Computes the factor that bounds the gradients' norm (<c>torch.nn.utils.clip_grad_norm_</c>) from the sum of all squared gradients, without reading it back
/// to the host. A norm that is not finite makes the factor 0 or NaN, as in PyTorch. With maxNorm = +∞ it only measures. Launch on 1 × 1.
/// </summary>
public readonly struct ClipScaleKernel(
    Mem sumOfSquares, // [≥ 1] element 0 is read
    Mem scalars, // [OptimizerScalars.Count] ClipScale is overwritten
    Mem norm, // [1] overwritten: the norm before clipping, for the log
    float maxNorm) : IPixelKernel
{
    /// <summary>What is added to the norm before dividing by it; PyTorch's constant.</summary>
    public const float Guard = 1e-6f;

    /// <summary>min(1, maxNorm / (sqrt(sumOfSquares) + 1e-6)).</summary>
    public static double Reference(double sumOfSquares, double maxNorm) => Math.Min(1, maxNorm / (Math.Sqrt(sumOfSquares) + Guard));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        TLane length = TLane.Sqrt(TLane.Load(sumOfSquares, 0));
        TLane.Store(norm, 0, length);
        TLane scale = TLane.Splat(maxNorm) / (length + TLane.Splat(Guard));
        TLane.Store(scalars, OptimizerScalars.ClipScale, TLane.Min(scale, TLane.Splat(1f)));
    }
}
