using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;

namespace HeteroAKD.Distillation.Terms;

/// <summary>The pixel-wise part of DSD has no options of its own.</summary>
public sealed record PsdTermOptions : TermOptions;

/// <summary>The category-wise part of DSD has no options of its own.</summary>
public sealed record CsdTermOptions : TermOptions;

/// <summary>
/// Pixel-wise similarity of DSD (Feng et al., TIP 2021; CIRKD's <c>CriterionPSD</c>): <see cref="AttentionMap"/>s of three maps, the differences of each pair
/// of them as directions, and their mean squared difference between both networks. The maps are the encoder's last stage, the classifier's input and the
/// logits. The published code has the auxiliary head's logits in the first place, or the logits once more where there is no such head, which leaves one pair
/// empty.
/// </summary>
public sealed class PsdTerm(TermSetup setup) : DistillationTerm(setup)
{
    private const int Maps = 3;

    /// <inheritdoc/>
    public override TermReads Reads => TermReads.EncoderStages | TermReads.ClassifierInput | TermReads.Logits;

    /// <inheritdoc/>
    public override IReadOnlyList<string> ValueNames { get; } = ["psd"];

    /// <inheritdoc/>
    public override Tensor Loss(in TermInputs inputs, List<LossTerm> values)
    {
        Tensor grid = inputs.Student.HeadFeature;
        Tensor[] student = Attention(inputs.Student, grid);
        Tensor[] teacher = Attention(inputs.Teacher, grid);
        Tensor? total = null;
        int pairs = 0;
        for (int first = 0; first < Maps - 1; first++)
        {
            for (int second = first + 1; second < Maps; second++)
            {
                Tensor difference = Functional.MseLoss(Residual(student, first, second), Residual(teacher, first, second));
                total = total is null ? difference : total + difference;
                pairs++;
            }
        }

        Tensor loss = total! / pairs;
        values.Add(new LossTerm("psd", loss, 0));
        return loss;
    }

    // [N, h·w] each, on one grid.
    private static Tensor[] Attention(in SegmentationOutput output, Tensor grid) =>
        [On(output.Features[^1], grid), On(output.HeadFeature, grid), On(output.Logits, grid)];

    private static Tensor On(Tensor map, Tensor grid) =>
        AttentionMap.OfEnergy(Functional.ResizeTo(AttentionMap.Energy(Functional.To(map, DType.Float32)), grid));

    private static Tensor Residual(Tensor[] maps, int first, int second) => Functional.Normalize(maps[second] - maps[first], 1);
}

/// <summary>
/// Category-wise similarity of DSD (Feng et al., TIP 2021; CIRKD's <c>CriterionCSD</c>): logits averaged over 2x2, a softmax over the pixels of each class at
/// temperature 4, the inner product of each pair of classes, and the mean squared difference of these between both networks. Where a side is odd its last row
/// or column is left out; the published code averages it alone.
/// </summary>
public sealed class CsdTerm(TermSetup setup) : DistillationTerm(setup)
{
    private const int Pool = 2;
    private const float Tau = 4;

    /// <inheritdoc/>
    public override TermReads Reads => TermReads.Logits;

    /// <inheritdoc/>
    public override IReadOnlyList<string> ValueNames { get; } = ["csd"];

    /// <inheritdoc/>
    public override Tensor Loss(in TermInputs inputs, List<LossTerm> values)
    {
        (Tensor student, Tensor teacher) = inputs.Logits();
        Tensor loss = Functional.MseLoss(Similarity(student), Similarity(teacher));
        values.Add(new LossTerm("csd", loss, 0));
        return loss;
    }

    // [N, C, h, w] → [N, C, C].
    private static Tensor Similarity(Tensor logits)
    {
        Tensor pooled = Functional.AvgPool2d(logits, Pool, Pool);
        Shape rows = new(pooled.Shape[0], pooled.Shape[1], pooled.Shape[2] * pooled.Shape[3]);
        Tensor shares = Functional.Softmax(Functional.Reshape(pooled, rows) / Tau, 2); // [N, C, P]
        return Functional.MatMul(shares, Functional.ToTokens(Functional.Reshape(shares, pooled.Shape)));
    }
}
