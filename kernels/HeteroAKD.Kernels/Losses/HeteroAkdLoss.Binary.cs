using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Losses;

// The binary form of Eq. 10, with gradients detached and attached: q and p of a class depend on its own logits alone.
public readonly partial struct HeteroAkdLoss<TParts>
{
    /// <summary>The divergence of class <paramref name="c"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private BinaryDivergence<TLane> BinaryAt<TLane, TScratch>(TScratch scratch, int c)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        TLane tau = TLane.Splat(_tau);
        return new BinaryDivergence<TLane>(scratch.Get(Hybrid + c) / tau, scratch.Get(Student + c) / tau);
    }

    /// <summary>Ẑ, S, W and H constant: ∂L/∂z_s = W·(p - q)/τ.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private Distilled<TLane> DistilBinary<TLane, TScratch>(TScratch scratch, Mixture<TLane> mixture, TLane label, TLane valid, int image)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        Exponentials<TLane> sums = default;
        for (int c = 0; c < Classes; c++)
        {
            BinaryDivergence<TLane> divergence = BinaryAt<TLane, TScratch>(scratch, c);
            TLane w = Importance(scratch, mixture, image, c);
            sums.Weight += w;
            sums.Plain += divergence.Value;
            sums.Weighted = TLane.Fma(w, divergence.Value, sums.Weighted);
            scratch.Set(Exponent + c, w * divergence.Target);
            scratch.Set(Hybrid + c, w * divergence.Student);
        }

        TLane scale = Scale<TLane>(image) * LabelWeight(label) * WeightNorm(sums.Weight, image);
        TLane gradient = TLane.Splat(_weight) * scale / TLane.Splat(_tau);
        Subtract(scratch, Hybrid, gradient, gradient, valid);
        return new Distilled<TLane> { Loss = scale * sums.Weighted, Divergence = sums.Plain };
    }

    /// <summary>
    /// V, a with ω (in the place of ∂L/∂U), and what z_s gets by way of p and Ẑ by way of q, to scratch; Σ V·ω·a and Σ a.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private Averages<TLane> AverageBinary<TLane, TScratch>(TScratch scratch, Mixture<TLane> mixture, TLane label, int image)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        TLane tau = TLane.Splat(_tau);
        TLane pixelWeight = LabelWeight(label);
        Averages<TLane> averages = default;
        NormaliseWeights(scratch, mixture, image, Weights);
        for (int c = 0; c < Classes; c++)
        {
            BinaryDivergence<TLane> divergence = BinaryAt<TLane, TScratch>(scratch, c);
            TLane v = scratch.Get(Weights + c);
            TLane a = divergence.Value * pixelWeight;
            TLane w = v * pixelWeight / tau;
            TLane difference = (scratch.Get(Hybrid + c) - scratch.Get(Student + c)) / tau;
            averages.Weighted = TLane.Fma(v, a, averages.Weighted);
            averages.Divergence += divergence.Value;
            scratch.Set(ExponentGradient + c, a);
            scratch.Set(StudentPart + c, w * (divergence.Student - divergence.Target));
            scratch.Set(HybridPart + c, w * divergence.Target * divergence.Rest * difference);
        }

        return averages;
    }

    /// <summary>∂L/∂U in the place of a. Returns dL/dH(Ẑ) summed over the classes, for the reliability that they share.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private TLane ThroughWeightsBinary<TLane, TScratch>(TScratch scratch, Averages<TLane> averages, int image)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        TLane hybridReliability = TLane.Splat(0f);
        for (int c = 0; c < Classes; c++)
        {
            TLane exponentGradient = ExponentGradientOf(scratch.Get(Weights + c), scratch.Get(ExponentGradient + c), averages.Weighted, image, c);
            scratch.Set(ExponentGradient + c, exponentGradient);
            hybridReliability -= exponentGradient * scratch.Get(Positive + c);
        }

        return hybridReliability;
    }
}
