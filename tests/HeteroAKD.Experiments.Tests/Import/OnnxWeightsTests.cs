using HeteroAKD.Experiments.Commands;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Export;
using HeteroAKD.Experiments.Tests.Export;
using HeteroAKD.Experiments.Tests.Support;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Training.Checkpoints;
using HeteroAKD.Weights.Formats;
using HeteroAKD.Weights.Import;

namespace HeteroAKD.Experiments.Tests.Import;

/// <summary>Weights out of ONNX graphs: by name, by order, with batch norms and with folded ones.</summary>
public sealed class OnnxWeightsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Device _device = Device.Open("cpu", 2);

    public void Dispose()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("resnet18", "named", "pspnet-resnet18b", "torchvision")]
    [InlineData("resnet18", "folded", "pspnet-resnet18b", "onnx")]
    [InlineData("resnet50", "folded", "deeplabv3-resnet50b", "onnx")]
    [InlineData("mobilenet_v2", "named", "deeplabv3-mobilenetv2", "torchvision")]
    [InlineData("mobilenet_v2", "folded", "deeplabv3-mobilenetv2", "onnx")]
    public void An_encoder_that_PyTorch_exports_gives_what_PyTorch_gives(string theirs, string form, string ours, string names)
    {
        Python.Require();
        Python.Script("onnx_forms.py", _folder.Path, theirs, form);
        using SegmentationModel model = ModelZoo.Create(ours, 5, _device, seed: 1);
        WeightImport import = WeightImport.Of(Checkpoint.ReadWeights(_folder.File($"{theirs}.onnx")).File);
        ImportReport report = import.CopyTo(model, backboneOnly: true);
        Assert.True(report.Complete, string.Join('\n', report.Lines()));
        Assert.Equal(names, import.Map.Name);
        HostTensor expected = TorchFile.Read(_folder.File($"{theirs}.output.pth")).Tensors[0];
        Close(expected.ToFloats().ToArray(), Run(model, TorchFile.Read(_folder.File($"{theirs}.images.pth")).Tensors[0].ToTensor(_device)).Features[1].ToFloats());
    }

    [Theory]
    [InlineData("tiny-cnn-student")]
    [InlineData("deeplabv3-mobilenetv2")]
    [InlineData("deeplabv3-resnet18b")]
    public void A_graph_that_this_program_wrote_comes_back_whole(string name)
    {
        using SegmentationModel original = TestNetwork.Create(name, _device);
        CheckpointInfo info = new()
        {
            Model = name, Role = "student", Classes = TestNetwork.Classes, Step = 1, DataPosition = 0, BestMetric = 0, Config = ConfigurationWriter.Write(new ExperimentConfig()),
        };
        Checkpoint.Save(_folder.File("x.safetensors"), info, Checkpoint.Entries(Checkpoint.ModelPrefix, original));
        new ExportService().Run(new ExportRequest(_folder.File("x.safetensors"), _folder.File("x.onnx"), ExportFormat.Onnx, []), CancellationToken.None);
        using SegmentationModel model = ModelZoo.Create(name, TestNetwork.Classes, _device, seed: 1);
        ImportReport report = WeightImport.Of(WeightFile.Read(_folder.File("x.onnx"))).CopyTo(model, backboneOnly: false);
        Assert.True(report.Complete, string.Join('\n', report.Lines()));
        Tensor images = Tensor.From(_device, new Shape(1, 3, 64, 64), [.. Enumerable.Range(0, 3 * 64 * 64).Select(i => (float)Math.Sin(i))]);
        Close(Run(original, images).Logits.ToFloats(), Run(model, images).Logits.ToFloats());
    }

    [Fact]
    public void Another_epsilon_is_a_constant_on_the_variance_and_a_bias_one_on_the_mean()
    {
        using SegmentationModel model = ModelZoo.Create("tiny-cnn-student", 2, _device, seed: 1);
        (string first, Tensor weight, _) = model.State().First(e => e.Tensor.Shape.Rank == 4);
        int channels = weight.Shape[0];
        OnnxBytes graph = new OnnxBytes().Tensor("w", weight.Shape.ToArray(), new float[weight.Shape.Count]).Tensor("bias", [channels], [.. Enumerable.Repeat(0.25f, channels)]);
        foreach ((string part, float value) in new[] { ("g", 2f), ("b", 3f), ("m", 1f), ("v", 1f) })
        {
            graph.Tensor(part, [channels], [.. Enumerable.Repeat(value, channels)]);
        }

        File.WriteAllBytes(_folder.File("x.onnx"), graph.Node("Conv", ["x", "w", "bias"], "y").Node("BatchNormalization", ["y", "g", "b", "m", "v"], "z", 1e-3f).Output("z").File());
        WeightImport.Of(WeightFile.Read(_folder.File("x.onnx"))).CopyTo(model, backboneOnly: true);
        string norm = first.Replace(".conv.weight", ".bn.", StringComparison.Ordinal);
        Assert.Equal((0.75f, 1 + (1e-3f - 1e-5f)), (Value("running_mean"), Value("running_var")));

        float Value(string name) => model.State().Single(e => e.Name == norm + name).Tensor.ToFloats()[0];
    }

    [Fact]
    public void A_graph_of_another_network_is_told_by_its_first_shapes()
    {
        File.WriteAllBytes(_folder.File("x.onnx"), new OnnxBytes().Layer("a", "x", 3, 4, "y").Output("y").File());
        ImportRequest request = new(_folder.File("x.onnx"), "pspnet-resnet18b", 5, "", "", true, true, _folder.File("out.safetensors"), []);
        string message = Assert.Throws<WeightImportException>(() => new ImportService().Run(request)).Message;
        Assert.Contains("does not fit pspnet-resnet18b with 5 classes (an ONNX graph, by the order of its layers)", message, StringComparison.Ordinal);
        Assert.Contains("encoder.stem.0.conv.weight from a.w: [4, 3, 1, 1] in the file, [64, 3, 7, 7] in the model", message, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder.File("out.safetensors")));
    }

    private SegmentationOutput Run(SegmentationModel model, Tensor images)
    {
        using NoGrad noGrad = new();
        return model.Forward(images, Nn.Pass.Evaluation);
    }

    private static void Close(float[] expected, float[] found)
    {
        float largest = expected.Max(MathF.Abs);
        Assert.True(largest > 0.1f, $"the values are {largest} at most");
        float worst = expected.Zip(found, (a, b) => MathF.Abs(a - b)).Max();
        Assert.True(expected.Length == found.Length && worst <= 1e-5f * largest, $"they differ by {worst / largest:G3} of the largest");
    }
}
