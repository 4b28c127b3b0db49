using HeteroAKD.Nn;
using HeteroAKD.Nn.Layers;
using HeteroAKD.Tensors;

namespace HeteroAKD.Distillation.Terms;

/// <summary>Which maps channel-wise distillation compares.</summary>
public enum ComparedMaps
{
    /// <summary>The classifier's inputs; a 1x1 convolution makes the student's as wide as the teacher's where they differ.</summary>
    Features,

    /// <summary>The logits.</summary>
    Logits,
}

/// <summary>Options of channel-wise distillation.</summary>
public sealed record CwdTermOptions : TermOptions
{
    /// <summary>features or logits. Published weights: 50 for features, 3 for logits.</summary>
    public ComparedMaps Maps { get; init; } = ComparedMaps.Features;

    /// <summary>Temperature of both softmaxes; the loss is scaled by its square.</summary>
    [InRange("(0, 1000]")]
    public double Tau { get; init; } = 4;
}

/// <summary>
/// CWD (Shu et al., ICCV 2021; CIRKD's <c>CriterionCWD</c>): each channel is a distribution over the pixels,
/// τ² / (N·C) · Σ KL(softmax_HW(teacher/τ) ‖ softmax_HW(student/τ)). The teacher's map is resized to the student's grid.
/// </summary>
public sealed class CwdTerm : DistillationTerm
{
    private readonly CwdTermOptions _options;
    private readonly Conv2d? _align;

    /// <summary>Builds the convolution that aligns the channels, where it is needed.</summary>
    public CwdTerm(CwdTermOptions options, TermSetup setup)
        : base(setup)
    {
        _options = options;
        (int teacher, int student) = (setup.Teacher.HeadChannels, setup.Student.HeadChannels);
        if (options.Maps == ComparedMaps.Features && teacher != student)
        {
            _align = new Conv2d(setup.Site.At("align"), student, teacher, 1, bias: false);
        }
    }

    /// <inheritdoc/>
    public override TermReads Reads => _options.Maps == ComparedMaps.Features ? TermReads.ClassifierInput : TermReads.Logits;

    /// <inheritdoc/>
    public override IReadOnlyList<string> ValueNames { get; } = ["cwd"];

    /// <inheritdoc/>
    public override Module? Auxiliary => _align;

    /// <inheritdoc/>
    public override Tensor Loss(in TermInputs inputs, List<LossTerm> values)
    {
        (Tensor student, Tensor teacher) = _options.Maps == ComparedMaps.Features ? inputs.HeadFeatures() : inputs.Logits();
        Tensor loss = Divergence(_align?.Forward(student, inputs.Pass) ?? student, teacher, _options.Tau, student.Shape[1]);
        values.Add(new LossTerm("cwd", loss, 0));
        return loss;
    }

    /// <summary>
    /// τ² / (N·channels) · Σ KL over all channels of two maps of one shape. As published, <paramref name="channels"/> are the student's before it is aligned.
    /// </summary>
    internal static Tensor Divergence(Tensor student, Tensor teacher, double tau, int channels)
    {
        double scale = tau * tau / (student.Shape[0] * channels);
        return Functional.Sum(Functional.SoftmaxKl(Channels(student), Channels(teacher), (float)tau)) * (float)scale;
    }

    /// <summary>[N, C, H, W] → [N, C, H·W]: a row for each channel.</summary>
    private static Tensor Channels(Tensor map) => Functional.Reshape(map, new Shape(map.Shape[0], map.Shape[1], map.Shape[2] * map.Shape[3]));
}

/// <summary>Options of channel-wise distillation of the logits beside that of the features.</summary>
public sealed record CwdLogitsTermOptions : TermOptions
{
    /// <summary>Temperature of both softmaxes; the loss is scaled by its square.</summary>
    [InRange("(0, 1000]")]
    public double Tau { get; init; } = 4;
}

/// <summary>The second half of the published CWD: <see cref="CwdTerm"/> of the logits, with a weight of its own.</summary>
public sealed class CwdLogitsTerm(CwdLogitsTermOptions options, TermSetup setup) : DistillationTerm(setup)
{
    /// <inheritdoc/>
    public override TermReads Reads => TermReads.Logits;

    /// <inheritdoc/>
    public override IReadOnlyList<string> ValueNames { get; } = ["cwd_logits"];

    /// <inheritdoc/>
    public override Tensor Loss(in TermInputs inputs, List<LossTerm> values)
    {
        (Tensor student, Tensor teacher) = inputs.Logits();
        Tensor loss = CwdTerm.Divergence(student, teacher, options.Tau, student.Shape[1]);
        values.Add(new LossTerm("cwd_logits", loss, 0));
        return loss;
    }
}
