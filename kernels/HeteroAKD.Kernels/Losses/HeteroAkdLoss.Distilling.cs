using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Losses;

// Eq. 10 with Ẑ, S, W and H constant in the gradient: dL/dz_s = (p·ΣWq - Wq)/τ, the same for both forms.
public readonly partial struct HeteroAkdLoss<TParts>
{
    private bool IsUnweighted => TParts.AreChosen && _weighting == 0;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private Distilled<TLane> Distil<TLane, TScratch>(TScratch scratch, Mixture<TLane> mixture, TLane label, TLane valid, int image)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        Exponentials<TLane> sums = Exponentiate(scratch, mixture, image);
        TLane tau = TLane.Splat(_tau);
        TLane scale = Scale<TLane>(image);
        if (TParts.AreChosen)
        {
            scale *= LabelWeight(label);
        }

        TLane norm = TLane.Reciprocal(sums.Weight * sums.Hybrid);
        TLane logStudent = TLane.Log(sums.Student);
        TLane offset = logStudent - TLane.Log(sums.Hybrid);
        TLane gradient = TLane.Splat(_weight) * scale * norm / tau;
        Subtract(scratch, Hybrid, gradient * sums.Product / sums.Student, gradient, valid);
        return new Distilled<TLane>
        {
            Loss = scale * norm * (sums.Weighted + (sums.Product * (_form == DistillationForm.Kl ? offset : logStudent))),
            Divergence = (sums.Plain / sums.Hybrid) + offset,
        };
    }

    /// <summary>Replaces U by e^U·e^(Ẑ/τ) and Ẑ by e^(z_s/τ), each less its maximum, and sums them up in one loop; they are normalised afterwards.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private Exponentials<TLane> Exponentiate<TLane, TScratch>(TScratch scratch, Mixture<TLane> mixture, int image)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        TLane inverseTau = TLane.Reciprocal(TLane.Splat(_tau));
        Exponentials<TLane> sums = default;
        for (int c = 0; c < Classes; c++)
        {
            TLane zs = (scratch.Get(Student + c) - mixture.MaxStudent) * inverseTau;
            TLane zh = (scratch.Get(Hybrid + c) - mixture.MaxHybrid) * inverseTau;
            TLane w = Importance(scratch, mixture, image, c);
            TLane q = TLane.ExpNonpositive(zh);
            TLane p = TLane.ExpNonpositive(zs);
            TLane product = w * q;
            TLane difference = zh - zs;
            sums.Weight += w;
            sums.Hybrid += q;
            sums.Student += p;
            sums.Product += product;
            sums.Plain = TLane.Fma(q, difference, sums.Plain);
            sums.Weighted = TLane.Fma(product, _form == DistillationForm.Kl ? difference : -zs, sums.Weighted);
            scratch.Set(Exponent + c, product);
            scratch.Set(Hybrid + c, p);
        }

        if (_axis == WeightAxis.Spatial)
        {
            sums.Weight = SpatialNorm<TLane>(image);
        }

        return sums;
    }

    /// <summary>V of a class before it is normalised.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private TLane Importance<TLane, TScratch>(TScratch scratch, Mixture<TLane> mixture, int image, int c)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane> =>
        IsUnweighted ? TLane.Splat(1f) : TLane.Exp(scratch.Get(Exponent + c) - Shift(mixture, image, c));

    /// <summary>What to take from U before exponentiating: with the spatial axis log Σ e^U, so that W needs no further norm.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private TLane Shift<TLane>(Mixture<TLane> mixture, int image, int c)
        where TLane : unmanaged, ILane<TLane> =>
        _axis == WeightAxis.Spatial ? TLane.LoadSplat(_spatialTotals, (image * (Classes + 1)) + c) : mixture.MaxExponent;

    /// <summary>What to divide V by with the spatial axis: nothing after <see cref="Shift"/>, the image's valid pixels where all weigh the same.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private TLane SpatialNorm<TLane>(int image)
        where TLane : unmanaged, ILane<TLane> =>
        IsUnweighted ? SpatialMembers<TLane>(image) : TLane.Splat(1f);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private TLane SpatialMembers<TLane>(int image)
        where TLane : unmanaged, ILane<TLane> =>
        TLane.LoadSplat(_spatialTotals, (image * (Classes + 1)) + Classes);

    /// <summary>κ, what W adds up to: W = κ·V.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private TLane WeightSum<TLane>(int image)
        where TLane : unmanaged, ILane<TLane> =>
        _meanOfOne == 0 ? TLane.Splat(1f) : _axis == WeightAxis.Spatial ? SpatialMembers<TLane>(image) : TLane.Splat(Classes);

    /// <summary>ω, what the pixel weighs by its label.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private TLane LabelWeight<TLane>(TLane label)
        where TLane : unmanaged, ILane<TLane> =>
        _classWeighted != 0 ? TLane.Gather(_classWeights, 0, TLane.Max(label, TLane.Splat(0f))) : TLane.Splat(1f);

    /// <summary>τ² if asked, and κ.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private TLane Scale<TLane>(int image)
        where TLane : unmanaged, ILane<TLane>
    {
        TLane tau = TLane.Splat(_tau);
        TLane scale = _scaleTauSquared != 0 ? tau * tau : TLane.Splat(1f);
        return TParts.AreChosen ? scale * WeightSum<TLane>(image) : scale;
    }

    /// <summary>The gradients, in the place of the logits; <paramref name="student"/> is where e^(z_s/τ) lies.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Subtract<TLane, TScratch>(TScratch scratch, int student, TLane scaleStudent, TLane scaleProduct, TLane valid)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        TLane zero = TLane.Splat(0f);
        for (int c = 0; c < Classes; c++)
        {
            TLane gradient = TLane.NegatedFma(scratch.Get(Exponent + c), scaleProduct, scratch.Get(student + c) * scaleStudent);
            if (_supervision != ProjectorSupervision.None)
            {
                gradient += scratch.Get(StudentSupervision + c);
                scratch.Set(Teacher + c, TLane.SelectGreater(valid, zero, scratch.Get(TeacherSupervision + c), zero));
            }

            scratch.Set(Student + c, TLane.SelectGreater(valid, zero, gradient, zero));
        }
    }

    /// <summary>Sums over the classes: e^U, e^(Ẑ/τ), e^(z_s/τ), the product of the first two, and that product and e^(Ẑ/τ) times what they weigh.</summary>
    private struct Exponentials<TLane>
        where TLane : unmanaged, ILane<TLane>
    {
        public TLane Weight;
        public TLane Hybrid;
        public TLane Student;
        public TLane Product;
        public TLane Weighted;
        public TLane Plain;
    }
}
