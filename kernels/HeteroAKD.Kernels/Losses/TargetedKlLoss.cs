using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Losses;

/// <summary>
/// Plain distillation towards a target that the label chooses (<see cref="TargetLogits"/>), with pixels that may weigh the teacher's confidence: it puts the
/// target in the place of the teacher's logits, leaves the rest to <see cref="PixelKlLoss"/>, and multiplies by the weight. The sums are those of that loss.
/// </summary>
public readonly struct TargetedKlLoss : IPixelLoss
{
    private readonly PixelKlLoss _divergence;
    private readonly TargetLogits _target;
    private readonly int _confidence;
    private readonly int _keep;

    /// <summary>As <see cref="PixelKlLoss"/>; with <see cref="UnlabelledPixels.Keep"/> every pixel counts, whatever the labels say.</summary>
    public TargetedKlLoss(int classes, in KdOptions options, Mem weights, bool weighted, int meanOver = 1)
    {
        _divergence = new PixelKlLoss(classes, options.Tau, weights, weighted, meanOver);
        _target = options.TargetLogits;
        _confidence = options.PixelWeight == PixelWeighting.Confidence ? 1 : 0;
        _keep = options.Unlabelled == UnlabelledPixels.Keep ? 1 : 0;
    }

    /// <inheritdoc/>
    public int Classes => _divergence.Classes;

    /// <inheritdoc/>
    public int Inputs => 2;

    /// <inheritdoc/>
    public int Outputs => 1;

    /// <inheritdoc/>
    public int ScratchLength => _divergence.ScratchLength;

    /// <summary>
    /// The specification, pixel by pixel. Student, teacher and gradient are [N, C, pixels], labels [N, pixels] or empty where no option needs them, weights [C]
    /// or empty. With the target z and the confidence v the loss of a pixel is v·ω·τ²·KL(softmax(z/τ) ‖ softmax(s/τ)), ω = Σ_c softmax(z/τ)_c·w_c. Returns the
    /// four sums.
    /// </summary>
    public static double[] Reference(
        ReadOnlySpan<double> student, ReadOnlySpan<double> teacher, ReadOnlySpan<int> labels, ReadOnlySpan<double> weights,
        Span<double> gradient, int classes, int pixels, int ignoreIndex, in KdOptions options)
    {
        double[] sums = new double[4];
        double[] slope = new double[classes];
        for (int i = 0; i < student.Length / classes; i++)
        {
            double[] s = Pixel(student, i, classes, pixels);
            double[] t = Pixel(teacher, i, classes, pixels);
            int label = labels.Length == 0 || labels[i] == ignoreIndex || labels[i] >= classes ? -1 : Math.Max(-1, labels[i]);
            double[] target = label < 0 ? t
                : options.TargetLogits switch { TargetLogits.Mixed => Mixed(s, t, label), TargetLogits.Corrected => Corrected(t, label), _ => t };
            bool all = labels.Length == 0 || options.Unlabelled == UnlabelledPixels.Keep;
            double[] part = PixelKlLoss.Reference(s, target, all ? [] : [label], weights, slope, classes, 1, -1, options.Tau);
            bool counts = part[2] > 0;
            double confidence = options.PixelWeight == PixelWeighting.Confidence ? Softmax(t).Max() : 1;
            for (int c = 0; c < classes; c++)
            {
                gradient[(i / pixels * classes * pixels) + (c * pixels) + (i % pixels)] = counts ? confidence * slope[c] : 0;
            }

            sums[0] += counts ? confidence * part[0] : 0;
            sums[1] += counts ? confidence * part[1] : 0;
            sums[2] += part[2];
            sums[3] += part[3];
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
        TLane counts = _keep != 0 ? TLane.Splat(1f) : valid;
        TLane weight = _confidence != 0 ? TLane.SelectGreater(counts, zero, Confidence<TLane, TScratch>(scratch), zero) : counts;
        if (_target == TargetLogits.Mixed)
        {
            Mix(scratch, label);
        }
        else if (_target == TargetLogits.Corrected)
        {
            Correct(scratch, label);
        }

        Sums<TLane> sums = _divergence.Compute(scratch, label, counts, image);
        if (_confidence != 0)
        {
            sums.S0 *= weight;
            sums.S1 *= weight;
            for (int c = 0; c < Classes; c++)
            {
                scratch.Set(c, scratch.Get(c) * weight);
            }
        }

        return sums;
    }

    private static double[] Pixel(ReadOnlySpan<double> map, int pixel, int classes, int pixels)
    {
        double[] values = new double[classes];
        for (int c = 0; c < classes; c++)
        {
            values[c] = map[(pixel / pixels * classes * pixels) + (c * pixels) + (pixel % pixels)];
        }

        return values;
    }

    private static double[] Mixed(double[] student, double[] teacher, int label)
    {
        double studentEntropy = -Math.Log(Softmax(student)[label]);
        double teacherEntropy = -Math.Log(Softmax(teacher)[label]);
        double both = studentEntropy + teacherEntropy;
        double share = both > 0 ? studentEntropy / both : 0.5;
        return [.. teacher.Select((t, c) => (share * t) + ((1 - share) * student[c]))];
    }

    private static double[] Corrected(double[] teacher, int label)
    {
        double[] corrected = [.. teacher];
        int predicted = Array.IndexOf(teacher, teacher.Max());
        (corrected[predicted], corrected[label]) = (teacher[label], teacher[predicted]);
        return corrected;
    }

    private static double[] Softmax(double[] logits)
    {
        double max = logits.Max();
        double sum = logits.Sum(z => Math.Exp(z - max));
        return [.. logits.Select(z => Math.Exp(z - max) / sum)];
    }

    /// <summary>The teacher's largest probability: e^0 over the sum of all e^(z - max).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private TLane Confidence<TLane, TScratch>(TScratch scratch)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        TLane max = scratch.Get(Classes);
        for (int c = 1; c < Classes; c++)
        {
            max = TLane.Larger(scratch.Get(Classes + c), max);
        }

        TLane sum = TLane.Splat(0f);
        for (int c = 0; c < Classes; c++)
        {
            sum += TLane.ExpNonpositive(scratch.Get(Classes + c) - max);
        }

        return TLane.Reciprocal(sum);
    }

    /// <summary>The teacher's logits become the mixture where there is a label.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Mix<TLane, TScratch>(TScratch scratch, TLane label)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        TLane unlabelled = TLane.Splat(-0.5f);
        TLane share = TeacherShare.Of(CrossEntropy(scratch, 0, label), CrossEntropy(scratch, Classes, label));
        for (int c = 0; c < Classes; c++)
        {
            TLane zs = scratch.Get(c);
            TLane zt = scratch.Get(Classes + c);
            scratch.Set(Classes + c, TLane.SelectGreater(label, unlabelled, TLane.Fma(share, zt - zs, zs), zt));
        }
    }

    /// <summary>The teacher's logits of its prediction and of the label are exchanged where there is a label.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Correct<TLane, TScratch>(TScratch scratch, TLane label)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        Peak<TLane> peak = PeakOf(scratch, Classes, label);
        TLane swapped = TLane.SelectGreater(label, TLane.Splat(-0.5f), peak.LabelLogit, peak.Max);
        for (int c = 0; c < Classes; c++)
        {
            TLane here = TLane.Splat(c);
            TLane z = TLane.SelectEqual(peak.Class, here, swapped, scratch.Get(Classes + c));
            scratch.Set(Classes + c, TLane.SelectEqual(label, here, peak.Max, z));
        }
    }

    /// <summary>Cross-entropy of the softmax of the logits at <paramref name="from"/>; says nothing where there is no label.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private TLane CrossEntropy<TLane, TScratch>(TScratch scratch, int from, TLane label)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        TLane zero = TLane.Splat(0f);
        TLane one = TLane.Splat(1f);
        Peak<TLane> peak = PeakOf(scratch, from, label);

        // The largest term is 1 and stays out of the sum: a good prediction's H is all in the rest, and S is a ratio of such numbers.
        TLane rest = zero;
        for (int c = 0; c < Classes; c++)
        {
            TLane e = TLane.ExpNonpositive(scratch.Get(from + c) - peak.Max);
            rest += TLane.SelectEqual(peak.Class, TLane.Splat(c), zero, e);
        }

        TLane logarithm = TLane.SelectGreater(rest, one, TLane.Log(one + rest), TLane.Log1p(TLane.Min(rest, one)));
        return logarithm - (peak.LabelLogit - peak.Max);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private Peak<TLane> PeakOf<TLane, TScratch>(TScratch scratch, int from, TLane label)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        Peak<TLane> peak = default;
        peak.Max = scratch.Get(from);
        peak.LabelLogit = peak.Max;
        peak.Class = TLane.Splat(0f);
        for (int c = 1; c < Classes; c++)
        {
            TLane here = TLane.Splat(c);
            TLane z = scratch.Get(from + c);
            peak.Class = TLane.SelectGreater(z, peak.Max, here, peak.Class);
            peak.Max = TLane.Larger(z, peak.Max);
            peak.LabelLogit = TLane.SelectEqual(label, here, z, peak.LabelLogit);
        }

        return peak;
    }

    /// <summary>The largest logit, the first class that has it, and the label's logit (class 0's where there is no label).</summary>
    private struct Peak<TLane>
        where TLane : unmanaged, ILane<TLane>
    {
        public TLane Max;
        public TLane Class;
        public TLane LabelLogit;
    }
}
