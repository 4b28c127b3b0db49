using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Losses;

// The same numbers with half the transcendental functions. With v = ±z (minus for the label's class) a reliability is H = log(1 + e^v), so
// e^U = e^H_s·max(1, e^H_s / e^H(Ẑ)) is rational in e^z_s and e^Ẑ, and both are the softmaxes' exponentials too: neither H(Ẑ) nor U is ever formed.
// The price is that nothing is taken from the exponents first, so it holds for logits whose exponentials stay finite when multiplied; a lane
// with larger ones takes the general way.
public readonly partial struct HeteroAkdLoss
{
    // z_s² + z_t² up to here keeps |z| below 24.5 and e^U·e^Ẑ below e^74.
    private const float LargestMagnitude = 600f;

    // e^U·e^Ẑ after DistilBounded's first loop, e^H_s before it.
    private int Product => Exponent;

    private int StudentExponential => StudentReliability;

    /// <summary>Eq. 5-7: Ẑ, e^H_s and e^z_s to scratch.</summary>
    private Mixture<TLane> MingleBounded<TLane, TScratch>(TScratch scratch, TLane label)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        TLane zero = TLane.Splat(0f);
        TLane one = TLane.Splat(1f);
        TLane supervision = TLane.Splat(_supervisionWeight) / TLane.Splat(Classes);
        Mixture<TLane> mixture = Empty<TLane>();
        for (int c = 0; c < Classes; c++)
        {
            TLane sign = OneVsRest<TLane>.Sign(label, c);
            TLane zs = scratch.Get(Student + c);
            TLane zt = scratch.Get(Teacher + c);
            TLane v = zs * sign;
            TLane e = TLane.Exp(-TLane.Abs(zs));
            TLane sum = one + e;

            // One division for both: 1/e = sum·quotient and 1/sum = e·quotient.
            TLane quotient = TLane.Reciprocal(e * sum);
            TLane inverse = quotient * sum;
            TLane student = TLane.SelectGreater(v, zero, v, zero) + TLane.Log1p(e);
            OneVsRest<TLane> teacher = new(zt, sign);
            TLane share = ShareOf(student, teacher.Loss);
            scratch.Set(Hybrid + c, TLane.Fma(share, zt - zs, zs));
            scratch.Set(Product + c, TLane.SelectGreater(v, zero, inverse, one) * sum);
            scratch.Set(StudentExponential + c, TLane.SelectGreater(zs, zero, inverse, e));
            if (_supervision == ProjectorSupervision.Bce)
            {
                TLane slope = sign * TLane.SelectGreater(v, zero, one, e) * (quotient * e);
                scratch.Set(StudentSupervision + c, slope * supervision);
                scratch.Set(TeacherSupervision + c, teacher.Slope * supervision);
            }

            mixture.MaxStudent = Larger(zs, mixture.MaxStudent);
            mixture.Magnitude = Larger(TLane.Fma(zs, zs, zt * zt), mixture.Magnitude);
            mixture.Share += share;
            mixture.Student += student;
            mixture.Teacher += teacher.Loss;
        }

        return mixture;
    }

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
    private Exponentials<TLane> WeighBounded<TLane, TScratch>(TScratch scratch, Mixture<TLane> mixture, TLane label)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        TLane zero = TLane.Splat(0f);
        TLane one = TLane.Splat(1f);
        Exponentials<TLane> sums = default;
        for (int c = 0; c < Classes; c++)
        {
            TLane zs = scratch.Get(Student + c);
            TLane zh = scratch.Get(Hybrid + c);
            TLane student = scratch.Get(Product + c);
            TLane e = TLane.Exp(-TLane.Abs(zh));
            TLane positive = zh * OneVsRest<TLane>.Sign(label, c);
            TLane ratio = student * TLane.SelectGreater(positive, zero, e, one) / (one + e);
            TLane w = student * TLane.SelectGreater(ratio, one, ratio, one);
            TLane q = TLane.SelectGreater(zh, zero, one / e, e);
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
