using HeteroAKD.Nn;
using HeteroAKD.Nn.Initialization;
using HeteroAKD.Tensors;

namespace HeteroAKD.Distillation.Terms;

/// <summary>Options of distillation by memory banks. Sizes are those of a class.</summary>
public sealed record MemoryBankTermOptions : TermOptions
{
    /// <summary>Temperature of the similarities.</summary>
    [InRange("(0, 1000]")]
    public double Tau { get; init; } = 0.1;

    /// <summary>Weight of the regions' part beside the pixels'.</summary>
    [InRange("[0, 1000000]")]
    public double Region { get; init; } = 1;

    /// <summary>Slots of the bank of pixels.</summary>
    [InRange("[1, 1000000]")]
    public int PixelMemory { get; init; } = 2000;

    /// <summary>Slots of the bank of regions, the mean features of a class in an image.</summary>
    [InRange("[1, 1000000]")]
    public int RegionMemory { get; init; } = 2000;

    /// <summary>Pixels of all classes together that a step compares with.</summary>
    [InRange("[1, 1000000]")]
    public int PixelSamples { get; init; } = 4096;

    /// <summary>Regions of all classes together that a step compares with.</summary>
    [InRange("[1, 1000000]")]
    public int RegionSamples { get; init; } = 1024;

    /// <summary>Pixels of a class in an image that enter the bank in a step, at most.</summary>
    [InRange("[1, 4096]")]
    public int PixelsAnImage { get; init; } = 16;
}

/// <summary>
/// The memory-based part of CIRKD (Yang et al., CVPR 2022; <c>StudentSegContrast</c>): banks keep the teacher's features of pixels and of regions for each
/// class, beyond the batch. For each labelled pixel, cosines with samples of a bank, a softmax over the samples, KL(teacher ‖ student); the mean over pixels. A
/// head takes the student's features to the teacher's width.
/// </summary>
/// <remarks>
/// The published banks are queues; here a step writes into random slots, without a pointer that a recorded step could not move. Its pixels are those of their
/// class, one from each stretch of the image; the published code takes the first pixels of a permutation whatever their class.
/// </remarks>
public sealed class MemoryBankTerm : DistillationTerm
{
    private const float NoPixels = 1e-6f; // keeps an absent class from dividing by zero

    private readonly MemoryBankTermOptions _options;
    private readonly Banks _banks;
    private readonly int _classes;
    private readonly int _ignoreIndex;
    private readonly int _id;

    /// <summary>Builds the head and the banks.</summary>
    public MemoryBankTerm(MemoryBankTermOptions options, TermSetup setup)
        : base(setup)
    {
        _options = options;
        _classes = setup.Student.Classes;
        RequireFits("pixelMemory", options.PixelMemory, setup);
        RequireFits("regionMemory", options.RegionMemory, setup);
        _ignoreIndex = setup.IgnoreIndex;
        _id = setup.Site.Id;
        _banks = new Banks(setup.Site, options, setup.Student.HeadChannels, setup.Teacher.HeadChannels, _classes);
    }

    /// <inheritdoc/>
    public override TermReads Reads => TermReads.ClassifierInput | TermReads.Labels;

    /// <inheritdoc/>
    public override IReadOnlyList<string> ValueNames { get; } = ["memory_bank", "memory_pixel", "memory_region"];

    /// <inheritdoc/>
    public override Module? Auxiliary => _banks;

    /// <inheritdoc/>
    public override Tensor Loss(in TermInputs inputs, List<LossTerm> values)
    {
        (Tensor studentMap, Tensor teacherMap) = inputs.HeadFeatures();
        (int images, int pixels) = (studentMap.Shape[0], studentMap.Shape[2] * studentMap.Shape[3]);
        Tensor teacher = Functional.Normalize(Functional.ToTokens(teacherMap), 2); // [N, P, d]
        Tensor student = Functional.Normalize(Functional.ToTokens(_banks.Project(studentMap, inputs.Pass)), 2);
        Tensor planes = Functional.OneHot(teacherMap, inputs.Labels, _classes, _ignoreIndex);
        Tensor masks = Functional.Reshape(planes, new Shape(images, _classes, pixels)); // [N, C, P]
        Tensor labelled = Functional.Reshape(Functional.Sum(planes, 1), new Shape(images * pixels)); // [N·P]

        Shape rows = new(images * pixels, teacher.Shape[2]);
        (Tensor q, Tensor p) = (Functional.Reshape(student, rows), Functional.Reshape(teacher, rows));
        Tensor pixel = Divergence(q, p, PixelSamples(teacher, masks, inputs.Pass), labelled);
        Tensor region = Divergence(q, p, RegionSamples(teacher, masks, inputs.Pass), labelled);
        Tensor loss = Functional.WeightedSum(pixel, region, 1, (float)_options.Region);
        values.Add(new LossTerm("memory_bank", loss, 0));
        values.Add(new LossTerm("memory_pixel", pixel, 0));
        values.Add(new LossTerm("memory_region", region, 0));
        return loss;
    }

