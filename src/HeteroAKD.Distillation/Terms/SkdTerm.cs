using HeteroAKD.Tensors;

namespace HeteroAKD.Distillation.Terms;

/// <summary>Pair-wise distillation has no options of its own.</summary>
public sealed record SkdTermOptions : TermOptions;

/// <summary>
/// The pair-wise term of SKD (Liu et al., CVPR 2019; CIRKD's <c>CriterionStructuralKD</c>): the classifier's input pooled by its largest values over 2x2, the
/// cosine of each pair of pixels of an image, the mean squared difference between both networks. Where a side is odd its last row or column is left out; the
/// published code pools it alone.
/// </summary>
public sealed class SkdTerm(TermSetup setup) : DistillationTerm(setup)
{
    private const int Pool = 2;

    /// <inheritdoc/>
    public override TermReads Reads => TermReads.ClassifierInput;

    /// <inheritdoc/>
    public override IReadOnlyList<string> ValueNames { get; } = ["skd"];

    /// <inheritdoc/>
    public override Tensor Loss(in TermInputs inputs, List<LossTerm> values)
    {
        (Tensor student, Tensor teacher) = inputs.HeadFeatures();
        Tensor loss = Functional.MseLoss(Cosines(student), Cosines(teacher));
        values.Add(new LossTerm("skd", loss, 0));
        return loss;
    }

    // [N, C, h, w] → [N, P, P] for the P pixels of the pooled map.
    private static Tensor Cosines(Tensor map)
    {
        Tensor directions = Functional.Normalize(Functional.MaxPool2d(map, Pool, Pool), 1);
        Shape shape = directions.Shape;
        return Functional.MatMul(Functional.ToTokens(directions), Functional.Reshape(directions, new Shape(shape[0], shape[1], shape[2] * shape[3])));
    }
}
