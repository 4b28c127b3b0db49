using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Losses;

// The same numbers with half the transcendental functions. With v = ±z (minus for the label's class) a reliability is H = log(1 + e^v), so
// e^U = e^H_s·max(1, e^H_s / e^H(Ẑ)) is rational in e^z_s and e^Ẑ, and both are the softmaxes' exponentials too: neither H(Ẑ) nor U is ever formed.
// The price is that nothing is taken from the exponents first, so it holds for logits whose exponentials stay finite when multiplied; a lane
// with larger ones takes the general way.
public readonly partial struct HeteroAkdLoss<TParts>
{
    // z_s² + z_t² up to here keeps |z| below 24.5 and e^U·e^Ẑ below e^74.
    private const float LargestMagnitude = 600f;

    // e^U·e^Ẑ after DistilBounded's first loop, e^H_s before it.
    private int Product => Exponent;

    private int StudentExponential => StudentReliability;

    // What one loop leaves for the next: H_s, later e^-|Ẑ|.
    private int Between => TeacherReliability;

    /// <summary>
    /// Eq. 5-7: Ẑ, e^H_s and e^z_s to scratch. Three loops, not one: what a class needs is a chain of some 200 dependent cycles, and a processor's
    /// scheduler holds fewer instructions than one such chain has; of shorter ones it runs several side by side.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private Mixture<TLane> MingleBounded<TLane, TScratch>(TScratch scratch, TLane label)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        Mixture<TLane> mixture = Measure<TLane, TScratch>(scratch);
        ReliabilitiesBounded(scratch, label);
        for (int c = 0; c < Classes; c++)
        {
            TLane zs = scratch.Get(Student + c);
            TLane student = scratch.Get(Between + c);
            TLane teacher = scratch.Get(Hybrid + c);
            TLane share = TLane.DivideNormal(student, student + teacher);
            scratch.Set(Hybrid + c, TLane.Fma(share, scratch.Get(Teacher + c) - zs, zs));
            mixture.Share += share;
            mixture.Student += student;
            mixture.Teacher += teacher;
        }

        return mixture;
    }

    /// <summary>e^-|z_s| and e^-|z_t| to where e^z_s and the teacher's supervision will be; the largest z_s and z_s² + z_t².</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private Mixture<TLane> Measure<TLane, TScratch>(TScratch scratch)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        Mixture<TLane> mixture = Empty<TLane>();
        for (int c = 0; c < Classes; c++)
        {
            TLane zs = scratch.Get(Student + c);
            TLane zt = scratch.Get(Teacher + c);
            scratch.Set(StudentExponential + c, TLane.ExpNonpositive(-TLane.Abs(zs)));
            scratch.Set(TeacherSupervision + c, TLane.ExpNonpositive(-TLane.Abs(zt)));
            mixture.MaxStudent = TLane.Larger(zs, mixture.MaxStudent);
            mixture.Magnitude = TLane.Larger(TLane.Fma(zs, zs, zt * zt), mixture.Magnitude);
        }

        return mixture;
    }

    /// <summary>From e^-|z|: H_s, H_t (in the place of Ẑ), e^H_s, e^z_s and both supervisions.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ReliabilitiesBounded<TLane, TScratch>(TScratch scratch, TLane label)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        TLane zero = TLane.Splat(0f);
        TLane one = TLane.Splat(1f);
        TLane supervision = TLane.Splat(_supervisionWeight) / TLane.Splat(Classes);
        TLane at = zero;
        for (int c = 0; c < Classes; c++)
        {
            TLane sign = TLane.SelectEqual(label, at, -one, one);
            at += one;
            TLane zs = scratch.Get(Student + c);
            TLane e = scratch.Get(StudentExponential + c);
            TLane v = zs * sign;
            TLane sum = one + e;

            // One division for both: 1/e = sum·quotient and 1/sum = e·quotient.
            TLane quotient = TLane.DivideNormal(one, e * sum);
            TLane inverse = quotient * sum;
            OneVsRest<TLane> teacher = new(scratch.Get(Teacher + c), sign, scratch.Get(TeacherSupervision + c));
            scratch.Set(Between + c, TLane.Larger(v, zero) + TLane.Log1p(e));
            scratch.Set(Hybrid + c, teacher.Loss);
            scratch.Set(Product + c, TLane.SelectGreater(v, zero, inverse, one) * sum);
            scratch.Set(StudentExponential + c, TLane.SelectGreater(zs, zero, inverse, e));
            if (_supervision == ProjectorSupervision.Bce)
            {
                TLane slope = sign * TLane.SelectGreater(v, zero, one, e) * (quotient * e);
                scratch.Set(StudentSupervision + c, slope * supervision);
                scratch.Set(TeacherSupervision + c, teacher.Slope * supervision);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private Distilled<TLane> DistilBounded<TLane, TScratch>(TScratch scratch, Mixture<TLane> mixture, TLane label, TLane valid)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        Exponentials<TLane> sums = WeighBounded(scratch, mixture, label);
        TLane norm = TLane.Reciprocal(sums.Weight * sums.Hybrid);
        TLane gradient = TLane.Splat(_weight) * norm;
        Subtract(scratch, StudentExponential, gradient * sums.Product / sums.Student, gradient, valid);

        // Weighted holds the logits less their maximum: a logarithm as large as the logits would cost it digits.
        TLane offset = TLane.Log(sums.Student / sums.Hybrid);
        TLane logStudent = TLane.Log(sums.Student * TLane.Exp(-mixture.MaxStudent));
        return new Distilled<TLane>
        {
            Loss = norm * (sums.Weighted + (sums.Product * (_form == DistillationForm.Kl ? offset : logStudent))),
            Divergence = (sums.Plain / sums.Hybrid) + offset,
        };
    }

    /// <summary>Eq. 8-9 and the sums of Eq. 10: e^U·e^Ẑ in the place of e^H_s.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private Exponentials<TLane> WeighBounded<TLane, TScratch>(TScratch scratch, Mixture<TLane> mixture, TLane label)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        TLane zero = TLane.Splat(0f);
        TLane one = TLane.Splat(1f);
        for (int c = 0; c < Classes; c++)
        {
            scratch.Set(Between + c, TLane.ExpNonpositive(-TLane.Abs(scratch.Get(Hybrid + c))));
        }

        Exponentials<TLane> sums = default;
        TLane at = zero;
        for (int c = 0; c < Classes; c++)
        {
            TLane zs = scratch.Get(Student + c);
            TLane zh = scratch.Get(Hybrid + c);
            TLane student = scratch.Get(Product + c);
            TLane e = scratch.Get(Between + c);
            TLane positive = TLane.SelectEqual(label, at, -zh, zh);
            at += one;
            TLane sum = one + e;
            TLane quotient = TLane.DivideNormal(one, e * sum);
            TLane ratio = student * TLane.SelectGreater(positive, zero, e, one) * (e * quotient);
            TLane w = student * TLane.Larger(ratio, one);
            TLane q = TLane.SelectGreater(zh, zero, sum * quotient, e);
            TLane product = w * q;
            TLane difference = zh - zs;
            sums.Weight += w;
            sums.Hybrid += q;
            sums.Student += scratch.Get(StudentExponential + c);
            sums.Product += product;
            sums.Plain = TLane.Fma(q, difference, sums.Plain);
            sums.Weighted = TLane.Fma(product, _form == DistillationForm.Kl ? difference : mixture.MaxStudent - zs, sums.Weighted);
            scratch.Set(Product + c, product);
        }

        return sums;
    }
}
