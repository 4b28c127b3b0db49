using HeteroAKD.Experiments.Commands;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Export;
using HeteroAKD.Experiments.Tests.Export;
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
        Close(
            expected.ToFloats().ToArray(),
            Run(model, TorchFile.Read(_folder.File($"{theirs}.images.pth")).Tensors[0].ToTensor(_device)).Features[1].ToFloats());
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
            Model = name,
            Role = "student",
            Classes = TestNetwork.Classes,
            Step = 1,
            DataPosition = 0,
            BestMetric = 0,
            Config = ConfigurationWriter.Write(new ExperimentConfig()),
        };
        Checkpoint.Save(_folder.File("x.safetensors"), info, Checkpoint.Entries(Checkpoint.ModelPrefix, original));
        new ExportService().Run(new ExportRequest(_folder.File("x.safetensors"), _folder.File("x.onnx"), ExportFormat.Onnx, []), CancellationToken.None);
        using SegmentationModel model = ModelZoo.Create(name, TestNetwork.Classes, _device, seed: 1);
        ImportReport report = WeightImport.Of(WeightFile.Read(_folder.File("x.onnx"))).CopyTo(model, backboneOnly: false);
        Assert.True(report.Complete, string.Join('\n', report.Lines()));
        Tensor images = Tensor.From(_device, new Shape(1, 3, 64, 64), [.. Enumerable.Range(0, 3 * 64 * 64).Select(i => (float)Math.Sin(i))]);
        Close(Run(original, images).Logits.ToFloats(), Run(model, images).Logits.ToFloats());
    }

    [Theory]
    [InlineData(1e-3f)]
    [InlineData(1e-6f)]
    public void Another_epsilon_and_a_bias_before_the_norm_keep_what_it_gives(float epsilon)
    {
        const float Weight = 2, Bias = 3, Mean = 1, Variance = 0.01f, Before = 0.25f, Value = 0.7f;
        using SegmentationModel model = ModelZoo.Create("tiny-cnn-student", 2, _device, seed: 1);
        (string first, Tensor weight, _) = model.State().First(e => e.Tensor.Shape.Rank == 4);
        int channels = weight.Shape[0];
        OnnxBytes graph = new OnnxBytes()
            .Tensor("w", weight.Shape.ToArray(), new float[weight.Shape.Count])
            .Tensor("bias", [channels], [.. Enumerable.Repeat(Before, channels)]);
        foreach ((string part, float value) in new[] { ("g", Weight), ("b", Bias), ("m", Mean), ("v", Variance) })
        {
            graph.Tensor(part, [channels], [.. Enumerable.Repeat(value, channels)]);
        }

        File.WriteAllBytes(
            _folder.File("x.onnx"),
            graph.Node("Conv", ["x", "w", "bias"], "y").Node("BatchNormalization", ["y", "g", "b", "m", "v"], "z", epsilon).Output("z").File());
        WeightImport.Of(WeightFile.Read(_folder.File("x.onnx"))).CopyTo(model, backboneOnly: true);
        string norm = first.Replace(".conv.weight", ".bn.", StringComparison.Ordinal);
        double expected = ((Value + Before - Mean) / Math.Sqrt(Variance + epsilon) * Weight) + Bias;
        Assert.Equal(expected, ((Value - Of("running_mean")) / Math.Sqrt(Of("running_var") + 1e-5f) * Of("weight")) + Of("bias"), 1e-5);

        double Of(string name) => model.State().Single(e => e.Name == norm + name).Tensor.ToFloats()[0];
    }

    [Theory]
    [InlineData("scaled", "unexpected  5")] // the factor, and the norm that is not behind a convolution
    [InlineData("divided", "computes with 'factor' before its first layer: its images are scaled inside the graph")]
    [InlineData("quantised", "the weight 'dequantised' of a convolution is no constant of floats in four dimensions (is the graph quantised?). Its place is "
        + "that of encoder.stem.conv.weight")]
    [InlineData("computed bias", "the bias 'computed' of a convolution is no constant of 16 floats")]
    [InlineData("narrow norm", "a parameter of the batch norm behind 'w' is no constant of as many floats as it has channels")]
    [InlineData("negative", "'v' is a variance, and 16 of its values are negative")]
    public void What_would_give_something_else_is_refused(string kind, string message)
    {
        using SegmentationModel model = ModelZoo.Create("tiny-cnn-student", 2, _device, seed: 1);
        int[] sizes = model.State().First(e => e.Tensor.Shape.Rank == 4).Tensor.Shape.ToArray();
        int channels = sizes[0];
        OnnxBytes graph = new OnnxBytes().Tensor("w", sizes, new float[sizes.Aggregate(1, (a, b) => a * b)]).Tensor("factor", [1], 255);
        int width = kind == "narrow norm" ? 2 * channels : channels;
        foreach (string part in new[] { "g", "b", "m", "v" })
        {
            graph.Tensor(part, [width], [.. Enumerable.Repeat(kind == "negative" ? -1f : 1, width)]);
        }

        string image = "x";
        if (kind == "divided")
        {
            graph.Node("Div", ["x", "factor"], image = "small");
        }

        graph.Node("DequantizeLinear", ["q"], "dequantised").Node("Reshape", ["q"], "computed");
        graph.Node("Conv", kind == "computed bias" ? [image, "w", "computed"] : [image, kind == "quantised" ? "dequantised" : "w"], "y");
        if (kind == "scaled")
        {
            graph.Node("Mul", ["y", "factor"], "y2").Node("BatchNormalization", ["y2", "g", "b", "m", "v"], "z");
        }
        else
        {
            graph.Node("BatchNormalization", ["y", "g", "b", "m", "v"], "z");
        }

        // A second layer, so that what stands between the two lies on the way.
        graph.Layer("second", "z", channels, 24, "end").Output("end");
        File.WriteAllBytes(_folder.File("x.onnx"), graph.File());
        ImportRequest request = new(_folder.File("x.onnx"), "tiny-cnn-student", 2, "", "", true, true, _folder.File("out.safetensors"), []);
        Assert.Contains(message, Assert.Throws<WeightImportException>(() => new ImportService().Run(request)).Message, StringComparison.Ordinal);
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
        Assert.Equal(expected.Length, found.Length);
        Assert.All(expected.Zip(found), pair => Assert.InRange(pair.Second - pair.First, -1e-5f * largest, 1e-5f * largest)); // NaN is in no range
    }
}
