using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Losses;

// What one pixel adds to the sums over the valid pixels of an image that the spatial axis of Eq. 9 needs. U and W·a are recomputed, never stored as maps.
public readonly partial struct HeteroAkdLoss
{
    // Less than any U, and finite: differences of two such numbers are 0, not NaN.
    internal const float NoExponent = -1e30f;

    /// <summary>
    /// Adds e^U to the log-sum-exp of each class, kept as maxima at <paramref name="maxima"/> and sums relative to them at <paramref name="sums"/>.
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
    }

    /// <summary>Adds W·a to the sum of each class at <paramref name="sums"/>; log Σ e^U must be known.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void FoldWeighted<TLane, TScratch>(TScratch scratch, TLane label, TLane valid, int image, int sums)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        TLane zero = TLane.Splat(0f);
        Mixture<TLane> mixture = Mix(scratch, label);
        Logarithms<TLane> logs = Normalise(scratch, mixture, image);
        for (int c = 0; c < Classes; c++)
        {
            TLane weighted = scratch.Get(Weights + c) * scratch.Get(HybridPart + c) * Cost(LogarithmsAt(scratch, mixture, logs, c));
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
        TLane sum = TLane.Splat(0f);
        for (int c = 0; c < Classes; c++)
        {
            TLane w = TLane.Exp(scratch.Get(Exponent + c) - Shift(mixture, image, c));
            sum += w;
            scratch.Set(Third + c, w);
        }

        TLane norm = _axis == WeightAxis.Spatial ? TLane.Splat(1f) : TLane.Reciprocal(sum);
        for (int c = 0; c < Classes; c++)
        {
            scratch.Set(Third + c, scratch.Get(Third + c) * norm);
        }
    }
}
