using HeteroAKD.Nn;
using HeteroAKD.Nn.Initialization;
using HeteroAKD.Tensors;

namespace HeteroAKD.Distillation.Terms;

/// <summary>Options of channel-wise contrast.</summary>
public sealed record ChannelContrastTermOptions : TermOptions
{
    /// <summary>Temperature of the similarities.</summary>
    [InRange("(0, 1000]")]
    public double Tau { get; init; } = 0.1;

    /// <summary>Both maps are averaged to Grid x Grid pixels first; a channel is then a vector of Grid² numbers.</summary>
    [InRange("[1, 64]")]
    public int Grid { get; init; } = 16;

    /// <summary>Weight of the part that compares with the channels of the batch.</summary>
    [InRange("[0, 1000000]")]
    public double Batch { get; init; } = 1;

    /// <summary>Weight of the part that compares with the bank.</summary>
    [InRange("[0, 1000000]")]
    public double Bank { get; init; } = 0.1;

    /// <summary>Weight of the squared difference of the channels.</summary>
    [InRange("[0, 1000000]")]
    public double Mse { get; init; } = 100;

    /// <summary>Slots of the bank of the teacher's channels.</summary>
    [InRange("[1, 1000000]")]
    public int Memory { get; init; } = 10_000;

    /// <summary>Slots that a step compares with.</summary>
    [InRange("[1, 1000000]")]
    public int Samples { get; init; } = 2048;

    /// <summary>Channels of an image that enter the bank in a step, at most.</summary>
    [InRange("[1, 4096]")]
    public int ChannelsAnImage { get; init; } = 32;
}

/// <summary>
/// The channel-wise part of CIRKDv2 (Yang et al., 2023; <c>StudentSegChannelContrast</c>): the classifiers' inputs averaged to a grid, a head takes the
/// student's to the teacher's width, each channel is a vector of length 1. For each channel the similarities with all channels of each image of the batch, and
/// with channels of a bank, softmax, KL(teacher ‖ student), the mean over channels; and the mean squared difference of the channels.
/// </summary>
/// <remarks>
/// The published code averages over windows of 4x4, which for its 64x64 maps is a grid of 16; its bank is a queue, here random slots are replaced, as in
/// <see cref="MemoryBankTerm"/>.
/// </remarks>
internal sealed class ChannelContrastTerm : DistillationTerm
{
    private readonly ChannelContrastTermOptions _options;
    private readonly Head _head;
    private readonly int _id;

    /// <summary>Builds the head and the bank.</summary>
    public ChannelContrastTerm(ChannelContrastTermOptions options, TermSetup setup)
        : base(setup)
    {
        if (options.Samples > options.Memory)
        {
            throw new HeteroAkdException(
                $"channelContrast: samples = {options.Samples} are more than the {options.Memory} slots of the bank; lower "
                    + "distillation.terms.channelContrast.samples or raise memory");
        }

        _options = options;
        _id = setup.Site.Id;
        _head = new Head(setup.Site, options, setup.Student.HeadChannels, setup.Teacher.HeadChannels);
    }

    /// <inheritdoc/>
    public override TermReads Reads => TermReads.ClassifierInput;

    /// <inheritdoc/>
    public override IReadOnlyList<string> ValueNames { get; } = ["channel_contrast", "channel_batch", "channel_bank", "channel_mse"];

    /// <inheritdoc/>
    public override Module? Auxiliary => _head;

    /// <inheritdoc/>
    public override Tensor Loss(in TermInputs inputs, List<LossTerm> values)
    {
        (Tensor studentMap, Tensor teacherMap) = inputs.HeadFeatures();
        int grid = _options.Grid;
        Tensor student = Channels(_head.Project.Forward(Functional.AdaptiveAvgPool2d(studentMap, grid, grid), inputs.Pass)); // [N, C, grid²]
        Tensor teacher = Channels(Functional.AdaptiveAvgPool2d(teacherMap, grid, grid));
        (int images, int channels, int pixels) = (teacher.Shape[0], teacher.Shape[1], teacher.Shape[2]);

        Shape rows = new(images * channels, pixels);
        (Tensor q, Tensor p) = (Functional.Reshape(student, rows), Functional.Reshape(teacher, rows));
        Shape eachImage = new(images * channels * images, channels); // a row for each channel and second image
        Tensor batch = Divergence(Functional.Reshape(Functional.Linear(q, q), eachImage), Functional.Reshape(Functional.Linear(p, p), eachImage));
        Tensor samples = Samples(teacher, inputs.Pass);
        Tensor bank = Divergence(Functional.Linear(q, samples), Functional.Linear(p, samples));
        Tensor mse = Functional.MseLoss(q, p);
        Tensor loss = Functional.WeightedSum(Functional.WeightedSum(batch, bank, (float)_options.Batch, (float)_options.Bank), mse, 1, (float)_options.Mse);
        values.Add(new LossTerm("channel_contrast", loss, 0));
        values.Add(new LossTerm("channel_batch", batch, 0));
        values.Add(new LossTerm("channel_bank", bank, 0));
        values.Add(new LossTerm("channel_mse", mse, 0));
        return loss;
    }

    private static Tensor Channels(Tensor map) =>
        Functional.Normalize(Functional.Reshape(map, new Shape(map.Shape[0], map.Shape[1], map.Shape[2] * map.Shape[3])), 2);

    // [rows, choices] similarities.
    private Tensor Divergence(Tensor student, Tensor teacher) => Functional.Mean(Functional.SoftmaxKl(student, teacher, (float)_options.Tau));

    // Some of the teacher's channels enter the bank, then [samples, grid²] are read.
    private Tensor Samples(Tensor teacher, in Pass pass)
    {
        (int key, Tensor? counter) = pass.StreamOf(_id);
        (int images, int channels) = (teacher.Shape[0], teacher.Shape[1]);
        int chosen = Math.Min(_options.ChannelsAnImage, channels);
        Tensor all = Tensor.Full(teacher.Device, new Shape(images, 1, channels), 1, teacher.DType);
        Tensor entries = Functional.SamplePixels(teacher, all, chosen, key, counter); // [N, 1, chosen, grid²]
        Tensor valid = Tensor.Full(teacher.Device, new Shape(images, 1, chosen), 1, teacher.DType);
        Tensor read = Functional.MemoryBank(_head.Bank, entries, valid, _options.Samples, key, counter); // [1, samples, grid²]
        return Functional.Reshape(read, new Shape(_options.Samples, read.Shape[2]));
    }

    /// <summary>The head of the student's channels, and the bank, which checkpoints keep.</summary>
    private sealed class Head : Module
    {
        public Head(in Site site, ChannelContrastTermOptions options, int studentChannels, int teacherChannels)
            : base(site)
        {
            Project = Add(new ProjectionHead(site, studentChannels, teacherChannels));
            Bank = AddBuffer("channels", new Shape(1, options.Memory, options.Grid * options.Grid), Init.UnitRows());
        }

        public ProjectionHead Project { get; }

        /// <summary>[1, slots, grid²].</summary>
        public Tensor Bank { get; }
    }
}
