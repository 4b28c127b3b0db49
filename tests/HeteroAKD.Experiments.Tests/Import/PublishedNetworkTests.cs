using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Export;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Training.Checkpoints;
using HeteroAKD.Weights.Formats;
using HeteroAKD.Weights.Import;
using HeteroAKD.Weights.Onnx;

namespace HeteroAKD.Experiments.Tests.Import;

/// <summary>
/// Networks with the names of other code bases against PyTorch, in and out (<c>tests/python/published_networks.py</c>): logits of whole networks, one map of
/// encoders. What goes out is loaded there with <c>strict=True</c>.
/// </summary>
public sealed class PublishedNetworkTests : IDisposable
{
    private const int Classes = 5;
    private const int Logits = -1;

    private readonly TemporaryFolder _folder = new();
    private readonly Device _device = Device.Open("cpu", 2);

    public void Dispose()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("deeplabv3_resnet50", "deeplabv3-resnet50b", Logits)]
    [InlineData("deeplabv3_resnet101", "deeplabv3-resnet101b", Logits)]
    [InlineData("resnet18", "pspnet-resnet18b", 1)]
    [InlineData("resnet50", "deeplabv3-resnet50b", 1)]
    [InlineData("mobilenet_v2", "deeplabv3-mobilenetv2", 1)]
    [InlineData("segformer.huggingface", "segformer-b0", Logits)]
    [InlineData("segformer.mit", "segformer-b0", Logits)]
    [InlineData("segformer.mmseg", "segformer-b0", 3)]
    public void What_comes_in_gives_what_PyTorch_gives(string theirs, string ours, int map)
    {
        Python.Require();
        Python.Script("published_networks.py", "write", _folder.Path, theirs);
        using SegmentationModel model = ModelZoo.Create(ours, Classes, _device, seed: 1);
        WeightImport import = WeightImport.Of(Checkpoint.ReadWeights(_folder.File($"{theirs}.pth")).File);
        ImportReport report = import.CopyTo(model, backboneOnly: map != Logits);
        Assert.True(map == Logits ? report.Complete : report.EncoderFits, string.Join('\n', report.Lines()));
        Assert.Equal(map == Logits ? Classes : null, import.Classes);
        RequireEqual(theirs, Output(model, theirs, map));
    }

    [Theory]
    [InlineData("deeplabv3_resnet50", "deeplabv3-resnet50b", "torchvision", Logits)]
    [InlineData("resnet18", "pspnet-resnet18b", "torchvision", 1)]
    [InlineData("resnet50", "pspnet-resnet50b", "torchvision", 1)]
    [InlineData("mobilenet_v2", "deeplabv3-mobilenetv2", "torchvision", 1)]
    [InlineData("segformer.huggingface", "segformer-b0", "huggingface", Logits)]
    [InlineData("segformer.mit", "segformer-b0", "mit", Logits)]
    [InlineData("segformer.mmseg", "segformer-b0", "mmseg", 3)]
    public void What_goes_out_loads_there_and_gives_what_is_given_here(string theirs, string ours, string names, int map)
    {
        Python.Require();
        using SegmentationModel model = ModelZoo.Create(ours, Classes, _device, seed: 1);
        model.LayerNormEps = NameMap.All.Single(m => m.Name == names).LayerNormEps;
        Shake(model);
        ExportOutcome outcome = Export(model, $"{theirs}.weights.pth", names);
        Assert.Equal(map == Logits ? 0 : 1, outcome.Warnings.Count);
        float[] images = PlainNumbers(2 * 3 * 65 * 97);
        TorchFileOf("images", theirs, new Shape(2, 3, 65, 97), images);
        Python.Script("published_networks.py", "load", _folder.Path, theirs);
        RequireEqual(theirs, Output(model, theirs, map));
    }

    [Theory]
    [InlineData("deeplabv3-resnet18", "torchvision", "torchvision has no network like deeplabv3-resnet18: nothing there is its 'encoder.stem.1.conv.weight'")]
    [InlineData("deeplabv3-resnet18b", "huggingface", "SegFormer of Hugging Face transformers has no network like deeplabv3-resnet18b")]
    [InlineData("segformer-b0", "torchvision", "has no network like segformer-b0")]
    [InlineData("tiny-cnn-student", "mmseg", "has no network like tiny-cnn-student")]
    public void A_network_that_is_not_there_is_named(string ours, string names, string message)
    {
        using SegmentationModel model = ModelZoo.Create(ours, Classes, _device, seed: 1);
        Assert.Contains(message, Assert.Throws<ExportException>(() => Export(model, "weights.pth", names)).Message, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder.File("weights.pth")));
    }

    // Random networks have norms that say nothing: a wrong assignment would not show.
    private static void Shake(SegmentationModel model)
    {
        foreach (StateEntry entry in model.State().Where(e => e.Tensor.Shape.Rank == 1))
        {
            float[] noise = PlainNumbers(entry.Tensor.Shape.Count);
            bool isVariance = entry.Name.EndsWith("running_var", StringComparison.Ordinal);
            entry.Tensor.CopyFrom([.. entry.Tensor.ToFloats().Zip(noise, (v, n) => isVariance ? 1 + (0.4f * n) : v + (0.1f * n))]);
        }
    }

    private ExportOutcome Export(SegmentationModel model, string file, string names)
    {
        string checkpoint = _folder.File("network.safetensors");
        CheckpointInfo info = new()
        {
            Model = model.Name,
            Role = "student",
            Classes = Classes,
            Step = 1,
            DataPosition = 0,
            BestMetric = 0,
            Config = ConfigurationWriter.Write(new ExperimentConfig()),
            LayerNormEps = model.LayerNormEps,
        };
        Checkpoint.Save(checkpoint, info, Checkpoint.Entries(Checkpoint.ModelPrefix, model));
        return new ExportService().Run(new ExportRequest(checkpoint, _folder.File(file), ExportFormat.Pth, []) { Names = names }, CancellationToken.None);
    }

    private float[] Output(SegmentationModel model, string name, int map)
    {
        HostTensor expected = Of(name, "output");
        using StepScope scope = _device.BeginStep();
        using NoGrad noGrad = new();
        SegmentationOutput output = model.Forward(Of(name, "images").ToTensor(_device), Pass.Evaluation);
        return map == Logits ? Functional.Interpolate(output.Logits, expected.Sizes[2], expected.Sizes[3]).ToFloats() : output.Features[map].ToFloats();
    }

    private void RequireEqual(string name, float[] found)
    {
        float[] expected = Of(name, "output").ToFloats().ToArray();
        float largest = expected.Max(MathF.Abs);
        Assert.True(largest > 0.1f, $"the values are {largest} at most");
        float worst = expected.Zip(found, (a, b) => MathF.Abs(a - b)).Max();
        Assert.True(expected.Length == found.Length && worst <= 1e-5f * largest, $"they differ by {worst / largest:G3} of the largest");
    }

    private HostTensor Of(string name, string what) => TorchFile.Read(_folder.File($"{name}.{what}.pth")).Tensors[0];

    private void TorchFileOf(string what, string name, Shape shape, float[] values)
    {
        using FileStream stream = File.Create(_folder.File($"{name}.{what}.pth"));
        TorchFile.Write(stream, [HostTensor.Of("x", shape.ToArray(), values)]);
    }

    private static float[] PlainNumbers(int count)
    {
        Random random = new(7);
        return [.. Enumerable.Range(0, count).Select(_ => (float)((2 * random.NextDouble()) - 1))];
    }
}
