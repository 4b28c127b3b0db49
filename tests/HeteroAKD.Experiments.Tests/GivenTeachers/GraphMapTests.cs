using System.Globalization;
using HeteroAKD.Distillation.Terms;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Export;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Experiments.Tests.Support;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Loop;
using HeteroAKD.Weights.Formats;
using HeteroAKD.Weights.Onnx;

namespace HeteroAKD.Experiments.Tests.GivenTeachers;

/// <summary>A graph that gives feature maps beside its logits, beside the network that it was made of.</summary>
public sealed class GraphMapTests : IDisposable
{
    private const string Hakd = "hakd";

    private readonly TemporaryFolder _folder = new();
    private readonly TinyFolder _data;
    private readonly string _checkpoint;
    private readonly string _graph;
    private readonly string[] _stages; // finest first
    private readonly string _classifierInput;

    public GraphMapTests()
    {
        _data = new TinyFolder(_folder.File("set"));
        _checkpoint = SavedNetwork.Write(_folder.File("teacher.safetensors"), _data.Config(""), 2, _ => { });
        _graph = _folder.File("teacher.onnx");
        new ExportService().Run(
            new ExportRequest(_checkpoint, _graph, ExportFormat.Onnx, []) { Size = (32, 32), DynamicBatch = true, LogitsSize = LogitsSize.Network },
            CancellationToken.None);
        OnnxContent content = OnnxFile.Read(_graph);
        HashSet<string> sums = [.. content.Nodes.Where(n => n.Op == "Add").SelectMany(n => n.Outputs)];
        _stages = [.. content.Nodes.Where(n => n.Op == "Relu" && sums.Contains(n.Inputs[0])).Select(n => n.Outputs[0])]; // each stage ends in a residual block
        _classifierInput = content.Nodes.Last(n => n.Op == "Conv").Inputs[0];
        AddOutputs(_graph, [.. _stages, _classifierInput]);
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(ProjectedFeatures.Encoder)]
    [InlineData(ProjectedFeatures.Classifier)]
    [InlineData(ProjectedFeatures.All)]
    public void It_is_projected_as_its_network_is(ProjectedFeatures features)
    {
        double[] expected = Values(Config("network", new TeacherConfig { Model = "tiny-cnn-student", Checkpoint = _checkpoint }, features));
        double[] found = Values(Config("graph", new TeacherConfig { Onnx = _graph, OnnxFeatures = _stages, OnnxClassifierInput = _classifierInput }, features));
        Assert.Equal((3, 3), (expected.Length, found.Length));
        Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First, pair.Second, 1e-4 * pair.First));
    }

    [Fact]
    public void Maps_that_are_not_there_or_not_named_are_told()
    {
        Assert.Contains(
            "has no output 'none' of float32 [N, channels, h, w]; its outputs of that form are logits, ",
            Problem(new TeacherConfig { Onnx = _graph, OnnxFeatures = ["none"] }),
            StringComparison.Ordinal);
        string message = Problem(new TeacherConfig { Onnx = _graph });
        Assert.Contains("heteroakd reads feature maps that ", message, StringComparison.Ordinal);
        Assert.Contains("where it is a graph, name its maps (teacher.onnxFeatures, teacher.onnxClassifierInput)", message, StringComparison.Ordinal);
        Assert.Contains(
            "reads feature maps that ",
            Problem(new TeacherConfig { Onnx = _graph, OnnxFeatures = _stages }, ProjectedFeatures.Classifier),
            StringComparison.Ordinal);
        Assert.Contains(
            "projectorWarmup and projectorInit discriminant ask the teacher before the first step",
            Problem(new TeacherConfig { Onnx = _graph, OnnxFeatures = _stages }, ProjectedFeatures.Encoder, warmUp: 2), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("teacher: {onnxFeatures: [a]}", "teacher.onnxFeatures and teacher.onnxClassifierInput name outputs of teacher.onnx, which is empty")]
    [InlineData("teacher: {onnx: a, onnxFeatures: [a, b, c, d, e]}", "teacher.onnxFeatures names 5 maps; up to 4 are taken")]
    public void Contradictions_are_named(string text, string message) =>
        Assert.Contains(message, Assert.Throws<ConfigurationException>(() => ConfigurationReader.ReadText(text, "text")).Message, StringComparison.Ordinal);

    [Fact]
    public void Names_of_maps_are_written_as_they_are_read()
    {
        ExperimentConfig config = ConfigurationReader.ReadText("teacher: {onnx: a, onnxFeatures: ['no', '7', 'a: b']}", "text");
        Assert.Equal(["no", "7", "a: b"], ConfigurationReader.ReadText(ConfigurationWriter.Write(config), "written").Teacher.OnnxFeatures);
    }

    // Messages of one kind, one behind the other, are read as one.
    private static void AddOutputs(string path, string[] names)
    {
        ProtoMessage outputs = new();
        foreach (string name in names)
        {
            outputs.Message(12, new ProtoMessage().Text(1, name));
        }

        using FileStream stream = new(path, FileMode.Append);
        new ProtoMessage().Message(7, outputs).WriteTo(stream);
    }

    private ExperimentConfig Config(string run, TeacherConfig teacher, ProjectedFeatures features, int warmUp = 0)
    {
        ExperimentConfig config = _data.Config(_folder.File(run));
        DistillationConfig distillation = new() { Baseline = false, Method = "heteroakd", Lambda1 = 1 };
        distillation.Terms["heteroakd"] = new HeteroAkdTermOptions { Features = features, ProjectorWarmup = warmUp };
        return config with { Teacher = teacher, Training = config.Training with { LogEvery = 1 }, Distillation = distillation };
    }

    private static double[] Values(ExperimentConfig config)
    {
        TinyExperiment.Distil(config);
        string[][] rows = [.. File.ReadAllLines(Path.Combine(config.Out, RunFiles.Metrics)).Select(line => line.Split(','))];
        int column = Array.IndexOf(rows[0], Hakd);
        return
        [
            .. rows.Where(r => r[0] == NetworkRoles.Distilled && r[column].Length > 0).Take(3)
                .Select(r => double.Parse(r[column], CultureInfo.InvariantCulture))
        ];
    }

    private string Problem(TeacherConfig teacher, ProjectedFeatures features = ProjectedFeatures.Encoder, int warmUp = 0)
    {
        ExperimentConfig config = Config("problem", teacher, features, warmUp);
        string message = Assert.ThrowsAny<HeteroAkdException>(() => TinyExperiment.Distil(config)).Message;
        if (Directory.Exists(config.Out))
        {
            Directory.Delete(config.Out, recursive: true);
        }

        return message;
    }
}
