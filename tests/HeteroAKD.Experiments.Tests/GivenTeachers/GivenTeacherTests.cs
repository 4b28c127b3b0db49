using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using HeteroAKD.Data;
using HeteroAKD.Experiments.Commands;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Export;
using HeteroAKD.Experiments.Plans;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Experiments.Tests.Support;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Tests.GivenTeachers;

/// <summary>Teachers that are no networks of this program, beside the same teacher as a network.</summary>
public sealed class GivenTeacherTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TinyFolder _data;
    private readonly string _checkpoint;

    public GivenTeacherTests()
    {
        _data = new TinyFolder(_folder.File("set"));
        _checkpoint = SavedNetwork.Write(_folder.File("teacher.safetensors"), _data.Config(""), 2, Sure);
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("", "student")]
    [InlineData("--dynamic", "student")]
    [InlineData("--dynamic", "own")]
    public void A_graph_teaches_as_its_network_does(string batch, string normalisation)
    {
        string graph = _folder.File("teacher.onnx");
        new ExportService().Run(
            new ExportRequest(_checkpoint, graph, ExportFormat.Onnx, [])
            {
                Size = (32, 32),
                DynamicBatch = batch.Length > 0,
                LogitsSize = Weights.Onnx.LogitsSize.Network,
            },
            CancellationToken.None);
        TeacherConfig teacher = new()
        {
            Model = "tiny-cnn-student",
            Mean = normalisation == "own" ? [0.1, 0.2, 0.3] : [],
            Std = normalisation == "own" ? [0.5, 0.4, 0.3] : [],
        };
        double[] expected = Kd(Config("network", teacher with { Checkpoint = _checkpoint }));
        double[] found = Kd(Config("graph", teacher with { Onnx = graph }));
        Assert.Equal((3, 3), (expected.Length, found.Length));
        Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First, pair.Second, 1e-4 * pair.First));
    }

    [Theory]
    [InlineData(".npy")]
    [InlineData(".safetensors")]
    public void Files_teach_as_their_network_asked_about_whole_images_does(string ending)
    {
        WriteLogits(ending);
        ExperimentConfig network = Config("network", new TeacherConfig { Model = "tiny-cnn-student", Checkpoint = _checkpoint });
        double[] expected = Kd(network with { Data = network.Data with { TeacherCache = CacheKind.Ram } });
        double[] found = Kd(Config("files", new TeacherConfig { Logits = _folder.File("logits") }));
        Assert.Equal((3, 3), (expected.Length, found.Length));
        Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First, pair.Second, 2e-3 * pair.First));
    }

    [Fact]
    public void A_run_with_files_goes_on_to_the_same_bits_and_notices_other_files()
    {
        WriteLogits(".npy");
        TeacherConfig teacher = new() { Logits = _folder.File("logits") };
        ExperimentConfig unbroken = Config("unbroken", teacher);
        TinyExperiment.Distil(unbroken);
        ExperimentConfig stopped = Config("stopped", teacher);
        TinyExperiment.Distil(stopped, cancelAt: 4);
        TinyExperiment.Distil(stopped, RunMode.Resume);
        TinyExperiment.AssertSame(
            Path.Combine(unbroken.Out, NetworkTrainer.LastFile(NetworkRoles.Distilled)),
            Path.Combine(stopped.Out, NetworkTrainer.LastFile(NetworkRoles.Distilled)));

        // More steps, so that the run goes on after its end: a stop would not wait for the digests.
        ExperimentConfig changed = Config("changed", teacher);
        TinyExperiment.Distil(changed with { Training = changed.Training with { Steps = 3 } });
        File.Copy(_folder.File("logits/t1.npy"), _folder.File("logits/t0.npy"), overwrite: true);
        Assert.Contains(
            "teacher.logits: ", Assert.Throws<HeteroAkdException>(() => TinyExperiment.Distil(changed, RunMode.Resume)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_does_not_fit_is_named_before_the_first_step()
    {
        WriteLogits(".npy");
        string logits = _folder.File("logits");
        Assert.Contains("heteroakd reads feature maps that", Problem(new TeacherConfig { Logits = logits }, "heteroakd"), StringComparison.Ordinal);
        Assert.Contains(
            "teacher.classMap: the data has no class 'c'",
            Problem(new TeacherConfig { Logits = logits, ClassMap = new Dictionary<string, string> { ["0"] = "c" } }),
            StringComparison.Ordinal);
        Assert.Contains("teacher.onnx: there is no file", Problem(new TeacherConfig { Onnx = logits + "/none.onnx" }), StringComparison.Ordinal);
        Assert.Contains("ONNX Runtime refuses the graph", Problem(new TeacherConfig { Onnx = _checkpoint }), StringComparison.Ordinal);
        File.Delete(Path.Combine(logits, "t3.npy"));
        Assert.Contains(
            "1 of the student's 3 images have no logits", Problem(new TeacherConfig { Logits = logits }, every: 2, missing: "t4"), StringComparison.Ordinal);
        Assert.Contains("1 of the student's 6 images have no logits", Problem(new TeacherConfig { Logits = logits }), StringComparison.Ordinal);
        Assert.Contains("teacher.logits: there is no folder", Problem(new TeacherConfig { Logits = logits + "-none" }), StringComparison.Ordinal);
    }

    [Fact]
    public void A_teacher_of_other_classes_teaches_through_its_map()
    {
        string graph = _folder.File("three.onnx");
        string checkpoint = SavedNetwork.Write(_folder.File("three.safetensors"), _data.Config(""), 3, Sure);
        new ExportService().Run(new ExportRequest(checkpoint, graph, ExportFormat.Onnx, []) { Size = (32, 32) }, CancellationToken.None);
        Assert.Contains("has 3 classes, the data has 2; say with teacher.classMap", Problem(new TeacherConfig { Onnx = graph }), StringComparison.Ordinal);
        ExperimentConfig config = Config(
            "mapped", new TeacherConfig { Onnx = graph, ClassMap = new Dictionary<string, string> { ["0"] = "a", ["1"] = "b", ["2"] = "b" } });
        Assert.Equal(3, Kd(config).Length);
        Assert.Contains("teacher: b: 1 + 2", File.ReadAllText(Path.Combine(config.Out, RunFiles.Log)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_dry_run_takes_its_steps_and_checks_the_terms()
    {
        WriteLogits(".npy");
        ExperimentConfig config = Config("dry", new TeacherConfig { Logits = _folder.File("logits") });
        Assert.Equal([NetworkRoles.Distilled], new DryRunService().Try(config, null, new SilentSink(), CancellationToken.None).Networks.Select(n => n.Role));
        ExperimentConfig features = config with { Distillation = new DistillationConfig { Method = "heteroakd" } };
        Assert.Contains(
            "reads feature maps that",
            Assert.ThrowsAny<HeteroAkdException>(() => new DryRunService().Try(features, null, new SilentSink(), CancellationToken.None)).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "never trained",
            Assert.Throws<ConfigurationException>(() => new DryRunService().Try(config, NetworkRole.Teacher, new SilentSink(), CancellationToken.None)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_graph_of_a_fixed_batch_serves_any_number_of_images()
    {
        string graph = _folder.File("teacher.onnx");
        new ExportService().Run(
            new ExportRequest(_checkpoint, graph, ExportFormat.Onnx, []) { Size = (32, 32), Batch = 3, LogitsSize = Weights.Onnx.LogitsSize.Network },
            CancellationToken.None);
        TeacherConfig teacher = new() { Model = "tiny-cnn-student" };
        double[] expected = Kd(Config("network", teacher with { Checkpoint = _checkpoint })); // batches of two
        double[] found = Kd(Config("graph", teacher with { Onnx = graph }));
        Assert.Equal((3, 3), (expected.Length, found.Length));
        Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First, pair.Second, 1e-4 * pair.First));
    }

    [Fact]
    public void Unlabelled_images_have_logits_too_and_names_that_are_their_own()
    {
        WriteLogits(".npy");
        string extra = Path.Combine(_data.Root, "extra", "night");
        Directory.CreateDirectory(extra);
        File.Copy(_data.Image("t0"), Path.Combine(extra, "u0.png"));
        TeacherConfig teacher = new() { Logits = _folder.File("logits") };
        ExperimentConfig config = Config("unlabelled", teacher);
        config = config with { Data = config.Data with { Unlabelled = "extra", UnlabelledBatch = 1 } };
        Assert.Contains(
            "1 of the student's 7 images have no logits",
            Assert.Throws<HeteroAkdException>(() => TinyExperiment.Distil(config)).Message,
            StringComparison.Ordinal);
        Directory.CreateDirectory(_folder.File("logits/night"));
        File.Copy(_folder.File("logits/t1.npy"), _folder.File("logits/night/u0.npy"));
        Directory.Delete(config.Out, recursive: true);
        Assert.Equal(3, Kd(config).Length);

        File.Copy(_data.Image("t0"), Path.Combine(_data.Root, "extra", "t0.png"));
        Assert.Contains("are both called t0, and would share one file of logits",
            Assert.Throws<HeteroAkdException>(() => TinyExperiment.Distil(config with { Out = _folder.File("twins") })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_class_map_is_one_value_of_an_override()
    {
        string file = _folder.File("a.yaml", "teacher: {onnx: a}");
        Assert.Equal(2, ConfigurationReader.ReadFile(file, ["teacher.classMap={0: a, 1: b}"]).Teacher.ClassMap.Count);
        Assert.Contains("teacher.classMap is one value; give all its pairs at once",
            Assert.Throws<ConfigurationException>(() => ConfigurationReader.ReadFile(file, ["teacher.classMap.0=a"])).Message, StringComparison.Ordinal);
        YamlDotNet.RepresentationModel.YamlMappingNode map = new("0", "a", "1", "b");
        Setting setting = Assert.Single(
            SettingsText.Flatten(
                new YamlDotNet.RepresentationModel.YamlMappingNode("teacher", new YamlDotNet.RepresentationModel.YamlMappingNode("classMap", map))));
        Assert.Equal(("teacher.classMap", "{'0': 'a', '1': 'b'}"), (setting.Key, setting.Value));
    }

    [Theory]
    [InlineData("teacher: {onnx: a, logits: b}", "teacher.onnx and teacher.logits are two teachers")]
    [InlineData("teacher: {onnx: a, checkpoint: b}", "leave teacher.checkpoint and teacher.pretrained empty")]
    [InlineData("teacher: {classMap: {0: road}}", "teacher.classMap belongs to teacher.onnx and teacher.logits")]
    [InlineData("teacher: {onnx: a, classMap: [0, 1]}", "teacher.classMap must be pairs like {theirs: ours}, not a list")]
    public void Contradictions_are_named(string text, string message) =>
        Assert.Contains(message, Assert.Throws<ConfigurationException>(() => ConfigurationReader.ReadText(text, "text")).Message, StringComparison.Ordinal);

    [Fact]
    public void A_class_map_is_written_as_it_is_read()
    {
        ExperimentConfig config = ConfigurationReader.ReadText("teacher: {onnx: a, classMap: {0: road, 'a: b': \"no\"}}", "text");
        IReadOnlyDictionary<string, string> map = ConfigurationReader.ReadText(ConfigurationWriter.Write(config), "written").Teacher.ClassMap;
        Assert.Equal([("0", "road"), ("a: b", "no")], map.Select(p => (p.Key, p.Value)));
    }

    // A random network is as good as sure of nothing; its differences would not show.
    private static void Sure(SegmentationModel model)
    {
        Tensor classifier = model.Parameters().Last(p => p.Shape.Rank == 4);
        classifier.CopyFrom([.. classifier.ToFloats().Select(w => 40 * w)]);
    }

    private ExperimentConfig Config(string run, TeacherConfig teacher)
    {
        ExperimentConfig config = _data.Config(_folder.File(run));
        return config with
        {
            Teacher = teacher,
            Training = config.Training with { LogEvery = 1 },
            Distillation = new DistillationConfig { Baseline = false, Method = "kd", Lambda1 = 1 },
        };
    }

    private static double[] Kd(ExperimentConfig config)
    {
        TinyExperiment.Distil(config);
        string[][] rows = [.. File.ReadAllLines(Path.Combine(config.Out, RunFiles.Metrics)).Select(line => line.Split(','))];
        int column = Array.IndexOf(rows[0], "kd");
        return
        [
            .. rows.Where(r => r[0] == NetworkRoles.Distilled && r[column].Length > 0).Take(3)
                .Select(r => double.Parse(r[column], CultureInfo.InvariantCulture))
        ];
    }

    private string Problem(TeacherConfig teacher, string method = "kd", int every = 1, string missing = "")
    {
        ExperimentConfig config = Config("problem", teacher) with { Distillation = new DistillationConfig { Method = method } };
        string hidden = _folder.File("hidden");
        if (missing.Length > 0)
        {
            File.Move(Path.Combine(teacher.Logits, missing + ".npy"), hidden, overwrite: true);
        }

        string message = Assert.ThrowsAny<HeteroAkdException>(
            () => TinyExperiment.Distil(config with { Data = config.Data with { StudentEvery = every } }, RunMode.New)).Message;
        if (missing.Length > 0)
        {
            File.Move(hidden, Path.Combine(teacher.Logits, missing + ".npy"));
        }

        if (Directory.Exists(config.Out))
        {
            Directory.Delete(config.Out, recursive: true);
        }

        return message;
    }

    private void WriteLogits(string ending)
    {
        string folder = _folder.File("logits");
        Directory.CreateDirectory(folder);
        ExperimentData data = new(_data.Config(""));
        using Device device = Device.Open("cpu", 1);
        using SegmentationModel model = Training.Checkpoints.Checkpoint.Load(_checkpoint).CreateModel(device);
        for (int i = 0; i < data.Student.Count; i++)
        {
            Sample sample = data.Student.Load(i);
            using BatchLoader loader = new(new SingleImage(sample.Image, data.Classes), LoaderOptions.ForEvaluation(1, data.Evaluation));
            Batch batch = loader.Next();
            using StepScope scope = device.BeginStep();
            using NoGrad noGrad = new();
            Shape shape = new(1, 3, batch.Height, batch.Width);
            Tensor logits = model.Forward(Tensor.From(device, shape, batch.Images.AsSpan(0, shape.Count)), Pass.Evaluation).Logits;
            Write(Path.Combine(folder, TinyFolder.TrainNames[i] + ending), logits);
        }
    }

    private static void Write(string path, Tensor logits)
    {
        int[] sizes = logits.Shape.ToArray()[1..];
        using FileStream stream = File.Create(path);
        if (path.EndsWith(".safetensors", StringComparison.Ordinal))
        {
            Weights.Formats.SafeTensors.Write(stream, [Weights.Formats.HostTensor.Of("x", sizes, logits.ToFloats())], new Dictionary<string, string>());
            return;
        }

        string header = $"{{'descr': '<f2', 'fortran_order': False, 'shape': ({string.Join(", ", sizes)}), }}\n";
        stream.Write([0x93, .. "NUMPY"u8, 1, 0, .. BitConverter.GetBytes((ushort)header.Length), .. Encoding.ASCII.GetBytes(header)]);
        stream.Write(MemoryMarshal.AsBytes(Array.ConvertAll(logits.ToFloats(), v => (Half)v).AsSpan()));
    }
}
