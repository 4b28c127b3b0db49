using HeteroAKD.Experiments.Commands;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Export;
using HeteroAKD.Nn.Encoders;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Training.Checkpoints;
using HeteroAKD.Training.Evaluation;
using HeteroAKD.Weights.Formats;
using HeteroAKD.Weights.Onnx;
using Microsoft.ML.OnnxRuntime;

namespace HeteroAKD.Experiments.Tests.Export;

/// <summary>From a checkpoint to files that other programs open.</summary>
public sealed class ExportServiceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Graph_says_what_it_takes_and_what_it_is()
    {
        string file = _folder.File("model.onnx");
        ExportOutcome outcome = Run(Request(file) with { DynamicBatch = true });
        Assert.Equal(new FileInfo(file).Length, outcome.Bytes);
        Assert.Equal([new Shape(1, 11, 32, 64), new Shape(2, 11, 32, 64)], outcome.Comparisons.Select(c => c.Shape));
        Assert.All(outcome.Comparisons, c => Assert.InRange(c.RelativeDifference, 0, 1e-4));

        using InferenceSession session = new(file);
        NodeMetadata images = session.InputMetadata["images"];
        Assert.Equal([-1, 3, 32, 64], images.Dimensions);
        Assert.Equal("N", images.SymbolicDimensions[0]);
        Assert.Equal([-1, 11, 32, 64], session.OutputMetadata["logits"].Dimensions);
        Dictionary<string, string> metadata = session.ModelMetadata.CustomMetadataMap;
        Assert.Equal(("tiny-cnn-student", "[0.485,0.456,0.406]", "[0.229,0.224,0.225]"), (metadata["model"], metadata["mean"], metadata["std"]));
        Assert.StartsWith("[\"Sky\",", metadata["classes"], StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Size_batch_and_resolution_are_as_asked()
    {
        string file = _folder.File("model.onnx");
        Run(Request(file) with { Size = (64, 96), Batch = 2, LogitsSize = LogitsSize.Network, FoldBatchNorm = true });
        using InferenceSession session = new(file);
        Assert.Equal([2, 3, 64, 96], session.InputMetadata["images"].Dimensions);
        Assert.Equal([2, 11, 8, 12], session.OutputMetadata["logits"].Dimensions);
    }

    [Fact]
    public void Graph_beyond_the_tolerance_leaves_the_earlier_file()
    {
        string file = _folder.File("model.onnx", "earlier");
        ExportRequest request = Request(file) with { Tolerance = 0 };
        Assert.Contains("the graph is not the network", Assert.Throws<ExportException>(() => Run(request)).Message, StringComparison.Ordinal);
        Assert.Equal("earlier", File.ReadAllText(file));
        Assert.Equal(2, Directory.GetFiles(_folder.Path).Length); // and the checkpoint
        Assert.Empty(Run(request with { Verify = false }).Comparisons);
        Assert.NotEqual("earlier", File.ReadAllText(file));
    }

    [Fact]
    public void Weights_alone_have_the_names_of_the_state_and_no_auxiliary_head()
    {
        string file = _folder.File("weights.safetensors");
        string model = ModelZoo.Names.First(n => n.StartsWith("deeplabv3-r", StringComparison.Ordinal));
        ExportRequest request = Request(file, model) with { Format = ExportFormat.SafeTensors };
        Run(request);
        (List<HostTensor> tensors, Dictionary<string, string> metadata) = SafeTensors.Read(file);
        Checkpoint checkpoint = Checkpoint.Load(request.Checkpoint);
        Assert.Equal(checkpoint.Names.Where(n => !n.Contains("aux_head", StringComparison.Ordinal)), tensors.Select(t => "model." + t.Name));
        Assert.All(tensors, t => Assert.Equal(checkpoint["model." + t.Name].Bytes, t.Bytes));
        Assert.Equal("pt", metadata["format"]);
    }

    [Fact]
    public void State_dict_for_pytorch_holds_the_same_weights()
    {
        string file = _folder.File("weights.pth");
        ExportRequest request = Request(file, "tiny-mit-student") with { Format = ExportFormat.Pth };
        Run(request);
        Checkpoint checkpoint = Checkpoint.Load(request.Checkpoint);
        IReadOnlyList<HostTensor> tensors = TorchFile.Read(file).Tensors;
        Assert.Equal(checkpoint.Names, tensors.Select(t => "model." + t.Name));
        Assert.All(tensors, t => Assert.Equal(checkpoint["model." + t.Name].Bytes, t.Bytes));
    }

    [Theory]
    [InlineData(ExportFormat.SafeTensors)]
    [InlineData(ExportFormat.Pth)]
    public void Exported_weights_come_back_but_for_the_auxiliary_head(ExportFormat format)
    {
        string file = _folder.File("weights");
        ExportRequest request = Request(file, "deeplabv3-resnet18b") with { Format = format };
        Assert.Empty(Run(request).Warnings);
        (Checkpoint imported, IReadOnlyList<string> lines) = Import(file, "deeplabv3-resnet18b");
        Checkpoint checkpoint = Checkpoint.Load(request.Checkpoint);
        Assert.Equal(checkpoint.Names, imported.Names);
        Assert.All(
            checkpoint.Names.Where(n => !n.StartsWith("model.aux_head.", StringComparison.Ordinal)), n => Assert.Equal(checkpoint[n].Bytes, imported[n].Bytes));
        Assert.Contains(imported["model.aux_head.classifier.weight"].Floats.ToArray(), v => v != 0);
        Assert.Contains("7 entries start from seed 1; among them the auxiliary head, which the file lacks and only training uses", lines);
    }

    [Fact]
    public void Epsilons_and_normalisation_go_with_the_weights_or_are_told()
    {
        string file = _folder.File("weights");
        LayerNormEps eps = new(1e-5f, 1e-4f);
        AugmentationConfig augmentation = new() { Mean = [0.5, 0.25, 1.0 / 3], Std = [1.0 / 255, 0.5, 1] };
        ExportRequest request = Request(file, "tiny-mit-student", eps, augmentation) with { Format = ExportFormat.SafeTensors };
        Assert.Empty(Run(request).Warnings);
        Dictionary<string, string> metadata = SafeTensors.Read(file).Metadata;
        Assert.Equal(("tiny-mit-student", "11", "1E-05", "0.0001"),
            (metadata["model"], metadata["classes"], metadata["layer_norm_eps_blocks"], metadata["layer_norm_eps_convolutions"]));
        (Checkpoint imported, IReadOnlyList<string> lines) = Import(file, "tiny-mit-student");
        Assert.Equal(eps, imported.Info.LayerNormEps);
        AugmentationConfig read = ConfigurationReader.ReadText(imported.Info.Config, "checkpoint").Augmentation;
        Assert.Equal(augmentation.Mean, read.Mean);
        Assert.Equal(augmentation.Std, read.Std);
        Assert.Contains(lines, l => l.StartsWith($"{file}: safetensors of tiny-mit-student with 11 classes", StringComparison.Ordinal));
        Assert.Equal(
            "a .pth cannot say that these weights need epsilons of layer norms 1E-05 in blocks and 0.0001 behind convolutions, and augmentation.mean [0.5, "
                + "0.25, 0.3333333333333333] "
            + "and augmentation.std [0.00392156862745098, 0.5, 1]; --format safetensors does",
            Assert.Single(Run(request with { Format = ExportFormat.Pth }).Warnings));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Logits_are_resized_as_evaluation_resizes_them(bool alignCorners)
    {
        (string coarse, string fine) = (_folder.File("coarse.onnx"), _folder.File("fine.onnx"));
        ExportRequest request = Request(fine) with { Overrides = [$"evaluation.alignCorners={(alignCorners ? "true" : "false")}"] };
        Assert.NotEmpty(Run(request).Comparisons);
        Run(request with { Output = coarse, LogitsSize = LogitsSize.Network });
        Shape images = new(1, 3, 32, 64);
        float[] values = [.. Enumerable.Range(0, images.Count).Select(i => MathF.Sin(i * 0.37f))];
        (float[] logits, Shape shape) = Answer(coarse);
        (float[] resized, _) = Answer(fine);
        Assert.True(Distance(alignCorners) < 1e-5);
        Assert.True(Distance(!alignCorners) > 1e-3);
        using InferenceSession session = new(fine);
        Assert.Equal(alignCorners ? "true" : "false", session.ModelMetadata.CustomMetadataMap["align_corners"]);

        (float[], Shape) Answer(string file)
        {
            using OnnxSession graph = new(File.ReadAllBytes(file));
            return graph.Run([("images", values, images)], "logits");
        }

        float Distance(bool corners)
        {
            using Device device = Device.Open("cpu", 1);
            using StepScope step = device.BeginStep();
            float[] expected = Functional.Interpolate(Tensor.From(device, shape, logits), 32, 64, corners).ToFloats();
            return expected.Zip(resized, (a, b) => MathF.Abs(a - b)).Max();
        }
    }

    [Fact]
    public void Sizes_that_the_network_cannot_take_are_named()
    {
        ExportRequest request = Request(_folder.File("model.onnx"), "tiny-mit-student") with { Size = (8, 8) };
        Assert.Contains("tiny-mit-student takes no images of 8x8", Assert.Throws<ExportException>(() => Run(request)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Checkpoint_is_not_overwritten()
    {
        ExportRequest request = Request("");
        byte[] before = File.ReadAllBytes(request.Checkpoint);
        string other = Path.Combine(_folder.Path, ".", "last.safetensors");
        Assert.Contains(
            "is the checkpoint itself", Assert.Throws<ExportException>(() => Run(request with { Output = other })).Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(request.Checkpoint));
    }

    [Fact]
    public void Folder_that_is_missing_is_named_before_any_work()
    {
        ExportRequest request = Request(Path.Combine(_folder.Path, "none", "model.onnx")) with { Checkpoint = "no such file" };
        Assert.Contains("there is no folder", Assert.Throws<ExportException>(() => Run(request)).Message, StringComparison.Ordinal);
    }

    private static ExportOutcome Run(ExportRequest request) => new ExportService().Run(request, CancellationToken.None);

    private (Checkpoint Checkpoint, IReadOnlyList<string> Lines) Import(string file, string model)
    {
        string output = Path.Combine(_folder.Path, "imported.safetensors");
        IReadOnlyList<string> lines = new ImportService().Run(new ImportRequest(file, model, 0, "", "", BackboneOnly: false, Strict: true, output, []));
        return (Checkpoint.Load(output), lines);
    }

    private ExportRequest Request(string output, string name = "tiny-cnn-student", LayerNormEps? eps = null, AugmentationConfig? augmentation = null)
    {
        string path = _folder.File("last.safetensors");
        using Device device = Device.Open("cpu", 1);
        using SegmentationModel model = ModelZoo.Create(name, 11, device, seed: 1);
        ExperimentConfig config = new() { Data = new DataConfig { Size = new PixelSize { Width = 64, Height = 32 } }, Augmentation = augmentation ?? new() };
        CheckpointInfo info = new()
        {
            Model = name,
            Role = "student",
            Classes = 11,
            Step = 3,
            DataPosition = 6,
            BestMetric = 0.5,
            Config = ConfigurationWriter.Write(config),
            LayerNormEps = eps ?? LayerNormEps.Default,
        };
        Checkpoint.Save(path, info, Checkpoint.Entries(Checkpoint.ModelPrefix, model));
        return new ExportRequest(path, output, ExportFormat.Onnx, []);
    }
}
