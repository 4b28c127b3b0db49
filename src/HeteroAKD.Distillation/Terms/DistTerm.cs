using HeteroAKD.Tensors;

namespace HeteroAKD.Distillation.Terms;

/// <summary>Options of DIST.</summary>
public sealed record DistTermOptions : TermOptions
{
    /// <summary>Weight of the relation between the classes of a pixel.</summary>
    [InRange("[0, 1000000]")]
    public double Beta { get; init; } = 1;

    /// <summary>Weight of the relation between the pixels of a class.</summary>
    [InRange("[0, 1000000]")]
    public double Gamma { get; init; } = 1;
}

/// <summary>
/// DIST (Huang et al., NeurIPS 2022; the authors' <c>DIST</c> for segmentation): β · (1 - Pearson's correlation of both networks' probabilities over the
/// classes of a pixel, the mean over pixels) + γ · (1 - that over all pixels of the batch for each class, the mean over classes). Pixels without a label count,
/// as published. The 0.4-fold share of an auxiliary head is left out: a frozen teacher has none.
/// </summary>
public sealed class DistTerm(DistTermOptions options, TermSetup setup) : DistillationTerm(setup)
{
    /// <inheritdoc/>
    public override TermReads Reads => TermReads.Logits;

    /// <inheritdoc/>
    public override IReadOnlyList<string> ValueNames { get; } = ["dist", "dist_inter", "dist_intra"];

    /// <inheritdoc/>
    public override Tensor Loss(in TermInputs inputs, List<LossTerm> values)
    {
        (Tensor student, Tensor teacher) = inputs.Logits();
        Tensor q = Functional.Softmax(student, 1);
        Tensor p = Functional.Softmax(teacher, 1);
        Tensor inter = 1 - Functional.Mean(Functional.PearsonCorrcoef(q, p));
        Tensor intra = 1 - Functional.Mean(Functional.PearsonCorrcoef(q, p, perChannel: true));
        Tensor loss = Functional.WeightedSum(inter, intra, (float)options.Beta, (float)options.Gamma);
        values.Add(new LossTerm("dist", loss, 0));
        values.Add(new LossTerm("dist_inter", inter, 0));
        values.Add(new LossTerm("dist_intra", intra, 0));
        return loss;
    }
}
