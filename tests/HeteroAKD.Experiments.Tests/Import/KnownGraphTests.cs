using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Export;
using HeteroAKD.Experiments.Tests.Support;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Training.Checkpoints;
using HeteroAKD.Weights.Import;
using HeteroAKD.Weights.Onnx;

namespace HeteroAKD.Experiments.Tests.Import;

/// <summary>The published graph of ImageNet weights, which NuGet's restore brought, against ONNX Runtime on the graph itself.</summary>
public sealed class KnownGraphTests : IDisposable
{
    private const int Size = 224; // the graph's own

    // The sums at the end of each stage of the graph, behind their ReLU.
    private static readonly string[] s_stages = ["ReLU283_Output_0", "ReLU315_Output_0", "ReLU347_Output_0", "ReLU393_Output_0"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>
    /// The encoder dilates its last two stages instead of striding them. Every second pixel of a dilated stage is a pixel of the strided one, so all stages can
    /// be compared.
    /// </summary>
    [Fact]
    public void Each_stage_gives_what_ONNX_Runtime_gives()
    {
        string path = KnownGraph.PathOf("resnet18-imagenet");
        using Device device = Device.Open("cpu", 2);
        using SegmentationModel model = ModelZoo.Create("deeplabv3-resnet20b", 5, device, seed: 1);
        WeightImport import = WeightImport.Of(Checkpoint.ReadWeights(path).File);
        ImportReport report = import.CopyTo(model, backboneOnly: true);
        Assert.True(report.Complete && report.Ignored.Count == 0, string.Join('\n', report.Lines()));

        Random random = new(3);
        float[] pixels = [.. Enumerable.Range(0, 3 * Size * Size).Select(_ => (float)random.NextDouble())]; // red first, 0 to 1
        InputNormalization input = import.Input!;
        float[] ours = [.. pixels.Select((v, i) => (float)((v - input.Mean[i / (Size * Size)]) / input.Std[i / (Size * Size)]))];
        int plane = Size * Size;
        float[] theirs = [.. ours[(2 * plane)..], .. ours[plane..(2 * plane)], .. ours[..plane]]; // blue first
        using OnnxSession session = new(WithOutputs(File.ReadAllBytes(path)));
        using NoGrad noGrad = new();
        SegmentationOutput output = model.Forward(Tensor.From(device, new Shape(1, 3, Size, Size), ours), Pass.Evaluation);
        for (int stage = 0; stage < 4; stage++)
        {
            (float[] expected, Shape shape) = session.Run([("Input247", theirs, new Shape(1, 3, Size, Size))], s_stages[stage]);
            float[] found = EveryNth(output.Features[stage], output.Features[stage].Shape[2] / shape[2]);
            float largest = expected.Max();
            Assert.True(
                largest > 1 && expected.Length == found.Length, $"stage {stage + 1}: {found.Length} values for {expected.Length}, the largest {largest}");
            Assert.All(expected.Zip(found), pair => Assert.InRange(pair.Second - pair.First, -1e-4f * largest, 1e-4f * largest));
        }
    }

    [Fact]
    public void An_encoder_with_fewer_blocks_takes_those_that_it_has()
    {
        using Device device = Device.Open("cpu", 2);
        using SegmentationModel model = ModelZoo.Create("deeplabv3-resnet18b", 5, device, seed: 1);
        ImportReport report = WeightImport.Of(Checkpoint.ReadWeights(KnownGraph.PathOf("resnet18-imagenet")).File).CopyTo(model, backboneOnly: true);
        Assert.True(report.Complete, string.Join('\n', report.Lines()));
        Assert.Equal((100, 10), (report.Loaded.Count, report.Ignored.Count));
    }

    [Fact]
    public void A_teacher_sees_images_as_its_weights_expect_them_and_its_checkpoint_says_so()
    {
        ExperimentConfig config = TinyExperiment.Config(_folder.File("run"));
        TinyExperiment.Teach(config with { Teacher = config.Teacher with { Model = "deeplabv3-resnet18b", Pretrained = "resnet18-imagenet" } });
        Assert.Contains(
            "teacher: its images are normalised by mean [0.482947568627451, 0.4545210980392157, 0.40416713725490194] and deviation [0.00392156862745098,",
            File.ReadAllText(Path.Combine(config.Out, "log.txt")), StringComparison.Ordinal);
        string kept = Checkpoint.Load(Path.Combine(config.Out, "teacher.safetensors")).Info.Config;
        Assert.Equal(1.0 / 255, ConfigurationReader.ReadText(kept, "x").Augmentation.Std[0]);
        Assert.Equal("resnet18-imagenet", ConfigurationReader.ReadText(kept, "x").Teacher.Pretrained);
    }

    [Fact]
    public void A_file_that_is_nowhere_is_told_with_its_places()
    {
        KnownGraph known = KnownGraph.All[0] with { Package = "No.Such.Package" };
        string message = Assert.Throws<HeteroAkdException>(() => known.Require()).Message;
        Assert.Contains(
            "pretrained weights 'resnet18-imagenet': ResNet18.onnx of the NuGet package No.Such.Package 0.23.1 is in none of ",
            message,
            StringComparison.Ordinal);
        Assert.Contains(
            Path.Combine("no.such.package", "0.23.1", "tools", "DnnImageModels", "ResNet18Onnx", "ResNet18.onnx"), message, StringComparison.Ordinal);
        Assert.Contains("name its folder in HETEROAKD_MODELS", message, StringComparison.Ordinal);
        Assert.Equal("some/file.pth", KnownGraph.PathOf("some/file.pth"));
    }

    // Two messages of one kind, one behind the other, are read as one: the graph gets further outputs.
    private static byte[] WithOutputs(byte[] graph)
    {
        ProtoMessage outputs = new();
        foreach (string stage in s_stages)
        {
            outputs.Message(12, new ProtoMessage().Text(1, stage));
        }

        MemoryStream stream = new();
        stream.Write(graph);
        new ProtoMessage().Message(7, outputs).WriteTo(stream);
        return stream.ToArray();
    }

    // [1, C, H, W]
    private static float[] EveryNth(Tensor map, int step)
    {
        float[] values = map.ToFloats();
        (int height, int width) = (map.Shape[2], map.Shape[3]);
        return [.. Enumerable.Range(0, values.Length).Where(i => i % width % step == 0 && i / width % height % step == 0).Select(i => values[i])];
    }
}
