using HeteroAKD.Tensors;

namespace HeteroAKD.Distillation.Terms;

/// <summary>Attention transfer has no options of its own.</summary>
public sealed record AttentionTermOptions : TermOptions;

/// <summary>
/// AT (Zagoruyko and Komodakis, ICLR 2017; CIRKD's <c>CriterionAT</c>): the mean squared difference of both networks' <see cref="AttentionMap"/>s of the
/// classifier's input.
/// </summary>
public sealed class AttentionTerm(TermSetup setup) : DistillationTerm(setup)
{
    /// <inheritdoc/>
    public override TermReads Reads => TermReads.ClassifierInput;

    /// <inheritdoc/>
    public override IReadOnlyList<string> ValueNames { get; } = ["at"];

    /// <inheritdoc/>
    public override Tensor Loss(in TermInputs inputs, List<LossTerm> values)
    {
        (Tensor student, Tensor teacher) = inputs.HeadFeatures();
        Tensor loss = Functional.MseLoss(AttentionMap.Of(student), AttentionMap.Of(teacher));
        values.Add(new LossTerm("at", loss, 0));
        return loss;
    }
}

/// <summary>Where a map is strong: the mean of its squares over the channels, as a direction.</summary>
internal static class AttentionMap
{
    /// <summary>[N, C, h, w] → [N, h·w], of length 1 for each image.</summary>
    public static Tensor Of(Tensor map) => OfEnergy(Energy(map));

    /// <summary>[N, C, h, w] → [N, 1, h, w], the mean of the squares.</summary>
    public static Tensor Energy(Tensor map) => Functional.Mean(Functional.Square(map), 1, keepdim: true);

    /// <summary>[N, 1, h, w] → [N, h·w].</summary>
    public static Tensor OfEnergy(Tensor energy) =>
        Functional.Normalize(Functional.Reshape(energy, new Shape(energy.Shape[0], energy.Shape[2] * energy.Shape[3])), 1);
}
