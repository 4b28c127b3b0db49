using HeteroAKD.Tensors;

namespace HeteroAKD.Distillation.Terms;

/// <summary>Intra-class feature variation has no options of its own.</summary>
public sealed record IfvdTermOptions : TermOptions;

/// <summary>
/// IFVD (Wang et al., ECCV 2020; CIRKD's <c>CriterionIFV</c>): the cosine between the classifier's input at a pixel and the mean over the pixels of its class
/// in the image, and the mean squared difference of these maps between both networks. A pixel without a label is its own mean, so it adds nothing. Labels are
/// taken nearest to each pixel's centre.
/// </summary>
public sealed class IfvdTerm(TermSetup setup) : DistillationTerm(setup)
{
    // As published: keeps a class without pixels from dividing by zero.
    private const float NoPixels = 1e-6f;

    private readonly int _classes = setup.Student.Classes;
    private readonly int _ignoreIndex = setup.IgnoreIndex;

    /// <inheritdoc/>
    public override TermReads Reads => TermReads.ClassifierInput | TermReads.Labels;

    /// <inheritdoc/>
    public override IReadOnlyList<string> ValueNames { get; } = ["ifvd"];

    /// <inheritdoc/>
    public override Tensor Loss(in TermInputs inputs, List<LossTerm> values)
    {
        (Tensor student, Tensor teacher) = inputs.HeadFeatures();
        Tensor masks = Functional.OneHot(student, inputs.Labels, _classes, _ignoreIndex); // [N, C, h, w]
        Tensor loss = Functional.MseLoss(Variation(student, masks), Variation(teacher, masks));
        values.Add(new LossTerm("ifvd", loss, 0));
        return loss;
    }

    // [N, d, h, w] and masks [N, C, h, w] → [N, h·w], the cosine between each pixel and the mean of its class.
    private static Tensor Variation(Tensor map, Tensor masks)
    {
        Tensor pixels = Functional.ToTokens(map); // [N, P, d]
        Tensor members = Functional.ToTokens(masks); // [N, P, C]
        Tensor rows = Functional.Reshape(masks, new Shape(masks.Shape[0], masks.Shape[1], masks.Shape[2] * masks.Shape[3])); // [N, C, P]
        Tensor means = Functional.MatMul(rows, pixels) / (Functional.Sum(rows, 2, keepdim: true) + NoPixels); // [N, C, d]
        Tensor unlabelled = 1 - Functional.Sum(members, 2, keepdim: true); // [N, P, 1]
        Tensor centres = Functional.MatMul(members, means) + (unlabelled * pixels); // [N, P, d]
        return Functional.CosineSimilarity(pixels, centres, 2);
    }
}
