using HeteroAKD.Kernels.Losses;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Distillation.Terms;

/// <summary>Options of plain KD. Those away from their defaults are the controls that knowledge mixing has to beat.</summary>
public sealed record KdTermOptions : TermOptions
{
    /// <summary>Temperature of both softmaxes; the loss is scaled by its square.</summary>
    [InRange("(0, 1000]")]
    public double Tau { get; init; } = 1;

    /// <summary>all, teacherRight or teacherRightNearby: which pixels count.</summary>
    public DistilledPixels Where { get; init; } = DistilledPixels.All;

    /// <summary>none or confidence: what a pixel weighs.</summary>
    public PixelWeighting PixelWeight { get; init; } = PixelWeighting.None;

    /// <summary>teacher, mixed or corrected: which logits the student is led to.</summary>
    public TargetLogits Target { get; init; } = TargetLogits.Teacher;

    /// <summary>Whether a pixel also weighs Σ p_t·w with the class weights of the task loss.</summary>
    public bool ClassWeights { get; init; }
}

/// <summary>
/// Plain KD (Eq. 1): τ² · mean of KL(softmax(teacher/τ) ‖ softmax(student/τ)) over the pixels of the student's grid, those without a label included, as in
/// CIRKD's <c>CriterionKD</c>.
/// </summary>
public sealed class KdTerm(KdTermOptions options, TermSetup setup) : DistillationTerm(setup)
{
    private readonly KdAttributes _attributes = new(
        (float)options.Tau, setup.IgnoreIndex, options.Where, options.PixelWeight, options.Target, UnlabelledPixels.Keep);
    private readonly bool _readsLabels = options.Where != DistilledPixels.All || options.Target != TargetLogits.Teacher;
    private readonly Tensor? _classWeights = options.ClassWeights ? setup.ClassWeights : null;

    /// <inheritdoc/>
    public override TermReads Reads => TermReads.Logits | (_readsLabels ? TermReads.Labels : 0);

    /// <summary>Another target is one for labelled pixels; the others keep the teacher's. Only a choice of pixels leaves them out.</summary>
    /// <inheritdoc/>
    public override bool NeedsLabels => options.Where != DistilledPixels.All;

    /// <inheritdoc/>
    public override IReadOnlyList<string> ValueNames { get; } = ["kd"];

    /// <inheritdoc/>
    public override Tensor Loss(in TermInputs inputs, List<LossTerm> values)
    {
        OpNode<KdAttributes> kd = Losses.Kd.Run(_attributes, inputs.Student.Logits, inputs.Teacher.Logits, _readsLabels ? inputs.Labels : null, _classWeights);
        values.Add(new LossTerm("kd", kd.Extra(1)!, 0));
        return kd.Output;
    }
}
