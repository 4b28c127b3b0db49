using HeteroAKD.Tensors;

namespace HeteroAKD.Distillation.Terms;

/// <summary>Options of OFA's logit loss.</summary>
public sealed record OfaTermOptions : TermOptions
{
    /// <summary>Exponent that raises the labelled class above the teacher's probability.</summary>
    [InRange("(0, 100]")]
    public double Eps { get; init; } = 1;

    /// <summary>Temperature of both softmaxes.</summary>
    [InRange("(0, 1000]")]
    public double Tau { get; init; } = 1;
}

/// <summary>
/// The logit loss of OFA-KD (Hao et al., NeurIPS 2023; the authors' <c>ofa_loss</c>), at every pixel: -Σ_c ((p_c + y_c)^ε - y_c) · log q_c with the teacher's
/// probabilities p, the student's q and the one-hot label y; the mean over pixels. A pixel without a label has y = 0. The published method adds classifiers on
/// the student's stages, which are made for one label an image.
/// </summary>
public sealed class OfaTerm(OfaTermOptions options, TermSetup setup) : DistillationTerm(setup)
{
    private const float Least = 1e-30f; // log(0) is no number to go on with

    private readonly int _classes = setup.Student.Classes;
    private readonly int _ignoreIndex = setup.IgnoreIndex;

    /// <inheritdoc/>
    public override TermReads Reads => TermReads.Logits | TermReads.Labels;

    /// <summary>Without a label the teacher's probabilities are the target.</summary>
    /// <inheritdoc/>
    public override bool NeedsLabels => false;

    /// <inheritdoc/>
    public override IReadOnlyList<string> ValueNames { get; } = ["ofa"];

    /// <inheritdoc/>
    public override Tensor Loss(in TermInputs inputs, List<LossTerm> values)
    {
        (Tensor student, Tensor teacher) = inputs.Logits();
        Tensor labels = Functional.OneHot(student, inputs.Labels, _classes, _ignoreIndex); // [N, C, h, w]
        Tensor p = Functional.Softmax(teacher / (float)options.Tau, 1);
        Tensor target = Functional.Exp(Functional.Log(p + labels + Least) * (float)options.Eps) - labels;
        Tensor q = Functional.LogSoftmax(student / (float)options.Tau, 1);
        Shape shape = student.Shape;
        Tensor loss = Functional.Sum(target * q) / -(shape[0] * shape[2] * shape[3]);
        values.Add(new LossTerm("ofa", loss, 0));
        return loss;
    }
}