    private static void RequireFits(string option, int slots, TermSetup setup)
    {
        if ((long)slots * setup.Student.Classes * setup.Teacher.HeadChannels > int.MaxValue)
        {
            throw new HeteroAkdException(
                $"memoryBank: {slots} slots for each of {setup.Student.Classes} classes with {setup.Teacher.HeadChannels} channels are more than 2^31 "
                    + $"numbers; lower distillation.terms.memoryBank.{option}");
        }
    }

    // Both banks give the same share to each class, as published: ⌊total / C⌋ + 1.
    private int SamplesOf(int total, int slots) => Math.Min((total / _classes) + 1, slots);

    private Tensor PixelSamples(Tensor teacher, Tensor masks, in Pass pass)
    {
        (int key, Tensor? counter) = pass.StreamOf(_id);
        Tensor entries = Functional.SamplePixels(teacher, masks, _options.PixelsAnImage, key, counter); // [N, C, K, d], of length 1 or 0
        Tensor valid = Functional.Sum(Functional.Square(entries), 3);
        return Read(_banks.Pixels, entries, valid, SamplesOf(_options.PixelSamples, _options.PixelMemory), key, counter);
    }

    private Tensor RegionSamples(Tensor teacher, Tensor masks, in Pass pass)
    {
        (int key, Tensor? counter) = pass.StreamOf(_id);
        Tensor count = Functional.Sum(masks, 2, keepdim: true); // [N, C, 1]
        Tensor means = Functional.Normalize(Functional.MatMul(masks, teacher) / (count + NoPixels), 2); // [N, C, d]
        Tensor entries = Functional.Reshape(means, new Shape(means.Shape[0], _classes, 1, means.Shape[2]));
        return Read(_banks.Regions, entries, count, SamplesOf(_options.RegionSamples, _options.RegionMemory), key, counter);
    }

    // [C · samples, d].
    private static Tensor Read(Tensor bank, Tensor entries, Tensor valid, int samples, int key, Tensor? counter)
    {
        Tensor read = Functional.MemoryBank(bank, entries, valid, samples, key, counter);
        return Functional.Reshape(read, new Shape(read.Shape[0] * samples, read.Shape[2]));
    }

    private Tensor Divergence(Tensor student, Tensor teacher, Tensor samples, Tensor labelled)
    {
        if ((long)student.Shape[0] * samples.Shape[0] > int.MaxValue)
        {
            throw new HeteroAkdException(
                $"memoryBank: {student.Shape[0]} pixels of a batch against {samples.Shape[0]} samples are too many pairs; lower "
                    + "distillation.terms.memoryBank.pixelSamples or regionSamples, or take smaller batches");
        }

        Tensor divergence = Functional.SoftmaxKl(Functional.Linear(student, samples), Functional.Linear(teacher, samples), (float)_options.Tau); // [N·P]
        return Functional.Sum(divergence * labelled) / (Functional.Sum(labelled) + NoPixels);
    }

    /// <summary>The head of the student's features, and the banks, which checkpoints keep.</summary>
    private sealed class Banks : Module
    {
        private readonly ProjectionHead _head;

        public Banks(in Site site, MemoryBankTermOptions options, int studentChannels, int teacherChannels, int classes)
            : base(site)
        {
            _head = Add(new ProjectionHead(site, studentChannels, teacherChannels));
            Pixels = AddBuffer("pixels", new Shape(classes, options.PixelMemory, teacherChannels), Init.UnitRows());
            Regions = AddBuffer("regions", new Shape(classes, options.RegionMemory, teacherChannels), Init.UnitRows());
        }

        /// <summary>[C, slots, d].</summary>
        public Tensor Pixels { get; }

        /// <summary>[C, slots, d].</summary>
        public Tensor Regions { get; }

        public Tensor Project(Tensor map, in Pass pass) => _head.Forward(map, pass);
    }
}
