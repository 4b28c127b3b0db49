using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Losses;

/// <summary>
/// Plain distillation (paper Eq. 1, CIRKD's <c>CriterionKD</c>): τ²·KL(softmax(t/τ) ‖ softmax(s/τ)) per pixel, with the student's gradient. Ignored pixels
/// leave it only if labels are given. With class weights w a pixel weighs ω = Σ_c p_t,c·w_c and the mean is Σ ω·KL / Σ ω.
/// S0 weighted loss, S1 sum of ω (the pixel count without weights), S2 valid pixels, S3 Σ KL without weights and τ².
/// </summary>
public readonly struct PixelKlLoss : IPixelLoss
{
    private readonly Mem _weights; // [C] class weights
    private readonly int _weighted;
    private readonly float _tau;
    private readonly int _meanOver;

    /// <summary>
    /// Unit weights unless <paramref name="weighted"/>. The gradient is that of the sum divided by <paramref name="meanOver"/>: where every pixel counts,
    /// the mean's denominator is known before the first of them.
    /// </summary>
    public PixelKlLoss(int classes, float tau, Mem weights, bool weighted, int meanOver = 1)
    {
        Classes = classes;
        _tau = tau;
        _weights = weights;
        _weighted = weighted ? 1 : 0;
        _meanOver = meanOver;
    }

    /// <inheritdoc/>
    public int Classes { get; }

    /// <inheritdoc/>
    public int Inputs => 2;

    /// <inheritdoc/>
    public int Outputs => 1;

    /// <inheritdoc/>
    public int ScratchLength => 2 * Classes;

    /// <summary>
    /// The specification. Student, teacher and gradient are [N, C, pixels], labels [N, pixels] or empty, weights [C] or empty.
    /// Per pixel <c>l = τ²·ω·Σ_c p_t·(log p_t - log p_s)</c>, gradient of the student τ·ω·(p_s - p_t). Returns the four sums.
    /// </summary>
    public static double[] Reference(
        ReadOnlySpan<double> student, ReadOnlySpan<double> teacher, ReadOnlySpan<int> labels, ReadOnlySpan<double> weights,
        Span<double> gradient, int classes, int pixels, int ignoreIndex, double tau)
    {
        double[] sums = new double[4];
        for (int i = 0; i < student.Length / classes; i++)
        {
            int start = (i / pixels * classes * pixels) + (i % pixels);
            bool valid = labels.Length == 0 || (labels[i] != ignoreIndex && labels[i] >= 0 && labels[i] < classes);
            double logStudent = LogSumExp(student, start, pixels, classes, tau);
            double logTeacher = LogSumExp(teacher, start, pixels, classes, tau);
            double omega = 0;
            double divergence = 0;
            for (int c = 0; c < classes; c++)
            {
                double logP = (teacher[start + (c * pixels)] / tau) - logTeacher;
                double logQ = (student[start + (c * pixels)] / tau) - logStudent;
                divergence += Math.Exp(logP) * (logP - logQ);
                omega += Math.Exp(logP) * (weights.Length > 0 ? weights[c] : 1);
            }

            for (int c = 0; c < classes; c++)
            {
                double p = Math.Exp((student[start + (c * pixels)] / tau) - logStudent);
                double q = Math.Exp((teacher[start + (c * pixels)] / tau) - logTeacher);
                gradient[start + (c * pixels)] = valid ? tau * omega * (p - q) : 0;
            }

            sums[0] += valid ? tau * tau * omega * divergence : 0;
            sums[1] += valid ? omega : 0;
            sums[2] += valid ? 1 : 0;
            sums[3] += valid ? divergence : 0;
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
        TLane tau = TLane.Splat(_tau);
        TLane one = TLane.Splat(1f);
        Softmaxes<TLane> both = Exponentiate<TLane, TScratch>(scratch);
        TLane studentScale = TLane.DivideNormal(one, both.Student);
        TLane teacherScale = TLane.DivideNormal(one, both.Teacher);
        TLane omega = _weighted != 0 ? both.Weight * teacherScale : one;
        TLane divergence = (both.Difference * teacherScale) + TLane.Log(TLane.DivideNormal(both.Student, both.Teacher));
        TLane factor = tau * omega / TLane.Splat(_meanOver);
        studentScale *= factor;
        teacherScale *= factor;
        for (int c = 0; c < Classes; c++)
        {
            // Two products, not a fused one: equal logits have no gradient, to the bit (on the host; a device may fuse them).
            TLane gradient = (scratch.Get(c) * studentScale) - (scratch.Get(Classes + c) * teacherScale);
            scratch.Set(c, TLane.SelectGreater(valid, zero, gradient, zero));
        }

        return new Sums<TLane>
        {
            S0 = TLane.SelectGreater(valid, zero, tau * tau * omega * divergence, zero),
            S1 = TLane.SelectGreater(valid, zero, omega, zero),
            S2 = valid,
            S3 = TLane.SelectGreater(valid, zero, divergence, zero),
        };
    }

    private static double LogSumExp(ReadOnlySpan<double> logits, int start, int step, int classes, double tau)
    {
        double max = double.NegativeInfinity;
        double sum = 0;
        for (int c = 0; c < classes; c++)
        {
            max = Math.Max(max, logits[start + (c * step)] / tau);
        }

        for (int c = 0; c < classes; c++)
        {
            sum += Math.Exp((logits[start + (c * step)] / tau) - max);
        }

        return max + Math.Log(sum);
    }

    /// <summary>Scratch becomes exp((z - max)/τ) of both; returns the sums that the divergence is made of.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private Softmaxes<TLane> Exponentiate<TLane, TScratch>(TScratch scratch)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        TLane maxStudent = scratch.Get(0);
        TLane maxTeacher = scratch.Get(Classes);
        for (int c = 1; c < Classes; c++)
        {
            maxStudent = TLane.Larger(scratch.Get(c), maxStudent);
            maxTeacher = TLane.Larger(scratch.Get(Classes + c), maxTeacher);
        }

        TLane inverseTau = TLane.Reciprocal(TLane.Splat(_tau));
        Softmaxes<TLane> both = default;
        for (int c = 0; c < Classes; c++)
        {
            TLane s = (scratch.Get(c) - maxStudent) * inverseTau;
            TLane t = (scratch.Get(Classes + c) - maxTeacher) * inverseTau;
            TLane es = TLane.ExpNonpositive(s);
            TLane et = TLane.ExpNonpositive(t);
            both.Student += es;
            both.Teacher += et;
            both.Difference = TLane.Fma(et, t - s, both.Difference);
            if (_weighted != 0)
            {
                both.Weight = TLane.Fma(et, TLane.LoadSplat(_weights, c), both.Weight);
            }

            scratch.Set(c, es);
            scratch.Set(Classes + c, et);
        }

        return both;
    }

    /// <summary>Σ e^s, Σ e^t, Σ e^t·(t - s) and Σ e^t·w over the classes, s and t being the logits less their maximum, over τ.</summary>
    private struct Softmaxes<TLane>
        where TLane : unmanaged, ILane<TLane>
    {
        public TLane Student;
        public TLane Teacher;
        public TLane Difference;
        public TLane Weight;
    }
}
