using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Losses;

/// <summary>
/// Cross-entropy of a softmax against one label a pixel, as
/// <c>torch.nn.functional.cross_entropy(z, y, weight, ignore_index, reduction="mean", label_smoothing)</c>, value and gradient in one visit.
/// S0 weighted loss, S1 sum of the labels' weights (the mean's denominator), S2 valid pixels, S3 pixels whose largest logit is the label's.
/// </summary>
public readonly struct CrossEntropyLoss : IPixelLoss
{
    private readonly Mem _weights; // [C] class weights
    private readonly int _weighted;
    private readonly float _smoothing;

    /// <summary>
    /// Unit weights unless <paramref name="weighted"/>; <paramref name="smoothing"/> in [0, 1) spreads that much of the target over all classes.
    /// </summary>
    public CrossEntropyLoss(int classes, Mem weights, bool weighted, float smoothing)
    {
        Classes = classes;
        _weights = weights;
        _weighted = weighted ? 1 : 0;
        _smoothing = smoothing;
    }

    /// <inheritdoc/>
    public int Classes { get; }

    /// <inheritdoc/>
    public int Inputs => 1;

    /// <inheritdoc/>
    public int Outputs => 1;

    /// <inheritdoc/>
    public int ScratchLength => Classes;

    /// <summary>
    /// The specification. Logits and gradient are [N, C, pixels], labels [N, pixels], weights [C] or empty for ones. Per valid pixel
    /// <c>l = -(1 - ε)·w_y·log p_y - ε/C·Σ_c w_c·log p_c</c> with p = softmax(z); the gradient is that of Σ l. Gradients of ignored pixels are 0.
    /// Returns Σ l, Σ w_y, valid pixels, correct pixels.
    /// </summary>
    public static double[] Reference(
        ReadOnlySpan<double> logits, ReadOnlySpan<int> labels, ReadOnlySpan<double> weights, Span<double> gradient,
        int classes, int pixels, int ignoreIndex, double smoothing)
    {
        double[] sums = new double[4];
        for (int i = 0; i < labels.Length; i++)
        {
            int start = (i / pixels * classes * pixels) + (i % pixels);
            int label = labels[i];
            bool valid = label != ignoreIndex && label >= 0 && label < classes;
            double max = double.NegativeInfinity;
            int best = 0;
            double total = 0;
            for (int c = 0; c < classes; c++)
            {
                double z = logits[start + (c * pixels)];
                (max, best) = z > max ? (z, c) : (max, best);
            }

            for (int c = 0; c < classes; c++)
            {
                total += Math.Exp(logits[start + (c * pixels)] - max);
            }

            double labelWeight = valid && weights.Length > 0 ? weights[label] : 1;
            double targetSum = 0;
            for (int c = 0; c < classes; c++)
            {
                targetSum += Target(c, label, weights, labelWeight, classes, smoothing);
            }

            for (int c = 0; c < classes; c++)
            {
                double target = Target(c, label, weights, labelWeight, classes, smoothing);
                double logProbability = logits[start + (c * pixels)] - max - Math.Log(total);
                sums[0] -= valid ? target * logProbability : 0;
                gradient[start + (c * pixels)] = valid ? (Math.Exp(logProbability) * targetSum) - target : 0;
            }

            sums[1] += valid ? labelWeight : 0;
            sums[2] += valid ? 1 : 0;
            sums[3] += valid && best == label ? 1 : 0;
        }

        return sums;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public Sums<TLane> Compute<TLane, TScratch>(TScratch scratch, TLane label, TLane valid, int image)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        TLane zero = TLane.Splat(0f);
        TLane max = scratch.Get(0);
        TLane best = zero;
        TLane labelLogit = max;
        for (int c = 1; c < Classes; c++)
        {
            TLane z = scratch.Get(c);
            best = TLane.SelectGreater(z, max, TLane.Splat(c), best);
            max = TLane.Larger(z, max);
            labelLogit = TLane.SelectEqual(label, TLane.Splat(c), z, labelLogit);
        }

        TLane labelWeight = _weighted != 0 ? TLane.Gather(_weights, 0, TLane.Max(label, zero)) : TLane.Splat(1f);
        TLane hard = labelWeight * (TLane.Splat(1f) - TLane.Splat(_smoothing));
        Targets<TLane> targets = Exponentiate<TLane, TScratch>(scratch, max);
        TLane scale = (hard + targets.Weight) / targets.Total;
        Subtract(scratch, label, valid, hard, scale);

        TLane logTotal = TLane.Log(targets.Total);
        TLane loss = (hard * (logTotal - (labelLogit - max))) + ((targets.Weight * logTotal) - targets.Logit);
        return new Sums<TLane>
        {
            S0 = TLane.SelectGreater(valid, zero, loss, zero),
            S1 = TLane.SelectGreater(valid, zero, labelWeight, zero),
            S2 = valid,
            S3 = TLane.SelectEqual(best, label, valid, zero),
        };
    }

    private static double Target(int c, int label, ReadOnlySpan<double> weights, double labelWeight, int classes, double smoothing) =>
        (c == label ? (1 - smoothing) * labelWeight : 0) + (smoothing / classes * (weights.Length > 0 ? weights[c] : 1));

    /// <summary>Scratch becomes exp(z - max); returns their sum and the smoothed part of the target: Σ t_c and Σ t_c·(z_c - max) with t_c = ε/C·w_c.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private Targets<TLane> Exponentiate<TLane, TScratch>(TScratch scratch, TLane max)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        Targets<TLane> targets = default;
        for (int c = 0; c < Classes; c++)
        {
            TLane z = scratch.Get(c) - max;
            if (_smoothing != 0)
            {
                TLane target = Smoothed<TLane>(c);
                targets.Weight += target;
                targets.Logit += target * z;
            }

            TLane e = TLane.ExpNonpositive(z);
            targets.Total += e;
            scratch.Set(c, e);
        }

        return targets;
    }

    /// <summary>Scratch becomes the gradient: p·(sum of the target) - target, 0 where ignored.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Subtract<TLane, TScratch>(TScratch scratch, TLane label, TLane valid, TLane hard, TLane scale)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        TLane zero = TLane.Splat(0f);
        for (int c = 0; c < Classes; c++)
        {
            TLane gradient = scratch.Get(c) * scale;
            gradient -= TLane.SelectEqual(label, TLane.Splat(c), hard, zero);
            if (_smoothing != 0)
            {
                gradient -= Smoothed<TLane>(c);
            }

            scratch.Set(c, TLane.SelectGreater(valid, zero, gradient, zero));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private TLane Smoothed<TLane>(int c)
        where TLane : unmanaged, ILane<TLane>
    {
        TLane share = TLane.Splat(_smoothing) / TLane.Splat(Classes);
        return _weighted != 0 ? share * TLane.LoadSplat(_weights, c) : share;
    }

    private struct Targets<TLane>
        where TLane : unmanaged, ILane<TLane>
    {
        public TLane Total;
        public TLane Weight;
        public TLane Logit;
    }
}
