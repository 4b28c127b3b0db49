using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Devices;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Nn.Models;

/// <summary>What a stage of a network costs for one image.</summary>
/// <param name="Name">Name of the part, such as <c>encoder.layer1</c> or <c>head.aspp</c>.</param>
/// <param name="TrainingOnly">Whether evaluation leaves it out: the auxiliary head.</param>
/// <param name="Output">Shape of what it hands on.</param>
/// <param name="Parameters">Trainable values.</param>
/// <param name="Macs">Multiply-adds of its convolutions, linear layers, attention and matrix products; all else counts nothing.</param>
/// <param name="ActivationBytes">Bytes of the outputs of all its operations, float32.</param>
public sealed record StageProfile(string Name, bool TrainingOnly, Shape Output, long Parameters, long Macs, long ActivationBytes);

/// <summary>
/// What a network costs for one image, counted from the operations of an evaluation pass as they really run: with dilation, and with the tokens that a linear
/// layer meets. The auxiliary head counts as a stage of its own, as it does in published figures.
/// </summary>
public sealed class ModelProfile
{
    private ModelProfile(SegmentationModel model, int height, int width, IReadOnlyList<StageProfile> stages, long peakBytes)
    {
        Model = model.Name;
        Family = model.Family;
        Classes = model.Classes;
        Height = height;
        Width = width;
        Stages = stages;
        PeakActivationBytes = peakBytes;
    }

    /// <summary>Name in <see cref="ModelZoo"/>.</summary>
    public string Model { get; }

    /// <summary>Its family.</summary>
    public ModelFamily Family { get; }

    /// <summary>Channels of the logits.</summary>
    public int Classes { get; }

    /// <summary>Rows of the image.</summary>
    public int Height { get; }

    /// <summary>Columns of the image.</summary>
    public int Width { get; }

    /// <summary>The stages in the order they run, the auxiliary head last.</summary>
    public IReadOnlyList<StageProfile> Stages { get; }

    /// <summary>
    /// Bytes of image and activations at the fullest moment of an evaluation that gives each back after its last reader, float32. The engine gives back block
    /// by block, so it needs somewhat more.
    /// </summary>
    public long PeakActivationBytes { get; }

    /// <summary>All stages together, named <c>total</c>; its output is the logits'.</summary>
    public StageProfile Total => Sum("total", Stages);

    /// <summary>The stages that evaluation runs together, named <c>in evaluation</c>.</summary>
    public StageProfile Evaluation => Sum("in evaluation", Stages.Where(s => !s.TrainingOnly));

    /// <summary>Profiles a network without computing it.</summary>
    /// <param name="model">One of <see cref="ModelZoo.Names"/>.</param>
    /// <param name="classes">Channels of the logits.</param>
    /// <param name="height">Rows of the image.</param>
    /// <param name="width">Columns of the image.</param>
    /// <exception cref="HeteroAkdException">There is no such network, or an image of this size does not go through it.</exception>
    public static ModelProfile Of(string model, int classes, int height, int width)
    {
        using MetaDevice device = new();
        using SegmentationModel network = ModelZoo.Create(model, classes, device, seed: null);
        try
        {
            return Of(network, height, width);
        }
        catch (ShapeMismatchException e)
        {
            throw new HeteroAkdException($"an image of {height}x{width} does not go through {model}; take another size. {e.Message}", e);
        }
    }

    private static ModelProfile Of(SegmentationModel network, int height, int width)
    {
        using StepScope step = network.Device.BeginStep();
        using NoGrad noGrad = new();
        Tensor image = Tensor.Empty(network.Device, new Shape(1, Encoders.Encoder.ImageChannels, height, width));
        using GraphTrace trace = new(network.Device);
        SegmentationOutput output = network.Forward(image, Pass.Evaluation);
        TracedOperation[] evaluation = [.. trace.Operations];
        network.AuxLogits(output.Features, Pass.Evaluation);
        return new ModelProfile(
            network, height, width, CountStages(network, trace.Operations, evaluation.Length, output.Features), PeakBytes(image, evaluation));
    }

