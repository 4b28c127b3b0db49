using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Losses;

/// <summary>
/// The HeteroAKD loss (paper Eq. 5-10) at one pixel: from the projected logits of student and teacher and the label to the hybrid logits, the weights,
/// the weighted loss, the supervision of both projectors, and all gradients. The formulas are spelled out in <see cref="HeteroAkdReference"/>.
/// S0 L_hakd (times τ² if asked), S1 valid pixels, S2 and S3 supervision of teacher and student, S4 KL(q ‖ p), S5 teacher's share S, S6 H_t, S7 H_s
/// (S5-S7 averaged over the classes). With class weights S0 is weighted, so that S0/S1 is the weighted mean. Gradients are those of λ2·S0 + supervision.
/// </summary>
/// <remarks>
/// A pixel takes a few loops over its classes: <c>Mixing</c> makes Ẑ and U, then either <c>Distilling</c> (Ẑ, S, W, H constant in the gradient) or
/// <c>Attached</c> (the chain rule through all of them), each with a <c>Binary</c> counterpart. <c>Bounded</c> is a quicker way to the same numbers for the
/// usual options and logits.
/// </remarks>
public readonly partial struct HeteroAkdLoss<TParts> : IPixelLoss
    where TParts : struct, IHeteroAkdParts
{
    private readonly Mem _spatialTotals; // [N, C + 1] log Σ e^U over the valid pixels, and their number; spatial axis only
    private readonly Mem _spatialAverages; // [N, C] Σ V·ω·a over the valid pixels; spatial axis and not detached only
    private readonly Mem _classWeights; // [C] with a mean of 1 over the valid pixels' labels; where there are such
    private readonly WeightAxis _axis;
    private readonly DistillationForm _form;
    private readonly Reliability _reliability;
    private readonly ProjectorSupervision _supervision;
    private readonly int _attached;
    private readonly int _scaleTauSquared;
    private readonly int _quick; // 1 where the options allow the bounded way
    private readonly float _tau;
    private readonly float _weight;
    private readonly float _supervisionWeight;
    private readonly int _mixing;
    private readonly int _weighting;
    private readonly int _meanOfOne; // 1 where W has a mean of one, not a sum
    private readonly int _classWeighted;

    /// <summary>
    /// The loss of <paramref name="options"/>, which fixed parts must be able to compute. The maps [N, C + 1] and [N, C] are what
    /// <see cref="SpatialReduceKernel"/> made before, for the spatial axis; with the class axis give any memory. Class weights [C] are those that
    /// <see cref="MeanOneWeightsKernel"/> made; give any memory and false where there are none.
    /// </summary>
    /// <exception cref="ArgumentException">Fixed parts cannot compute these options.</exception>
    public HeteroAkdLoss(int classes, in HeteroAkdOptions options, Mem spatialTotals, Mem spatialAverages, Mem classWeights, bool classWeighted)
    {
        if (!TParts.AreChosen && (classWeighted || !options.HasFixedParts))
        {
            throw new ArgumentException(
                $"HeteroAkdLoss: {typeof(TParts).Name} cannot compute {options}{(classWeighted ? " with class weights" : "")}; take {nameof(ChosenParts)}",
                nameof(options));
        }

        Classes = classes;
        _axis = options.Axis;
        _form = options.Form;
        _reliability = options.Reliability;
        _supervision = options.Supervision;
        _attached = options.Detach ? 0 : 1;
        _scaleTauSquared = options.ScaleTauSquared ? 1 : 0;
        _tau = options.Tau;
        _weight = options.Unit == LossUnit.Element ? options.Weight / classes : options.Weight;
        _supervisionWeight = options.SupervisionWeight;
        _quick = options is { Detach: true, Axis: WeightAxis.Class, Reliability: Reliability.Bce, Tau: 1 } ? 1 : 0;
        _spatialTotals = spatialTotals;
        _spatialAverages = spatialAverages;
        _classWeights = classWeights;
        _classWeighted = classWeighted ? 1 : 0;
        _mixing = options.Mixing ? 1 : 0;
        _weighting = options.Weighting ? 1 : 0;
        _meanOfOne = options.WeightScale == WeightScale.Classes ? 1 : 0;
    }

    /// <inheritdoc/>
    public int Classes { get; }

    /// <inheritdoc/>
    public int Inputs => 2;

    private bool IsBinary => TParts.AreChosen && _form == DistillationForm.Binary;

    /// <summary>The student's gradient, and the teacher's unless the options make it zero.</summary>
    public int Outputs => _attached != 0 || _supervision != ProjectorSupervision.None ? 2 : 1;

    /// <inheritdoc/>
    public int ScratchLength => Classes * (_attached != 0 ? 15 : 8);

    // Scratch, in units of C lanes: what is there after mixing. All but the first six are kept for the attached gradient and for pictures only
    // (the bounded way puts e^z_s in the seventh, and H_s in the eighth for a while).
    internal int Student => 0;

    internal int Teacher => Classes;

    internal int Hybrid => 2 * Classes;

    // U = H_s + ΔH
    internal int Exponent => 3 * Classes;

    // the supervision's gradients, weighted
    internal int StudentSupervision => 4 * Classes;

    internal int TeacherSupervision => 5 * Classes;

    internal int StudentReliability => 6 * Classes;

    internal int TeacherReliability => 7 * Classes;

    // dH/dz of the three
    internal int StudentSlope => 8 * Classes;

    internal int TeacherSlope => 9 * Classes;

    internal int HybridSlope => 10 * Classes;

    // 1 where ΔH > 0
    internal int Positive => 11 * Classes;

    // work area of the attached gradient
    internal int First => 12 * Classes;

    internal int Second => 13 * Classes;

    internal int Third => 14 * Classes;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public Sums<TLane> Compute<TLane, TScratch>(TScratch scratch, TLane label, TLane valid, int image)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        TLane zero = TLane.Splat(0f);
        bool quick = !TParts.AreChosen && _quick != 0;
        Mixture<TLane> mixture = quick ? MingleBounded<TLane, TScratch>(scratch, label) : Mix(scratch, label);
        bool bounded = quick && !TLane.AnyGreater(TLane.SelectGreater(valid, zero, mixture.Magnitude, zero), TLane.Splat(LargestMagnitude));
        if (quick && !bounded)
        {
            mixture = Mix(scratch, label);
        }

        Supervision<TLane> supervision = Supervise(scratch, mixture, label);
        Distilled<TLane> distilled = _attached != 0 ? DistilAttached(scratch, mixture, label, valid, image)
            : bounded ? DistilBounded(scratch, mixture, label, valid)
            : IsBinary ? DistilBinary(scratch, mixture, label, valid, image)
            : Distil(scratch, mixture, label, valid, image);
        TLane perClass = TLane.Reciprocal(TLane.Splat(Classes));
        return new Sums<TLane>
        {
            S0 = TLane.SelectGreater(valid, zero, distilled.Loss, zero),
            S1 = valid,
            S2 = TLane.SelectGreater(valid, zero, supervision.Teacher, zero),
            S3 = TLane.SelectGreater(valid, zero, supervision.Student, zero),
            S4 = TLane.SelectGreater(valid, zero, distilled.Divergence, zero),
            S5 = TLane.SelectGreater(valid, zero, mixture.Share * perClass, zero),
            S6 = TLane.SelectGreater(valid, zero, mixture.Teacher * perClass, zero),
            S7 = TLane.SelectGreater(valid, zero, mixture.Student * perClass, zero),
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private Supervision<TLane> Supervise<TLane, TScratch>(TScratch scratch, Mixture<TLane> mixture, TLane label)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        Supervision<TLane> supervision = default;
        if (_supervision == ProjectorSupervision.Bce && _reliability == Reliability.Bce)
        {
            supervision.Student = mixture.Student;
            supervision.Teacher = mixture.Teacher;
        }
        else if (_supervision == ProjectorSupervision.Bce)
        {
            supervision.Student = SuperviseOneVsRest(scratch, Student, StudentSupervision, label);
            supervision.Teacher = SuperviseOneVsRest(scratch, Teacher, TeacherSupervision, label);
        }
        else if (_supervision == ProjectorSupervision.Ce)
        {
            TLane weight = TLane.Splat(_supervisionWeight);
            supervision.Student = SoftmaxReliability(scratch, Student, StudentSupervision, label, weight);
            supervision.Teacher = SoftmaxReliability(scratch, Teacher, TeacherSupervision, label, weight);
        }

        return supervision;
    }

    /// <summary>
    /// What mixing leaves besides the scratch: maxima for the softmaxes, the largest z_s² + z_t², and the sums over the classes of S, H_s and H_t.
    /// </summary>
    internal struct Mixture<TLane>
        where TLane : unmanaged, ILane<TLane>
    {
        public TLane MaxStudent;
        public TLane MaxHybrid;
        public TLane MaxExponent;
        public TLane Magnitude;
        public TLane Share;
        public TLane Student;
        public TLane Teacher;
    }

    /// <summary>The supervision of the two projectors at a pixel.</summary>
    private struct Supervision<TLane>
        where TLane : unmanaged, ILane<TLane>
    {
        public TLane Student;
        public TLane Teacher;
    }

    /// <summary>L_hakd and KL(q ‖ p) of a pixel.</summary>
    private struct Distilled<TLane>
        where TLane : unmanaged, ILane<TLane>
    {
        public TLane Loss;
        public TLane Divergence;
    }
}
