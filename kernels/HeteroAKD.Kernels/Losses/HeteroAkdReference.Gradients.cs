namespace HeteroAKD.Kernels.Losses;

// Eq. 10 in its three forms, and the way back from it.
public sealed partial class HeteroAkdReference
{
    /// <summary>a of the softmax forms, and what follows from it for z_s by way of p and for Ẑ by way of q.</summary>
    private Divergences SoftmaxDivergences(bool kl)
    {
        double tau = _options.Tau;
        double[] q = Softmax(Hybrid, tau);
        double[] p = Softmax(_student, tau);
        double[] logQ = LogSoftmax(Hybrid, tau);
        double[] logP = LogSoftmax(_student, tau);
        double[] weights = Map((i, _) => _pixelWeights[i] * Weights[i]);
        double[] b = Map((i, _) => weights[i] * ((kl ? logQ[i] + 1 : 0) - logP[i])); // ∂L/∂q
        double[] through = SumOverClasses(Map((i, _) => weights[i] * q[i]));
        double[] meanB = SumOverClasses(Map((i, _) => q[i] * b[i]));
        return new Divergences(
            Map((i, _) => q[i] * ((kl ? logQ[i] : 0) - logP[i])),
            Map((i, _) => q[i] * (logQ[i] - logP[i])),
            Map((i, _) => ((p[i] * through[i]) - (weights[i] * q[i])) / tau),
            Map((i, _) => q[i] * (b[i] - meanB[i]) / tau));
    }

    /// <summary>
    /// The same of the binary form, where q and p of a class depend on its own logits alone: ∂a/∂p·p' = (p - q)/τ and ∂a/∂q·q' = q·(1 - q)·(Ẑ - z_s)/τ².
    /// </summary>
    private Divergences BinaryDivergences()
    {
        double tau = _options.Tau;
        double[] q = Map((i, _) => Math.Exp(LogSigmoid(Hybrid[i] / tau)));
        double[] rest = Map((i, _) => Math.Exp(LogSigmoid(-Hybrid[i] / tau))); // 1 - q
        double[] p = Map((i, _) => Math.Exp(LogSigmoid(_student[i] / tau)));
        double[] a = Map((i, _) =>
            (q[i] * (LogSigmoid(Hybrid[i] / tau) - LogSigmoid(_student[i] / tau))) + (
                rest[i] * (LogSigmoid(-Hybrid[i] / tau) - LogSigmoid(-_student[i] / tau))));
        double[] weights = Map((i, _) => _pixelWeights[i] * Weights[i]);
        return new Divergences(
            a,
            a,
            Map((i, _) => weights[i] * (p[i] - q[i]) / tau),
            Map((i, _) => weights[i] * q[i] * rest[i] * (Hybrid[i] - _student[i]) / (tau * tau)));
    }

    /// <summary>The chain rule through W, ΔH, H(Ẑ), Ẑ, S, H_t and H_s.</summary>
    private void Attach(double factor, Divergences d, double[] slopeStudent, double[] slopeTeacher, double[] slopeHybrid)
    {
        double mixing = _options.Mixing ? 1 : 0;
        double[] share = Map((i, _) => _options.Mixing ? Share[i] : 1); // what of Ẑ is z_t
        double[] a = Map((i, _) => _pixelWeights[i] * d.Cost[i]); // ∂L/∂W
        double[] average = SumOverAxis(Map((i, _) => _shares[i] * a[i]));
        double[] gU = Map((i, _) => _options.Weighting ? Weights[i] * (a[i] - average[i]) : 0);
        double[] positive = Map((i, _) => Discrepancy[i] > 0 ? 1 : 0);
        double[] gHybridH = PerReliability(Map((i, _) => -gU[i] * positive[i]));
        double[] gHybrid = Map((i, _) => d.ThroughHybrid[i] + (gHybridH[i] * slopeHybrid[i]));
        double[] gShare = Map((i, _) => mixing * gHybrid[i] * (_teacher[i] - _student[i]));
        double[] square = Map((i, _) => Math.Pow(ReliabilityStudent[i] + ReliabilityTeacher[i], 2));
        double[] gStudentH = PerReliability(Map((i, _) => (gU[i] * (1 + positive[i])) + (square[i] > 0 ? gShare[i] * ReliabilityTeacher[i] / square[i] : 0)));
        double[] gTeacherH = PerReliability(Map((i, _) => square[i] > 0 ? -gShare[i] * ReliabilityStudent[i] / square[i] : 0));
        Each((i, _) => StudentGradient[i] += factor * ((gHybrid[i] * (1 - share[i])) + (gStudentH[i] * slopeStudent[i])));
        Each((i, _) => TeacherGradient[i] += factor * ((gHybrid[i] * share[i]) + (gTeacherH[i] * slopeTeacher[i])));
    }

    /// <summary>Maps of Eq. 10: a, the summands of the unweighted divergence, and ∂L/∂z_s by way of p and ∂L/∂Ẑ by way of q, both with ω and W.</summary>
    private sealed record Divergences(double[] Cost, double[] Divergence, double[] ThroughStudent, double[] ThroughHybrid);
}
