using HeteroAKD.Bench.Machine;
using HeteroAKD.Bench.Peers;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using TorchSharp;

namespace HeteroAKD.Bench.Cases;

/// <summary>What a network's answer is held and timed against.</summary>
internal enum InferencePeer
{
    /// <summary>libtorch, composed as its own networks are, without gradients.</summary>
    Libtorch,

    /// <summary>ONNX Runtime on the exported graph, with all of its optimisations.</summary>
    OnnxRuntime,
}

/// <summary>The logits of a frozen network, at the network's own resolution. Weights are the initial ones: time does not depend on them.</summary>
/// <param name="Model">Name in the zoo.</param>
/// <param name="Batch">Images.</param>
/// <param name="Height">Rows of an image.</param>
/// <param name="Width">Columns of an image.</param>
/// <param name="Classes">Classes.</param>
/// <param name="Peer">The other side.</param>
internal sealed record InferenceCase(string Model, int Batch, int Height, int Width, int Classes, InferencePeer Peer)
    : PeerCase(Peer == InferencePeer.Libtorch ? "inference" : "inference, peer ONNX Runtime", $"{Model} {Batch}x3x{Height}x{Width}")
{
    private readonly Lazy<Work> _work = new(() => WorkOf(ModelProfile.Of(Model, Classes, Height, Width), Batch));

    /// <summary>The rows.</summary>
    public static IReadOnlyList<InferenceCase> Rows { get; } =
    [
        .. Both("tiny-mit-student", 1, 96, 128, 11),
        .. Both("tiny-mit-student", 8, 96, 128, 11),
        .. Both("tiny-cnn-teacher", 8, 96, 128, 11),
        .. Both("tiny-cnn-teacher", 16, 96, 128, 11),
        .. Both("segformer-b0", 1, 512, 512, 19),
        .. Both("segformer-b0", 8, 512, 512, 19),
        .. Both("deeplabv3-mobilenetv2", 1, 512, 512, 19),
        .. Both("deeplabv3-mobilenetv2", 8, 512, 512, 19),
        .. Both("deeplabv3-resnet18", 1, 256, 256, 19),
        .. Both("deeplabv3-resnet18", 8, 256, 256, 19),
    ];

    /// <inheritdoc/>
    public override Work Work => _work.Value;

    /// <summary>Winograd's transforms and folded normalisations round differently from plain sums; FrozenNetworkTests bound by how much.</summary>
    public override double Tolerance => 1e-4;

    /// <inheritdoc/>
    public override bool AsWhole => true;

    /// <inheritdoc/>
    public override bool IsReplayed => true;

    /// <summary>Images.</summary>
    public CaseInput Images => new("images", new Shape(Batch, 3, Height, Width));

    /// <summary>
    /// The last image's logits: what the sides are compared by. libtorch in float64 takes a minute and more than 1 GB an image for the larger networks, so it
    /// computes no other image.
    /// </summary>
    /// <param name="logits">Logits of the whole batch.</param>
    public Result LastImage(double[] logits) => new("logits", logits[(logits.Length / Batch * (Batch - 1))..]);

    /// <inheritdoc/>
    public override IContender Ours(Device device) => new OurInference(this, device);

    /// <inheritdoc/>
    public override IContender Theirs(torch.ScalarType type) =>
        Peer == InferencePeer.OnnxRuntime && type == torch.ScalarType.Float32 ? new OnnxInference(this) : new TorchInference(this, type);

    private static IEnumerable<InferenceCase> Both(string model, int batch, int height, int width, int classes) =>
        from peer in Enum.GetValues<InferencePeer>()
        select new InferenceCase(model, batch, height, width, classes, peer) { Goal = peer == InferencePeer.OnnxRuntime ? 1 : null };

    // Images, weights and logits cross memory; what is between them need not, where it fits into a cache.
    private static Work WorkOf(ModelProfile profile, int batch)
    {
        StageProfile all = profile.Evaluation;
        double elements = all.Parameters + ((double)batch * ((3 * profile.Height * profile.Width) + all.Output.Count));
        return Work.Elements(2.0 * all.Macs * batch, elements);
    }
}
