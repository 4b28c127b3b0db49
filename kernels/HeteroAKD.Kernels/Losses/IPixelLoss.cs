using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Losses;

/// <summary>
/// The formula of a loss at one pixel, on scratch lanes. It neither knows where the logits come from (the working grid, or a coarser map sampled
/// inside the kernel) nor where the gradient goes: <see cref="GridLossKernel{TLoss}"/> and
/// <see cref="StripLossKernel{TLoss}"/> do.
/// </summary>
/// <remarks>
/// Scratch, in lanes: <c>[k·C, (k+1)·C)</c> holds the logits of input k on entry and output k on return; what follows up to <see cref="ScratchLength"/>
/// is work area. Gradients are those of the plain sum over pixels: dividing by the number of valid pixels, known only afterwards, is left to
/// <see cref="LossGradientKernel"/>. In the sums, S0 is the numerator and S1 the denominator of the loss.
/// </remarks>
public interface IPixelLoss
{
    /// <summary>C, the logits of a pixel.</summary>
    int Classes { get; }

    /// <summary>Maps of logits read: 1 (student) or 2 (student, teacher).</summary>
    int Inputs { get; }

    /// <summary>Maps of C values left in scratch: the gradients of the inputs, in their order, or pictures.</summary>
    int Outputs { get; }

    /// <summary>Lanes of scratch, inputs and outputs included.</summary>
    int ScratchLength { get; }

    /// <summary>Computes one lane of pixels.</summary>
    /// <param name="scratch">Logits in, outputs out.</param>
    /// <param name="label">The class of each pixel; -1 where there is none.</param>
    /// <param name="valid">1 where the pixel counts, 0 where it must leave every sum and every output untouched by whatever its logits are.</param>
    /// <param name="image">The image that the pixels belong to.</param>
    Sums<TLane> Compute<TLane, TScratch>(TScratch scratch, TLane label, TLane valid, int image)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>;
}
