using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Losses;

// What one pixel adds to the sums over the valid pixels of an image that the spatial axis of Eq. 9 needs. U and V·a are recomputed, never stored as maps.
public readonly partial struct HeteroAkdLoss<TParts>
{
    // Less than any U, and finite: differences of two such numbers are 0, not NaN.
    internal const float NoExponent = -1e30f;

    /// <summary>
    /// Adds e^U to the log-sum-exp of each class, kept as maxima at <paramref name="maxima"/> and sums relative to them at <paramref name="sums"/>; behind
    /// the sums, the pixel itself.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void FoldExponents<TLane, TScratch>(TScratch scratch, TLane label, TLane valid, int maxima, int sums)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        TLane zero = TLane.Splat(0f);
        Mix(scratch, label);
        for (int c = 0; c < Classes; c++)
        {
            TLane exponent = TLane.SelectGreater(valid, zero, scratch.Get(Exponent + c), TLane.Splat(NoExponent));
            TLane before = scratch.Get(maxima + c);
            TLane max = TLane.Larger(exponent, before);
            scratch.Set(maxima + c, max);
            scratch.Set(sums + c, TLane.Fma(scratch.Get(sums + c), TLane.Exp(before - max), TLane.Exp(exponent - max)));
        }

        scratch.Set(sums + Classes, scratch.Get(sums + Classes) + valid);
    }

    /// <summary>Adds V·ω·a to the sum of each class at <paramref name="sums"/>; log Σ e^U must be known.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void FoldWeighted<TLane, TScratch>(TScratch scratch, TLane label, TLane valid, int image, int sums)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        TLane zero = TLane.Splat(0f);
        Mixture<TLane> mixture = Mix(scratch, label);
        TLane pixelWeight = TParts.AreChosen ? LabelWeight(label) : TLane.Splat(1f);
        Logarithms<TLane> logs = default;
        if (IsBinary)
        {
            NormaliseWeights(scratch, mixture, image, Weights);
        }
        else
        {
            logs = Normalise(scratch, mixture, image);
        }

        for (int c = 0; c < Classes; c++)
        {
            TLane v = Weigh(scratch.Get(Weights + c), pixelWeight);
            TLane weighted = IsBinary ? v * BinaryAt<TLane, TScratch>(scratch, c).Value
                : v * scratch.Get(HybridPart + c) * Cost(LogarithmsAt(scratch, mixture, logs, c));
            scratch.Set(sums + c, scratch.Get(sums + c) + TLane.SelectGreater(valid, zero, weighted, zero));
        }
    }

    /// <summary>Mixes, and puts W where pictures read it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void MixAndWeigh<TLane, TScratch>(TScratch scratch, TLane label, int image)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        Mixture<TLane> mixture = Mix(scratch, label);
        NormaliseWeights(scratch, mixture, image, Third);
        if (TParts.AreChosen)
        {
            TLane sum = WeightSum<TLane>(image);
            for (int c = 0; c < Classes; c++)
            {
                scratch.Set(Third + c, scratch.Get(Third + c) * sum);
            }
        }
    }

    /// <summary>V of every class to <paramref name="to"/>, from the exponents.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void NormaliseWeights<TLane, TScratch>(TScratch scratch, Mixture<TLane> mixture, int image, int to)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        TLane sum = TLane.Splat(0f);
        for (int c = 0; c < Classes; c++)
        {
            TLane w = Importance(scratch, mixture, image, c);
            sum += w;
            scratch.Set(to + c, w);
        }

        TLane norm = WeightNorm(sum, image);
        for (int c = 0; c < Classes; c++)
        {
            scratch.Set(to + c, scratch.Get(to + c) * norm);
        }
    }
}