    private StageProfile Sum(string name, IEnumerable<StageProfile> stages) => new(
        name, TrainingOnly: false, Stages.Last(s => !s.TrainingOnly).Output, stages
            .Sum(s => s.Parameters), stages.Sum(s => s.Macs), stages.Sum(s => s.ActivationBytes));

    private static List<StageProfile> CountStages(SegmentationModel network, IReadOnlyList<TracedOperation> operations, int evaluated, in FeatureMaps features)
    {
        OrderedDictionary<string, StageProfile> stages = [];
        string[] names = StageNames(network, operations, features);
        for (int i = 0; i < names.Length; i++)
        {
            Tensor output = operations[i].Output;
            StageProfile stage = stages.GetValueOrDefault(names[i]) ?? new StageProfile(names[i], i >= evaluated, output.Shape, 0, 0, 0);
            stages[names[i]] = stage with
            {
                Output = output.Shape,
                Macs = stage.Macs + MacsOf(operations[i]),
                ActivationBytes = stage.ActivationBytes + BytesOf(output),
            };
        }

        foreach (Tensor parameter in network.Parameters())
        {
            StageProfile stage = stages[network.StageOf(parameter.Name)];
            stages[stage.Name] = stage with { Parameters = stage.Parameters + parameter.Shape.Count };
        }

        return [.. stages.Values];
    }

    /// <summary>
    /// The stage of every operation: that of its parameters, or without any that of the operation before; after the last operation of an encoder's stage, that
    /// of the next one with parameters.
    /// </summary>
    private static string[] StageNames(SegmentationModel network, IReadOnlyList<TracedOperation> operations, in FeatureMaps features)
    {
        HashSet<Tensor> ends = [];
        for (int s = 0; s < features.Count; s++)
        {
            ends.Add(features[s]);
        }

        string[] names = new string[operations.Count];
        for (int i = 0; i < names.Length; i++)
        {
            bool goesOn = i > 0 && !ends.Contains(operations[i - 1].Output);
            names[i] = OwnStage(operations[i]) ?? (goesOn ? names[i - 1] : operations.Skip(i).Select(OwnStage).First(name => name is not null)!);
        }

        return names;

        string? OwnStage(TracedOperation operation) =>
            operation.Inputs.FirstOrDefault(t => t is { Name.Length: > 0 }) is { } parameter ? network.StageOf(parameter.Name) : null;
    }

    private static long MacsOf(TracedOperation operation)
    {
        IReadOnlyList<Tensor?> inputs = operation.Inputs;
        long outputs = operation.Output.Shape.Count;
        return operation.Row switch
        {
            var row when row == Convolution.Row => outputs * inputs[1]!.Shape.CountFrom(1), // weight [O, C/groups, KH, KW]
            var row when row == MatMul.Linear => outputs * inputs[1]!.Shape[1], // weight [O, I]
            var row when row == MatMul.Row => outputs * inputs[0]!.Shape[-1], // [.., M, K]
            var row when row == Attention.Row => 2 * outputs * inputs[1]!.Shape[1], // query·keyᵀ and weights·value, for M keys [B, M, 2C]
            _ => 0,
        };
    }

    private static long PeakBytes(Tensor image, IReadOnlyList<TracedOperation> operations)
    {
        Dictionary<Tensor, int> lastReader = [];
        HashSet<Tensor> activations = [image, .. operations.Select(o => o.Output)];
        for (int i = 0; i < operations.Count; i++)
        {
            foreach (Tensor input in operations[i].Inputs.OfType<Tensor>().Where(activations.Contains))
            {
                lastReader[input] = i;
            }
        }

        ILookup<int, Tensor> freedAfter = lastReader.ToLookup(pair => pair.Value, pair => pair.Key);
        long held = BytesOf(image);
        long peak = held;
        for (int i = 0; i < operations.Count; i++)
        {
            held += BytesOf(operations[i].Output);
            peak = Math.Max(peak, held);
            held -= freedAfter[i].Sum(BytesOf);
        }

        return peak;
    }

    private static long BytesOf(Tensor tensor) => (long)tensor.Shape.Count * tensor.ElementBytes;
}
