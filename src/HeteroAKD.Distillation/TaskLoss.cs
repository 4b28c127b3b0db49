using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Distillation;

/// <summary>Options of the task loss.</summary>
/// <param name="IgnoreIndex">Label without a loss.</param>
/// <param name="ClassWeights">[C] weights, or null for ones.</param>
/// <param name="LabelSmoothing">Share of the target spread over all classes.</param>
/// <param name="AuxWeight">Weight of the auxiliary head's loss, for networks that have one.</param>
public sealed record TaskLossOptions(int IgnoreIndex, IReadOnlyList<double>? ClassWeights = null, double LabelSmoothing = 0, double AuxWeight = 0.4);

/// <summary>L_task: cross-entropy on the label grid, logits upsampled inside the kernel; plus the auxiliary head's, where there is one.</summary>
public sealed class TaskLoss : IObjective
{
    private readonly TaskLossOptions _options;
    private readonly Tensor? _weights; // [C]
    private readonly List<LossTerm> _terms = [];

    /// <summary>Prepares the loss for a number of classes.</summary>
    public TaskLoss(Device device, int classes, TaskLossOptions options)
    {
        _options = options;
        if (options.ClassWeights is { } weights)
        {
            if (weights.Count != classes)
            {
                throw new HeteroAkdException($"loss.classWeights: {weights.Count} weights for {classes} classes");
            }

            _weights = Tensor.Persistent(device, new Shape(classes));
            _weights.CopyFrom([.. weights.Select(w => (float)w)]);
        }
    }

    /// <summary>[C] class weights, or null for ones.</summary>
    public Tensor? ClassWeights => _weights;

    /// <inheritdoc/>
    public IReadOnlyList<string> TermNames { get; } = ["ce", "pixel_accuracy"];

    /// <inheritdoc/>
    public Module? Auxiliary => null;

    /// <inheritdoc/>
    public ObjectiveResult Loss(SegmentationModel student, Tensor images, Tensor labels, in Pass pass)
    {
        _terms.Clear();
        return new ObjectiveResult(Of(student.Forward(images, pass), labels, _terms), _terms);
    }

    /// <summary>The loss of an output; adds its terms.</summary>
    public Tensor Of(in SegmentationOutput output, Tensor labels, List<LossTerm> terms)
    {
        OpNode<CrossEntropyAttributes> main = CrossEntropy(output.Logits, labels);
        Tensor result = main.Extra(1)!;
        terms.Add(new LossTerm("ce", result, 0));
        terms.Add(new LossTerm("pixel_accuracy", result, 3));
        return output.AuxLogits is { } aux && _options.AuxWeight > 0
            ? Functional.WeightedSum(main.Output, CrossEntropy(aux, labels).Output, 1, (float)_options.AuxWeight)
            : main.Output;
    }

    /// <inheritdoc/>
    public void Dispose() => _weights?.Dispose();

    private Tensors.Autograd.OpNode<CrossEntropyAttributes> CrossEntropy(Tensor logits, Tensor labels) =>
        Losses.CrossEntropy.Run(new CrossEntropyAttributes(_options.IgnoreIndex, (float)_options.LabelSmoothing), logits, labels, _weights);
}
