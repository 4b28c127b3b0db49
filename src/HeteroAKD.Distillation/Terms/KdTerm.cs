using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Distillation.Terms;

/// <summary>Options of plain KD.</summary>
public sealed record KdTermOptions : TermOptions
{
    /// <summary>Temperature of both softmaxes; the loss is scaled by its square.</summary>
    public double Tau { get; init; } = 1;
}

/// <summary>
/// Plain KD (Eq. 1): τ² · mean of KL(softmax(teacher/τ) ‖ softmax(student/τ)) over the pixels of the student's grid, those without a label included, as in CIRKD's
/// <c>CriterionKD</c>.
/// </summary>
public sealed class KdTerm(KdTermOptions options, TermSetup setup) : DistillationTerm(setup)
{
    private readonly KdAttributes _attributes = new((float)options.Tau);

    /// <inheritdoc/>
    public override TermReads Reads => TermReads.Logits;

    /// <inheritdoc/>
    public override IReadOnlyList<string> ValueNames { get; } = ["kd"];

    /// <inheritdoc/>
    public override Tensor Loss(in TermInputs inputs, List<LossTerm> values)
    {
        var kd = Losses.Kd.Run(_attributes, inputs.Student.Logits, inputs.Teacher.Logits);
        values.Add(new LossTerm("kd", kd.Extra(1)!, 0));
        return kd.Output;
    }
}
