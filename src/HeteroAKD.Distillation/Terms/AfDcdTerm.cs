using HeteroAKD.Nn;
using HeteroAKD.Nn.Layers;
using HeteroAKD.Tensors;

namespace HeteroAKD.Distillation.Terms;

/// <summary>Options of augmentation-free dense contrastive distillation. Published weights of both parts by data set: docs/method.md 9.</summary>
public sealed record AfDcdTermOptions : TermOptions
{
    /// <summary>Weight of the squared difference between the teacher's map and what the generator makes of the student's.</summary>
    [InRange("[0, 1000000]")]
    public double Feature { get; init; } = 2e-6;

    /// <summary>Weight of the contrast.</summary>
    [InRange("[0, 1000000]")]
    public double Contrast { get; init; } = 0.005;

    /// <summary>Share of the student's pixels that the generator does not see.</summary>
    [InRange("[0, 1)")]
    public double MaskRatio { get; init; } = 0.75;

    /// <summary>Temperature of the distances.</summary>
    [InRange("(0, 1000]")]
    public double Tau { get; init; } = 0.07;

    /// <summary>Groups of channels, each contrasted with the others; they divide the teacher's channels.</summary>
    [InRange("[2, 1024]")]
    public int Groups { get; init; } = 16;

    /// <summary>Side of the windows whose largest values are contrasted; 1 contrasts the maps as they are (published for CamVid).</summary>
    [InRange("[1, 64]")]
    public int Pool { get; init; } = 4;

    /// <summary>Side of the patches within which pixels are contrasted.</summary>
    [InRange("[1, 16]")]
    public int Patch { get; init; } = 4;

    /// <summary>A generator of two branches instead of one.</summary>
    public bool Enhanced { get; init; }
}

/// <summary>
/// Af-DCD (Fan et al., NeurIPS 2023; the authors' <c>OmniContrastiveFeatureLoss</c>): a 1x1 convolution takes the encoder's last stage to the teacher's width,
/// most of its pixels are masked, a generator fills them in. Its map has to be the teacher's (squared error, summed over an image), and each pixel's group of
/// channels has to be nearer to the teacher's same pixel and group than to any other group in its patch: cross entropy of −‖·‖₁/τ, the mean over pixels of the
/// sum over groups. The teacher's map is resized to the student's grid.
/// </summary>
public sealed class AfDcdTerm : DistillationTerm
{
    // Added to what is no candidate: its exponential is 0.
    private const float Never = -1e9f;

    private readonly AfDcdTermOptions _options;
    private readonly Generator _generator;
    private readonly Tensor _pieces; // [C·patch², 1, patch, patch] one tap each
    private readonly Tensor _others; // [1, groups·patch², groups·patch²] 0 for itself and other groups, Never for its own group elsewhere
    private readonly Tensor _itself; // [1, groups·patch², groups·patch²] 1 on the diagonal
    private readonly int _id;

    /// <summary>Builds the alignment and the generator.</summary>
    public AfDcdTerm(AfDcdTermOptions options, TermSetup setup)
        : base(setup)
    {
        (int student, int teacher) = (setup.Student.FeatureChannels[^1], setup.Teacher.FeatureChannels[^1]);
        if (teacher % options.Groups != 0)
        {
            throw new HeteroAkdException(
                $"afdcd: the teacher's {teacher} channels do not divide into {options.Groups} groups; set distillation.terms.afdcd.groups");
        }

        _options = options;
        _id = setup.Site.Id;
        _generator = new Generator(setup.Site, student, teacher, options.Enhanced);
        int taps = options.Patch * options.Patch;
        int vectors = options.Groups * taps;
        _pieces = Constant(setup.Site, new Shape(teacher * taps, 1, options.Patch, options.Patch), i => i / taps % taps == i % taps ? 1 : 0);
        _others = Constant(setup.Site, new Shape(1, vectors, vectors), i => i % vectors == i / vectors || i % vectors / taps != i / vectors / taps ? 0 : Never);
        _itself = Constant(setup.Site, new Shape(1, vectors, vectors), i => i % vectors == i / vectors ? 1 : 0);
    }

    /// <inheritdoc/>
    public override TermReads Reads => TermReads.EncoderStages;

    /// <inheritdoc/>
    public override IReadOnlyList<string> ValueNames { get; } = ["afdcd", "afdcd_feature", "afdcd_contrast"];

    /// <inheritdoc/>
    public override Module? Auxiliary => _generator;

