using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Losses;

/// <summary>
/// The HeteroAKD loss (paper Eq. 5-10) at one pixel: from the projected logits of student and teacher and the label to the hybrid logits, the weights,
/// the weighted loss, the supervision of the projectors and all gradients. The formulas are spelled out in REF.
/// S0 L_hakd (times τ² if asked), S1 valid pixels, S2 and S3 supervision of teacher and student, S4 KL(q ‖ p), S5 teacher's share S, S6 H_t, S7 H_s
/// (S5-S7 averaged over the classes).
/// </summary>
public readonly partial struct HeteroAkdLoss : IPixelLoss
{
    private readonly DistillationForm _form;
    private readonly ProjectorSupervision _supervision;
    private readonly int _attached;
    private readonly int _scaleTauSquared;
    private readonly float _tau;
    private readonly float _weight;
    private readonly float _supervisionWeight;

    /// <summary>The loss of <paramref name="options"/> with the class axis.</summary>
    public HeteroAkdLoss(int classes, in HeteroAkdOptions options)
    {
        Classes = classes;
        _form = options.Form;
        _supervision = options.Supervision;
        _attached = options.Detach ? 0 : 1;
        _scaleTauSquared = options.ScaleTauSquared ? 1 : 0;
        _tau = options.Tau;
        _weight = options.Weight;
        _supervisionWeight = options.SupervisionWeight;
    }

    /// <inheritdoc/>
    public int Classes { get; }

    /// <inheritdoc/>
    public int Inputs => 2;

    /// <summary>The student's gradient, and the teacher's unless it is zero by the options.</summary>
    public int Outputs => _attached != 0 || _supervision != ProjectorSupervision.None ? 2 : 1;

    /// <inheritdoc/>
    public int ScratchLength => Classes * (_supervision != ProjectorSupervision.None ? 6 : 4);

    // Scratch, in units of C lanes.
    private int Student => 0;

    private int Teacher => Classes;

    // Ẑ, then e^(z_s/τ)
    private int Hybrid => 2 * Classes;

    // U, then e^U·e^(Ẑ/τ)
    private int Weight => 3 * Classes;

    // gradients of the supervision
    private int StudentSlope => 4 * Classes;

    private int TeacherSlope => 5 * Classes;

    /// <inheritdoc/>
    public Sums<TLane> Compute<TLane, TScratch>(TScratch scratch, TLane label, TLane valid, int image)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        TLane zero = TLane.Splat(0f);
        Mixture<TLane> mixture = MixOneVsRest<TLane, TScratch>(scratch, label);
        Distilled<TLane> distilled = Exponentiate(scratch, mixture, image);
        Subtract(scratch, distilled, valid);
        Sums<TLane> sums = default;
        sums.S0 = distilled.Loss;
        sums.S2 = mixture.SupervisionTeacher;
        sums.S3 = mixture.SupervisionStudent;
        sums.S4 = distilled.Divergence;
        TLane perClass = TLane.Reciprocal(TLane.Splat(Classes));
        sums.S5 = mixture.Share * perClass;
        sums.S6 = mixture.Teacher * perClass;
        sums.S7 = mixture.Student * perClass;
        return new Sums<TLane>
        {
            S0 = TLane.SelectGreater(valid, zero, sums.S0, zero),
            S1 = valid,
            S2 = TLane.SelectGreater(valid, zero, sums.S2, zero),
            S3 = TLane.SelectGreater(valid, zero, sums.S3, zero),
            S4 = TLane.SelectGreater(valid, zero, sums.S4, zero),
            S5 = TLane.SelectGreater(valid, zero, sums.S5, zero),
            S6 = TLane.SelectGreater(valid, zero, sums.S6, zero),
            S7 = TLane.SelectGreater(valid, zero, sums.S7, zero),
        };
    }

    /// <summary>Eq. 5-9 up to the exponent: Ẑ and U of every class to scratch.</summary>
    private Mixture<TLane> MixOneVsRest<TLane, TScratch>(TScratch scratch, TLane label)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        TLane zero = TLane.Splat(0f);
        TLane supervision = TLane.Splat(_supervisionWeight) / TLane.Splat(Classes);
        Mixture<TLane> mixture = default;
        mixture.MaxStudent = TLane.Splat(float.NegativeInfinity);
        mixture.MaxHybrid = mixture.MaxStudent;
        for (int c = 0; c < Classes; c++)
        {
            TLane sign = OneVsRest<TLane>.Sign(label, c);
            TLane zs = scratch.Get(Student + c);
            TLane zt = scratch.Get(Teacher + c);
            OneVsRest<TLane> student = new(zs, sign);
            OneVsRest<TLane> teacher = new(zt, sign);
            TLane both = student.Loss + teacher.Loss;
            TLane share = TLane.SelectGreater(both, TLane.Splat(SmallestNormal), student.Loss / both, TLane.Splat(0.5f));
            TLane zh = TLane.Fma(share, zt - zs, zs);
            OneVsRest<TLane> hybrid = new(zh, sign);
            TLane discrepancy = student.Loss - hybrid.Loss;
            TLane u = student.Loss + TLane.SelectGreater(discrepancy, zero, discrepancy, zero);
            scratch.Set(Hybrid + c, zh);
            scratch.Set(Weight + c, u);
            if (_supervision == ProjectorSupervision.Bce)
            {
                scratch.Set(StudentSlope + c, student.Slope * supervision);
                scratch.Set(TeacherSlope + c, teacher.Slope * supervision);
            }

            mixture.MaxStudent = TLane.SelectGreater(zs, mixture.MaxStudent, zs, mixture.MaxStudent);
            mixture.MaxHybrid = TLane.SelectGreater(zh, mixture.MaxHybrid, zh, mixture.MaxHybrid);
            mixture.MaxWeight = TLane.SelectGreater(u, mixture.MaxWeight, u, mixture.MaxWeight);
            mixture.Share += share;
            mixture.Student += student.Loss;
            mixture.Teacher += teacher.Loss;
        }

        mixture.SupervisionStudent = mixture.Student;
        mixture.SupervisionTeacher = mixture.Teacher;
        return mixture;
    }

    private const float SmallestNormal = 1.17549435e-38f;

    private Distilled<TLane> Exponentiate<TLane, TScratch>(TScratch scratch, Mixture<TLane> mixture, int image)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        TLane inverseTau = TLane.Reciprocal(TLane.Splat(_tau));
        TLane sumW = TLane.Splat(0f);
        TLane sumQ = sumW;
        TLane sumP = sumW;
        TLane sumWQ = sumW;
        TLane weighted = sumW;
        TLane plain = sumW;
        for (int c = 0; c < Classes; c++)
        {
            TLane zs = (scratch.Get(Student + c) - mixture.MaxStudent) * inverseTau;
            TLane zh = (scratch.Get(Hybrid + c) - mixture.MaxHybrid) * inverseTau;
            TLane w = TLane.Exp(scratch.Get(Weight + c) - mixture.MaxWeight);
            TLane q = TLane.Exp(zh);
            TLane p = TLane.Exp(zs);
            TLane wq = w * q;
            TLane difference = zh - zs;
            sumW += w;
            sumQ += q;
            sumP += p;
            sumWQ += wq;
            plain = TLane.Fma(q, difference, plain);
            weighted = TLane.Fma(wq, _form == DistillationForm.Kl ? difference : -zs, weighted);
            scratch.Set(Weight + c, wq);
            scratch.Set(Hybrid + c, p);
        }

        TLane logP = TLane.Log(sumP);
        TLane offset = logP - TLane.Log(sumQ);
        TLane tau = TLane.Splat(_tau);
        TLane scale = _scaleTauSquared != 0 ? tau * tau : TLane.Splat(1f);
        TLane norm = TLane.Reciprocal(sumW * sumQ);
        TLane gradient = TLane.Splat(_weight) * scale * inverseTau * norm;
        return new Distilled<TLane>
        {
            Loss = scale * norm * (weighted + (sumWQ * (_form == DistillationForm.Kl ? offset : logP))),
            Divergence = (plain / sumQ) + offset,
            ScaleP = gradient * sumWQ / sumP,
            ScaleWQ = gradient,
        };
    }

    private void Subtract<TLane, TScratch>(TScratch scratch, Distilled<TLane> distilled, TLane valid)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        TLane zero = TLane.Splat(0f);
        for (int c = 0; c < Classes; c++)
        {
            TLane gradient = (scratch.Get(Hybrid + c) * distilled.ScaleP) - (scratch.Get(Weight + c) * distilled.ScaleWQ);
            if (_supervision != ProjectorSupervision.None)
            {
                gradient += scratch.Get(StudentSlope + c);
                scratch.Set(Teacher + c, TLane.SelectGreater(valid, zero, scratch.Get(TeacherSlope + c), zero));
            }

            scratch.Set(Student + c, TLane.SelectGreater(valid, zero, gradient, zero));
        }
    }

    private struct Mixture<TLane>
        where TLane : unmanaged, ILane<TLane>
    {
        public TLane MaxStudent;
        public TLane MaxHybrid;
        public TLane MaxWeight;
        public TLane Share;
        public TLane Student;
        public TLane Teacher;
        public TLane SupervisionStudent;
        public TLane SupervisionTeacher;
    }

    private struct Distilled<TLane>
        where TLane : unmanaged, ILane<TLane>
    {
        public TLane Loss;
        public TLane Divergence;
        public TLane ScaleP;
        public TLane ScaleWQ;
    }
}
