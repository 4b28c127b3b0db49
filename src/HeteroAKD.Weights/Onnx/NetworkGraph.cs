using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Weights.Onnx;

/// <summary>The resolution of the logits that a graph returns.</summary>
public enum LogitsSize
{
    /// <summary>That of the images: resized bilinearly as evaluation does.</summary>
    Image,

    /// <summary>The network's own, a fraction of the images'.</summary>
    Network,
}

/// <summary>A network as a graph from <c>images</c> [N, 3, H, W] to <c>logits</c> [N, classes, h, w], both float32.</summary>
/// <param name="model">The network.</param>
/// <param name="logitsSize">Resolution of the logits.</param>
/// <param name="alignCorners">Whether logits are resized with corner pixels on corner pixels instead of half-pixel centres.</param>
public sealed class NetworkGraph(SegmentationModel model, LogitsSize logitsSize, bool alignCorners = false)
{
    /// <summary>Name of the input.</summary>
    public const string Images = "images";

    /// <summary>Version of ONNX's operators that is written unless another is asked for.</summary>
    public const int UsualOpset = OnnxGraph.UsualOpset;

    /// <summary>The oldest version.</summary>
    public const int OldestOpset = OnnxGraph.OldestOpset;

    /// <summary>The newest version.</summary>
    public const int NewestOpset = OnnxGraph.NewestOpset;

    /// <summary>Name of the output.</summary>
    public const string Logits = "logits";

    /// <summary>Runs the network once and translates what ran.</summary>
    /// <param name="images">[N, 3, H, W].</param>
    /// <param name="options">How operations are translated.</param>
    /// <param name="metadata">What the model says about itself, by key.</param>
    /// <param name="dynamicSize">Whether the graph takes images of any size that the network takes.</param>
    /// <exception cref="ShapeMismatchException">The network does not take images of that size.</exception>
    /// <exception cref="ExportException">An operation has no counterpart, or its sizes cannot be left open.</exception>
    public ProtoMessage Trace(Shape images, TranslationOptions options, IReadOnlyDictionary<string, string> metadata, bool dynamicSize = false)
    {
        using NoGrad noGrad = new();
        using StepScope step = model.Device.BeginStep();
        (IReadOnlyList<TracedOperation> operations, Tensor input, Tensor logits) = Record(images);
        OpenSizes? sizes = null;
        if (dynamicSize)
        {
            (IReadOnlyList<TracedOperation> other, Tensor otherInput, _) = Record(OtherSize(images));
            sizes = new OpenSizes(operations, other, (input, otherInput));
        }

        IEnumerable<(string, Tensor)> parameters = model.State().Select(e => (e.Name, e.Tensor));
        OnnxGraph graph = Translation.Translate(operations, [(Images, input)], [(Logits, logits)], parameters, options, sizes);
        return graph.ToModel(model.Name, [new OnnxValue(Images, images)], [new OnnxValue(Logits, logits.Shape)], options.DynamicBatch, metadata, dynamicSize);
    }

    /// <summary>The network's own answer, as <c>predict</c> computes it, and its shape [N, classes, h, w].</summary>
    /// <param name="values">Normalised images, row-major.</param>
    /// <param name="images">Their shape, [N, 3, H, W].</param>
    public (float[] Values, Shape Shape) Run(float[] values, Shape images)
    {
        using NoGrad noGrad = new();
        using StepScope step = model.Device.BeginStep();
        using FrozenNetwork network = model.Freeze();
        Tensor input = Tensor.From(model.Device, images, values);
        Tensor logits = AtLogitsSize(network.Logits(input), input);
        return (Translation.Values(logits), logits.Shape);
    }

    /// <summary>
    /// Images of another height and width: what a graph with open sizes is tried on. They differ by two odd numbers, since layers that halve a size round it
    /// differently.
    /// </summary>
    public static Shape OtherSize(Shape images) => new(images[0], images[1], images[2] + 39, images[3] + 103);

    private (IReadOnlyList<TracedOperation> Operations, Tensor Input, Tensor Logits) Record(Shape images)
    {
        Tensor input = Tensor.Zeros(model.Device, images);
        using GraphTrace trace = new(model.Device);
        Tensor logits = AtLogitsSize(model.Forward(input, Pass.Evaluation).Logits, input);
        return (trace.Operations, input, logits);
    }

    private Tensor AtLogitsSize(Tensor logits, Tensor images) =>
        logitsSize == LogitsSize.Network ? logits : Functional.Interpolate(logits, images.Shape[2], images.Shape[3], alignCorners);
}