    /// <inheritdoc/>
    public override Tensor Loss(in TermInputs inputs, List<LossTerm> values)
    {
        Tensor student = Functional.To(inputs.Student.Features[^1], DType.Float32);
        Tensor teacher = Functional.ResizeTo(Functional.To(inputs.Teacher.Features[^1], DType.Float32), student);
        Tensor aligned = _generator.Align(student, inputs.Pass);
        Tensor made = _generator.Forward(Masked(aligned, inputs.Pass), inputs.Pass);
        Tensor feature = Functional.Sum(Functional.Square(made - teacher)) / teacher.Shape[0];
        Tensor contrast = Contrast(made, teacher);
        Tensor loss = Functional.WeightedSum(feature, contrast, (float)_options.Feature, (float)_options.Contrast);
        values.Add(new LossTerm("afdcd", loss, 0));
        values.Add(new LossTerm("afdcd_feature", feature, 0));
        values.Add(new LossTerm("afdcd_contrast", contrast, 0));
        return loss;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        base.Dispose();
        _pieces.Dispose();
        _others.Dispose();
        _itself.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>The contrast of two maps [N, C, h, w] of one shape.</summary>
    internal Tensor Contrast(Tensor made, Tensor teacher)
    {
        Tensor a = Vectors(made); // [patches, vectors, C/groups]
        Tensor b = Vectors(teacher);
        (int patches, int vectors) = (a.Shape[0], a.Shape[1]);
        RequireFits(patches, vectors);
        Tensor distances = Functional.Cdist(a, b); // [patches, vectors, vectors]
        Tensor chosen = Functional.LogSoftmax((distances * (float)(-1 / _options.Tau)) + _others, 2) * _itself;
        return -Functional.Sum(chosen) / (patches * _options.Patch * _options.Patch);
    }

    /// <summary>A map [N, C, h, w] of whose pixels a share is 0 in all channels.</summary>
    internal Tensor Masked(Tensor map, in Pass pass)
    {
        if (_options.MaskRatio == 0)
        {
            return map;
        }

        (int key, Tensor? counter) = pass.StreamOf(_id);
        float ratio = (float)_options.MaskRatio;
        Tensor ones = Tensor.Full(map.Device, new Shape(map.Shape[0], 1, map.Shape[2], map.Shape[3]), 1, map.DType);
        return map * (Functional.Dropout(ones, ratio, key, counter) * (1 - ratio));
    }

    // [N, C, h, w] → [N·patches, groups·patch², C/groups].
    private Tensor Vectors(Tensor map)
    {
        Tensor pooled = _options.Pool == 1 ? map : Functional.MaxPool2d(map, _options.Pool, _options.Pool);
        (int channels, int taps) = (map.Shape[1], _options.Patch * _options.Patch);
        if (Math.Min(pooled.Shape[2], pooled.Shape[3]) < _options.Patch)
        {
            throw new HeteroAkdException(
                $"afdcd: maps of {map.Shape[3]}x{map.Shape[2]} pixels, pooled {_options.Pool}x{_options.Pool}, are smaller than a patch of "
                    + $"{_options.Patch}x{_options.Patch}; lower distillation.terms.afdcd.pool or patch");
        }

        Tensor pieces = Functional.ToTokens(Functional.Conv2d(pooled, _pieces, stride: _options.Patch, groups: channels)); // [N, patches, C·taps]
        int patches = pieces.Shape[0] * pieces.Shape[1];
        Tensor groups = Functional.Reshape(pieces, new Shape(patches * _options.Groups, channels / _options.Groups, taps, 1));
        return Functional.Reshape(Functional.ToTokens(groups), new Shape(patches, _options.Groups * taps, channels / _options.Groups));
    }

    private static void RequireFits(int patches, int vectors)
    {
        if ((long)patches * vectors * vectors > int.MaxValue)
        {
            throw new HeteroAkdException(
                $"afdcd: {patches} patches of a batch, {vectors} vectors each, are too many pairs; raise distillation.terms.afdcd.pool, lower groups or "
                    + "patch, or take smaller batches");
        }
    }

    private static Tensor Constant(in Site site, Shape shape, Func<int, float> value)
    {
        Tensor constant = Tensor.Persistent(site.Device, shape, site.Type);
        constant.CopyFrom([.. Enumerable.Range(0, shape.Count).Select(value)]);
        return constant;
    }

    /// <summary>The alignment of the channels, and what makes the teacher's map out of a masked one.</summary>
    private sealed class Generator : Module
    {
        private readonly Conv2d? _align;
        private readonly Conv2d _first;
        private readonly Conv2d _second;
        private readonly Conv2d? _deeper;
        private readonly Conv2d? _third;

        public Generator(in Site site, int student, int teacher, bool enhanced)
            : base(site)
        {
            _align = student == teacher ? null : Add(new Conv2d(site.At("align"), student, teacher, 1));
            _first = Add(new Conv2d(site.At("conv1"), teacher, teacher, 3, padding: 1));
            _second = Add(new Conv2d(site.At("conv2"), teacher, teacher, 3, padding: 1));
            _deeper = enhanced ? Add(new Conv2d(site.At("deeper"), teacher, teacher, 3, padding: 1)) : null;
            _third = enhanced ? Add(new Conv2d(site.At("conv3"), teacher, teacher, 3, padding: 1)) : null;
        }

        public Tensor Align(Tensor map, in Pass pass) => _align?.Forward(map, pass) ?? map;

        public Tensor Forward(Tensor map, in Pass pass)
        {
            Tensor hidden = Functional.Relu(_first.Forward(map, pass));
            Tensor made = _second.Forward(hidden, pass);
            return _deeper is null || _third is null
                ? made
                : Functional.WeightedSum(made, _third.Forward(Functional.Relu(_deeper.Forward(hidden, pass)), pass), 0.5f, 0.5f);
        }
    }
}
