using System.Text;
using HeteroAKD.Experiments.Export;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Weights.Onnx;

namespace HeteroAKD.Experiments.Tests.Export;

/// <summary>Whole networks of every family in ONNX Runtime.</summary>
public sealed class NetworkTests : IDisposable
{
    private const double Tolerance = 1e-4; // of the largest logit
    private static readonly double[] s_mean = [0.5, 0.5, 0.5];
    private static readonly double[] s_std = [0.25, 0.25, 0.25];
    private readonly Device _device = Device.Open("cpu", 2);

    // One of every kind of encoder (both stems, both blocks) and head.
    public static TheoryData<string> Families =>
    [
        "tiny-cnn-student", "tiny-mit-student", "deeplabv3-resnet18", "deeplabv3-resnet50b", "deeplabv3-mobilenetv2", "pspnet-resnet18b", "pspnet-mobilenetv2",
        "deeplabv3-mit-b0", "segformer-b0",
    ];

    public void Dispose() => _device.Dispose();

    [Theory]
    [MemberData(nameof(Families))]
    public void Graph_is_the_network(string name)
    {
        using SegmentationModel model = TestNetwork.Create(name, _device);
        Shape images = new(1, 3, 64, 96);
        NetworkGraph network = new(model, LogitsSize.Image);
        byte[] graph = Graph(network, images, default);
        Assert.Equal(graph, Graph(network, images, default));
        OutputComparison comparison = Assert.Single(Compare(network, graph, images));
        Assert.Equal(new Shape(1, TestNetwork.Classes, 64, 96), comparison.Shape);
        string text = Encoding.Latin1.GetString(graph);
        Assert.All(
            model.State().Where(e => !e.Name.StartsWith("aux_head", StringComparison.Ordinal)), e => Assert.Contains(e.Name, text, StringComparison.Ordinal));
        Assert.DoesNotContain("aux_head", text, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Folded_graph_takes_any_number_of_images_of_odd_size(string name)
    {
        using SegmentationModel model = TestNetwork.Create(name, _device);
        Shape images = new(1, 3, 72, 88);
        NetworkGraph network = new(model, LogitsSize.Network);
        byte[] graph = Graph(network, images, new TranslationOptions(DynamicBatch: true, FoldBatchNorm: true));
        List<OutputComparison> comparisons = Compare(network, graph, images, new Shape(3, 3, 72, 88));
        Assert.Equal([1, 3], comparisons.Select(c => c.Shape[0]));
        string text = Encoding.Latin1.GetString(graph);
        Assert.DoesNotContain("BatchNormalization", text, StringComparison.Ordinal);
        Assert.DoesNotContain("running_mean", text, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Graph_with_open_sizes_is_the_network_at_others(string name)
    {
        using SegmentationModel model = TestNetwork.Create(name, _device);
        Shape images = new(1, 3, 64, 96);
        foreach (LogitsSize size in new[] { LogitsSize.Image, LogitsSize.Network })
        {
            NetworkGraph network = new(model, size);
            TranslationOptions options = new(DynamicBatch: true, Opset: size == LogitsSize.Image ? 0 : 18);
            if (name.StartsWith("pspnet", StringComparison.Ordinal) || name.StartsWith("tiny-cnn", StringComparison.Ordinal))
            {
                Assert.Contains(
                    "export without --dynamic-size",
                    Assert.Throws<ExportException>(() => Graph(network, images, options, dynamicSize: true)).Message,
                    StringComparison.Ordinal);
                continue;
            }

            byte[] graph = Graph(network, images, options, dynamicSize: true);
            Compare(network, graph, images, new Shape(2, 3, 96, 192), new Shape(1, 3, 72, 40));
        }
    }

    [Fact]
    public void Wrong_graph_is_refused()
    {
        using SegmentationModel model = TestNetwork.Create("tiny-cnn-student", _device);
        Shape images = new(1, 3, 64, 96);
        NetworkGraph network = new(model, LogitsSize.Image);
        byte[] graph = Graph(network, images, default);
        Tensor mean = model.State().First(e => e.Name.EndsWith("running_mean", StringComparison.Ordinal)).Tensor;
        float[] values = Translation.Values(mean);
        values[0] += 1;
        mean.CopyFrom(values);
        string message = Assert.Throws<ExportException>(() => Compare(network, graph, images)).Message;
        Assert.Contains("the graph is not the network: logits [1, 5, 64, 96] differ by", message, StringComparison.Ordinal);
        Assert.Contains("Nothing was written", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Damaged_graph_is_refused() =>
        Assert.Contains("ONNX Runtime refuses the graph", Assert.Throws<ExportException>(() => new OnnxSession([1, 2, 3])).Message, StringComparison.Ordinal);

    [Fact]
    public void Differences_and_classes_are_counted()
    {
        // 2 classes, 4 pixels: the third pixel's class differs, the largest difference is its 3 - 1.
        OutputComparison c = OutputComparison.Of("y", new Shape(1, 2, 2, 2), [1, -8, 3, 4, 0, 0, 2, 0], [1, -8, 1, 4, 0, 0, 2, 0.5f]);
        Assert.Equal((2, 0.25, 0.75), (c.MaxDifference, c.RelativeDifference, c.Agreement));
        Assert.False(c.Within(1));
        Assert.False((c with { Agreement = 1 }).Within(0.2));
        Assert.True((c with { Agreement = 0.999 }).Within(0.25));
        Assert.False(OutputComparison.Of("y", new Shape(1, 1, 1, 2), [1, 2], [1, float.NaN]).Within(1));
    }

    private static byte[] Graph(NetworkGraph network, Shape images, TranslationOptions options, bool dynamicSize = false)
    {
        using MemoryStream stream = new();
        network.Trace(images, options, new Dictionary<string, string>(), dynamicSize).WriteTo(stream);
        return stream.ToArray();
    }

    private static List<OutputComparison> Compare(NetworkGraph network, byte[] graph, params Shape[] runs) =>
        new GraphVerifier(network, s_mean, s_std).Compare(graph, runs, Tolerance, CancellationToken.None);
}
