using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Losses;

// Eq. 10 with the gradient of everything: of p, and of W and q through ΔH, H(Ẑ), Ẑ, S, H_s and H_t into both projectors.
public readonly partial struct HeteroAkdLoss<TParts>
{
    // Scratch of the attached gradient: e^U, V; q, then dL/dẐ, then the teacher's gradient; p, then the student's gradient; dL/dU.
    private int Weights => Exponent;

    private int HybridPart => First;

    private int StudentPart => Second;

    private int ExponentGradient => Third;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private Distilled<TLane> DistilAttached<TLane, TScratch>(TScratch scratch, Mixture<TLane> mixture, TLane label, TLane valid, int image)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        TLane scale = Scale<TLane>(image);
        Averages<TLane> averages;
        TLane hybridReliability;
        if (IsBinary)
        {
            averages = AverageBinary(scratch, mixture, label, image);
            hybridReliability = ThroughWeightsBinary(scratch, averages, image);
        }
        else
        {
            TLane pixelWeight = TParts.AreChosen ? LabelWeight(label) : TLane.Splat(1f);
            Logarithms<TLane> logs = Normalise(scratch, mixture, image);
            averages = Average(scratch, mixture, logs, pixelWeight);
            hybridReliability = ThroughWeights(scratch, mixture, logs, averages, pixelWeight, image);
        }

        ReliabilityGradients<TLane> reliabilities = ThroughHybrid(scratch, hybridReliability);
        Finish(scratch, reliabilities, TLane.Splat(_weight) * scale, valid);
        return new Distilled<TLane> { Loss = scale * averages.Weighted, Divergence = averages.Divergence };
    }

    /// <summary>V, q and p to scratch; returns the logarithms of the sums of q and p before their normalisation.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private Logarithms<TLane> Normalise<TLane, TScratch>(TScratch scratch, Mixture<TLane> mixture, int image)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        TLane tau = TLane.Splat(_tau);
        TLane sumW = TLane.Splat(0f);
        TLane sumQ = sumW;
        TLane sumP = sumW;
        for (int c = 0; c < Classes; c++)
        {
            TLane w = Importance(scratch, mixture, image, c);
            TLane q = TLane.Exp((scratch.Get(Hybrid + c) - mixture.MaxHybrid) / tau);
            TLane p = TLane.Exp((scratch.Get(Student + c) - mixture.MaxStudent) / tau);
            sumW += w;
            sumQ += q;
            sumP += p;
            scratch.Set(Weights + c, w);
            scratch.Set(HybridPart + c, q);
            scratch.Set(StudentPart + c, p);
        }

        TLane normW = WeightNorm(sumW, image);
        TLane normQ = TLane.Reciprocal(sumQ);
        TLane normP = TLane.Reciprocal(sumP);
        for (int c = 0; c < Classes; c++)
        {
            scratch.Set(Weights + c, scratch.Get(Weights + c) * normW);
            scratch.Set(HybridPart + c, scratch.Get(HybridPart + c) * normQ);
            scratch.Set(StudentPart + c, scratch.Get(StudentPart + c) * normP);
        }

        return new Logarithms<TLane> { Hybrid = TLane.Log(sumQ), Student = TLane.Log(sumP) };
    }

    /// <summary>What V is multiplied with to add up to one; <paramref name="sum"/> is over the classes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private TLane WeightNorm<TLane>(TLane sum, int image)
        where TLane : unmanaged, ILane<TLane>
    {
        if (_axis == WeightAxis.Spatial)
        {
            return IsUnweighted ? TLane.Reciprocal(SpatialMembers<TLane>(image)) : TLane.Splat(1f);
        }

        return TLane.Reciprocal(sum);
    }

    /// <summary>log q - log p and log p of one class; a = ∂L/∂W and b = ∂L/∂q are made of them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private Logarithms<TLane> LogarithmsAt<TLane, TScratch>(TScratch scratch, Mixture<TLane> mixture, Logarithms<TLane> logs, int c)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        TLane tau = TLane.Splat(_tau);
        return new Logarithms<TLane>
        {
            Hybrid = ((scratch.Get(Hybrid + c) - mixture.MaxHybrid) / tau) - logs.Hybrid,
            Student = ((scratch.Get(Student + c) - mixture.MaxStudent) / tau) - logs.Student,
        };
    }

    /// <summary>The part of a and b that q or W multiply: -log p, or log q - log p.</summary>
    private TLane Cost<TLane>(Logarithms<TLane> at)
        where TLane : unmanaged, ILane<TLane> => _form == DistillationForm.Kl ? at.Hybrid - at.Student : -at.Student;

    /// <summary>Σ V·a, Σ V·q and Σ q·b, all with ω, and KL(q ‖ p).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private Averages<TLane> Average<TLane, TScratch>(TScratch scratch, Mixture<TLane> mixture, Logarithms<TLane> logs, TLane pixelWeight)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        Averages<TLane> averages = default;
        for (int c = 0; c < Classes; c++)
        {
            Logarithms<TLane> at = LogarithmsAt(scratch, mixture, logs, c);
            TLane q = scratch.Get(HybridPart + c);
            TLane product = Weigh(scratch.Get(Weights + c), pixelWeight) * q;
            averages.Weighted = TLane.Fma(product, Cost(at), averages.Weighted);
            averages.Divergence = TLane.Fma(q, at.Hybrid - at.Student, averages.Divergence);
            averages.Product += product;
        }

        averages.Hybrid = _form == DistillationForm.Kl ? averages.Weighted + averages.Product : averages.Weighted;
        return averages;
    }

    /// <summary>From L to U, to Ẑ by way of q, and to z_s by way of p. Returns dL/dH(Ẑ) summed over the classes, for the reliability that they share.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private TLane ThroughWeights<TLane, TScratch>(
        TScratch scratch, Mixture<TLane> mixture, Logarithms<TLane> logs, Averages<TLane> averages, TLane pixelWeight, int image)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        TLane tau = TLane.Splat(_tau);
        TLane one = TLane.Splat(1f);
        TLane hybridReliability = TLane.Splat(0f);
        for (int c = 0; c < Classes; c++)
        {
            TLane cost = Cost(LogarithmsAt(scratch, mixture, logs, c));
            TLane v = scratch.Get(Weights + c);
            TLane w = Weigh(v, pixelWeight);
            TLane q = scratch.Get(HybridPart + c);
            TLane exponentGradient = ExponentGradientOf(v, Weigh(q * cost, pixelWeight), averages.Weighted, image, c);
            TLane b = w * (_form == DistillationForm.Kl ? cost + one : cost);
            scratch.Set(ExponentGradient + c, exponentGradient);
            scratch.Set(StudentPart + c, ((scratch.Get(StudentPart + c) * averages.Product) - (w * q)) / tau);
            scratch.Set(HybridPart + c, q * (b - averages.Hybrid) / tau);
            hybridReliability -= exponentGradient * scratch.Get(Positive + c);
        }

        return hybridReliability;
    }

    /// <summary>∂L/∂U = V·(ω·a - Σ V·ω·a), the sum being over the axis of Eq. 9.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private TLane ExponentGradientOf<TLane>(TLane v, TLane a, TLane classAverage, int image, int c)
        where TLane : unmanaged, ILane<TLane>
    {
        if (IsUnweighted)
        {
            return TLane.Splat(0f);
        }

        TLane average = _axis == WeightAxis.Spatial ? TLane.LoadSplat(_spatialAverages, (image * Classes) + c) : classAverage;
        return v * (a - average);
    }

    /// <summary>Times ω where there are class weights.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLane Weigh<TLane>(TLane value, TLane pixelWeight)
        where TLane : unmanaged, ILane<TLane> => TParts.AreChosen ? value * pixelWeight : value;

    /// <summary>
    /// From Ẑ and U to both logits and both reliabilities. Returns dL/dH_s and dL/dH_t summed over the classes, for the reliability that they share.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private ReliabilityGradients<TLane> ThroughHybrid<TLane, TScratch>(TScratch scratch, TLane hybridReliability)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        TLane one = TLane.Splat(1f);
        ReliabilityGradients<TLane> reliabilities = default;
        for (int c = 0; c < Classes; c++)
        {
            TLane positive = scratch.Get(Positive + c);
            TLane exponentGradient = scratch.Get(ExponentGradient + c);
            TLane shared = _reliability == Reliability.Bce ? -(exponentGradient * positive) : hybridReliability;
            TLane hybrid = TLane.Fma(shared, scratch.Get(HybridSlope + c), scratch.Get(HybridPart + c));
            TLane hs = scratch.Get(StudentReliability + c);
            TLane ht = scratch.Get(TeacherReliability + c);
            TLane share = IsUnmixed ? one : TeacherShare.Of(hs, ht);
            TLane shareGradient = IsUnmixed ? TLane.Splat(0f) : hybrid * (scratch.Get(Teacher + c) - scratch.Get(Student + c));
            TLane perReliability = TLane.SelectGreater(hs + ht, TLane.Splat(TeacherShare.SmallestNormal), shareGradient / (hs + ht), TLane.Splat(0f));
            TLane studentReliability = TLane.Fma(exponentGradient, one + positive, perReliability * (one - share));
            TLane teacherReliability = -(perReliability * share);
            TLane student = TLane.Fma(hybrid, one - share, scratch.Get(StudentPart + c));
            TLane teacher = hybrid * share;
            if (_reliability == Reliability.Bce)
            {
                student = TLane.Fma(studentReliability, scratch.Get(StudentSlope + c), student);
                teacher = TLane.Fma(teacherReliability, scratch.Get(TeacherSlope + c), teacher);
            }

            scratch.Set(StudentPart + c, student);
            scratch.Set(HybridPart + c, teacher);
            reliabilities.Student += studentReliability;
            reliabilities.Teacher += teacherReliability;
        }

        return reliabilities;
    }

    /// <summary>The gradients, weighted and with the supervision's, in the place of the logits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Finish<TLane, TScratch>(TScratch scratch, ReliabilityGradients<TLane> reliabilities, TLane factor, TLane valid)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        TLane zero = TLane.Splat(0f);
        for (int c = 0; c < Classes; c++)
        {
            TLane student = scratch.Get(StudentPart + c);
            TLane teacher = scratch.Get(HybridPart + c);
            if (_reliability == Reliability.SoftmaxCe)
            {
                student = TLane.Fma(reliabilities.Student, scratch.Get(StudentSlope + c), student);
                teacher = TLane.Fma(reliabilities.Teacher, scratch.Get(TeacherSlope + c), teacher);
            }

            student *= factor;
            teacher *= factor;
            if (_supervision != ProjectorSupervision.None)
            {
                student += scratch.Get(StudentSupervision + c);
                teacher += scratch.Get(TeacherSupervision + c);
            }

            scratch.Set(Student + c, TLane.SelectGreater(valid, zero, student, zero));
            scratch.Set(Teacher + c, TLane.SelectGreater(valid, zero, teacher, zero));
        }
    }

    /// <summary>Logarithms of q and p, or of their sums.</summary>
    private struct Logarithms<TLane>
        where TLane : unmanaged, ILane<TLane>
    {
        public TLane Hybrid;
        public TLane Student;
    }

    /// <summary>Sums over the classes of a pixel: V·a, V·q and q·b with ω, and q·(log q - log p).</summary>
    private struct Averages<TLane>
        where TLane : unmanaged, ILane<TLane>
    {
        public TLane Weighted;
        public TLane Product;
        public TLane Hybrid;
        public TLane Divergence;
    }

    /// <summary>dL/dH_s and dL/dH_t summed over the classes of a pixel.</summary>
    private struct ReliabilityGradients<TLane>
        where TLane : unmanaged, ILane<TLane>
    {
        public TLane Student;
        public TLane Teacher;
    }
}
