using HeteroAKD.Nn;
using HeteroAKD.Tensors;

namespace HeteroAKD.Distillation.Terms;

/// <summary>Options of adversarial distillation.</summary>
public sealed record AdversarialTermOptions : TermOptions
{
    /// <summary>Convolutions of stride 2 in the discriminator. The logits' shorter side, halved so often, must be at least 4.</summary>
    [InRange("[1, 6]")]
    public int Layers { get; init; } = 4;

    /// <summary>Channels of the first of them; each has twice the channels of the one before.</summary>
    [InRange("[8, 1024]")]
    public int Width { get; init; } = 64;

    /// <summary>Learning rate of the discriminator's Adam.</summary>
    [InRange("(0, 1]")]
    public double Lr { get; init; } = 4e-4;
}

/// <summary>
/// The adversarial ("holistic") term of SKD (Liu et al., CVPR 2019; CIRKD's <c>CriterionAdv</c> and <c>CriterionAdvForG</c>): a discriminator learns to tell
/// the teacher's logits from the student's by the hinge loss, max(0, 1 − D(t)) + max(0, 1 + D(s)), with an Adam of its own; the student's loss is −D(s). The
/// gradient of each loss flows into its own network only.
/// </summary>
/// <remarks>
/// The published code makes a power iteration of the spectral norms in each of its three passes; here a batch makes one, which all three passes use.
/// </remarks>
public sealed class AdversarialTerm : DistillationTerm
{
    // The published code multiplies the discriminator's loss by 0.1 and uses Adam with eps = 1e-8. Here the loss is multiplied by the term's weight. The scale
    // of a loss changes Adam's updates through eps only, so eps is multiplied by weight / 0.1.
    private const double PublishedEps = 1e-8;
    private const double PublishedWeight = 0.1;

    private readonly AdversarialTermOptions _options;
    private readonly Discriminator _discriminator;

    /// <summary>Builds the discriminator.</summary>
    public AdversarialTerm(AdversarialTermOptions options, TermSetup setup)
        : base(setup)
    {
        if (options.Width % 8 != 0)
        {
            throw new HeteroAkdException(
                $"adversarial: width = {options.Width} must be a multiple of 8, as the keys of its attention are an eighth as wide; set "
                    + "distillation.terms.adversarial.width");
        }

        _options = options;
        _discriminator = new Discriminator(setup.Site.At("discriminator"), setup.Student.Classes, options.Layers, options.Width);
        Opponent = new Opponent(
            _discriminator, new AdamRule(options.Lr, 0.9, 0.99, setup.Weight > 0 ? PublishedEps * setup.Weight / PublishedWeight : PublishedEps));
    }

    /// <inheritdoc/>
    public override TermReads Reads => TermReads.Logits;

    /// <inheritdoc/>
    public override IReadOnlyList<string> ValueNames { get; } = ["adversarial", "adversarial_student", "adversarial_discriminator"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> CurveNames { get; } = ["adversarial_discriminator"];

    /// <inheritdoc/>
    public override Module? Auxiliary => _discriminator;

    /// <inheritdoc/>
    public override Opponent? Opponent { get; }

    /// <inheritdoc/>
    public override Tensor Loss(in TermInputs inputs, List<LossTerm> values)
    {
        (Tensor student, Tensor teacher) = inputs.Logits();
        RequireFits(student.Shape);
        IReadOnlyList<Tensor> weights = _discriminator.Weights();
        Tensor real = Functional.Mean(Functional.Relu(1 - _discriminator.Forward(teacher, weights)));
        Tensor fake = Functional.Mean(Functional.Relu(1 + _discriminator.Forward(Functional.Detach(student), weights)));
        Tensor ofDiscriminator = real + fake;
        Tensor ofStudent = -Functional.Mean(_discriminator.Forward(student, [.. weights.Select(Functional.Detach)]));
        Tensor loss = ofStudent + ofDiscriminator;
        values.Add(new LossTerm("adversarial", loss, 0));
        values.Add(new LossTerm("adversarial_student", ofStudent, 0));
        values.Add(new LossTerm("adversarial_discriminator", ofDiscriminator, 0));
        return loss;
    }

    private void RequireFits(Shape logits)
    {
        int side = Math.Min(logits[2], logits[3]);
        int most = int.Log2(side / Discriminator.Kernel);
        if (side < 2 * Discriminator.Kernel)
        {
            throw new HeteroAkdException(
                $"adversarial: logits of {logits[3]}x{logits[2]} pixels are too small for a discriminator; it needs a side of at least "
                    + $"{2 * Discriminator.Kernel}");
        }

        if (_options.Layers > most)
        {
            throw new HeteroAkdException(
                $"adversarial: logits of {logits[3]}x{logits[2]} pixels are too small for {_options.Layers} halvings; set "
                    + $"distillation.terms.adversarial.layers to at most {most}");
        }
    }
}
