using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Losses;

// Eq. 5-9 up to the exponent of W, and the supervision of the projectors.
public readonly partial struct HeteroAkdLoss<TParts>
{
    private bool IsUnmixed => TParts.AreChosen && _mixing == 0;

    /// <summary>Ẑ and U of every class to scratch; with the attached gradient also H, dH/dz and where ΔH &gt; 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal Mixture<TLane> Mix<TLane, TScratch>(TScratch scratch, TLane label)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane> =>
        _reliability == Reliability.Bce ? MixOneVsRest<TLane, TScratch>(scratch, label) : MixSoftmax<TLane, TScratch>(scratch, label);

    private static Mixture<TLane> Empty<TLane>()
        where TLane : unmanaged, ILane<TLane>
    {
        Mixture<TLane> mixture = default;
        mixture.MaxStudent = TLane.Splat(float.NegativeInfinity);
        mixture.MaxHybrid = TLane.Splat(float.NegativeInfinity);
        return mixture;
    }

    /// <summary>
    /// Two loops, not one: a class is one long chain of dependent operations (H, S, Ẑ, H(Ẑ)), and a processor overlaps the chains of neighbouring
    /// classes only as far as it looks ahead.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private Mixture<TLane> MixOneVsRest<TLane, TScratch>(TScratch scratch, TLane label)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        Mixture<TLane> mixture = Mingle<TLane, TScratch>(scratch, label);
        return Discrepancies(scratch, label, mixture);
    }

    /// <summary>Eq. 5-7: Ẑ to scratch, and H_s in the place of U.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private Mixture<TLane> Mingle<TLane, TScratch>(TScratch scratch, TLane label)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        TLane supervision = TLane.Splat(_supervisionWeight) / TLane.Splat(Classes);
        Mixture<TLane> mixture = Empty<TLane>();
        for (int c = 0; c < Classes; c++)
        {
            TLane sign = OneVsRest<TLane>.Sign(label, c);
            TLane zs = scratch.Get(Student + c);
            TLane zt = scratch.Get(Teacher + c);
            OneVsRest<TLane> student = new(zs, sign);
            OneVsRest<TLane> teacher = new(zt, sign);
            TLane share = TeacherShare.Of(student.Loss, teacher.Loss);
            TLane zh = IsUnmixed ? zt : TLane.Fma(share, zt - zs, zs);
            scratch.Set(Hybrid + c, zh);
            scratch.Set(Exponent + c, student.Loss);
            if (_supervision == ProjectorSupervision.Bce)
            {
                scratch.Set(StudentSupervision + c, student.Slope * supervision);
                scratch.Set(TeacherSupervision + c, teacher.Slope * supervision);
            }

            if (_attached != 0)
            {
                scratch.Set(StudentReliability + c, student.Loss);
                scratch.Set(TeacherReliability + c, teacher.Loss);
                scratch.Set(StudentSlope + c, student.Slope);
                scratch.Set(TeacherSlope + c, teacher.Slope);
            }

            mixture.MaxStudent = TLane.Larger(zs, mixture.MaxStudent);
            mixture.MaxHybrid = TLane.Larger(zh, mixture.MaxHybrid);
            mixture.Share += share;
            mixture.Student += student.Loss;
            mixture.Teacher += teacher.Loss;
        }

        return mixture;
    }

    /// <summary>Eq. 8 and the exponent of Eq. 9: U in the place of H_s.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private Mixture<TLane> Discrepancies<TLane, TScratch>(TScratch scratch, TLane label, Mixture<TLane> mixture)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        TLane zero = TLane.Splat(0f);
        for (int c = 0; c < Classes; c++)
        {
            OneVsRest<TLane> hybrid = new(scratch.Get(Hybrid + c), OneVsRest<TLane>.Sign(label, c));
            TLane student = scratch.Get(Exponent + c);
            TLane discrepancy = student - hybrid.Loss;
            TLane exponent = student + TLane.SelectGreater(discrepancy, zero, discrepancy, zero);
            scratch.Set(Exponent + c, exponent);
            mixture.MaxExponent = TLane.Larger(exponent, mixture.MaxExponent);
            if (_attached != 0)
            {
                scratch.Set(HybridSlope + c, hybrid.Slope);
                scratch.Set(Positive + c, TLane.SelectGreater(discrepancy, zero, TLane.Splat(1f), zero));
            }
        }

        return mixture;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private Mixture<TLane> MixSoftmax<TLane, TScratch>(TScratch scratch, TLane label)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        TLane zero = TLane.Splat(0f);
        TLane one = TLane.Splat(1f);

        // Slopes that nobody needs go where something else will be written.
        TLane student = SoftmaxReliability(scratch, Student, _attached != 0 ? StudentSlope : Exponent, label, one);
        TLane teacher = SoftmaxReliability(scratch, Teacher, _attached != 0 ? TeacherSlope : Exponent, label, one);
        TLane share = TeacherShare.Of(student, teacher);
        Mixture<TLane> mixture = Empty<TLane>();
        for (int c = 0; c < Classes; c++)
        {
            TLane zs = scratch.Get(Student + c);
            TLane zt = scratch.Get(Teacher + c);
            TLane zh = IsUnmixed ? zt : TLane.Fma(share, zt - zs, zs);
            scratch.Set(Hybrid + c, zh);
            mixture.MaxStudent = TLane.Larger(zs, mixture.MaxStudent);
            mixture.MaxHybrid = TLane.Larger(zh, mixture.MaxHybrid);
        }

        TLane hybrid = SoftmaxReliability(scratch, Hybrid, _attached != 0 ? HybridSlope : Exponent, label, one);
        TLane discrepancy = student - hybrid;
        mixture.MaxExponent = student + TLane.SelectGreater(discrepancy, zero, discrepancy, zero);
        for (int c = 0; c < Classes; c++)
        {
            scratch.Set(Exponent + c, mixture.MaxExponent);
            if (_attached != 0)
            {
                scratch.Set(StudentReliability + c, student);
                scratch.Set(TeacherReliability + c, teacher);
                scratch.Set(Positive + c, TLane.SelectGreater(discrepancy, zero, one, zero));
            }
        }

        TLane classes = TLane.Splat(Classes);
        mixture.Share = share * classes;
        mixture.Student = student * classes;
        mixture.Teacher = teacher * classes;
        return mixture;
    }

    /// <summary>
    /// Cross-entropy of the softmax of the logits at <paramref name="from"/>; its gradient times <paramref name="weight"/> goes to
    /// <paramref name="slope"/>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private TLane SoftmaxReliability<TLane, TScratch>(TScratch scratch, int from, int slope, TLane label, TLane weight)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        TLane zero = TLane.Splat(0f);
        TLane one = TLane.Splat(1f);
        TLane max = scratch.Get(from);
        TLane best = zero;
        TLane labelLogit = max;
        for (int c = 1; c < Classes; c++)
        {
            TLane z = scratch.Get(from + c);
            best = TLane.SelectGreater(z, max, TLane.Splat(c), best);
            max = TLane.Larger(z, max);
            labelLogit = TLane.SelectEqual(label, TLane.Splat(c), z, labelLogit);
        }

        // The largest term is 1 and stays out of the sum: a good prediction's H is all in the rest, and S is a ratio of such numbers.
        TLane rest = zero;
        for (int c = 0; c < Classes; c++)
        {
            TLane e = TLane.ExpNonpositive(scratch.Get(from + c) - max);
            rest += TLane.SelectEqual(best, TLane.Splat(c), zero, e);
            scratch.Set(slope + c, e);
        }

        TLane scale = weight / (one + rest);
        for (int c = 0; c < Classes; c++)
        {
            scratch.Set(slope + c, (scratch.Get(slope + c) * scale) - TLane.SelectEqual(label, TLane.Splat(c), weight, zero));
        }

        TLane logarithm = TLane.SelectGreater(rest, one, TLane.Log(one + rest), TLane.Log1p(TLane.Min(rest, one)));
        return logarithm - (labelLogit - max);
    }

    /// <summary>
    /// Binary cross-entropy summed over the classes of the logits at <paramref name="from"/>; its weighted gradient goes to <paramref name="slope"/>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private TLane SuperviseOneVsRest<TLane, TScratch>(TScratch scratch, int from, int slope, TLane label)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        TLane weight = TLane.Splat(_supervisionWeight) / TLane.Splat(Classes);
        TLane sum = TLane.Splat(0f);
        for (int c = 0; c < Classes; c++)
        {
            OneVsRest<TLane> one = new(scratch.Get(from + c), OneVsRest<TLane>.Sign(label, c));
            sum += one.Loss;
            scratch.Set(slope + c, one.Slope * weight);
        }

        return sum;
    }
}
