using System.Text.Json;
using HeteroAKD.Data;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Checkpoints;
using HeteroAKD.Weights.Formats;

namespace HeteroAKD.Cli.Tests;

/// <summary><c>train</c>, then <c>eval</c>, <c>predict</c> and <c>export</c> on what it left, with nothing faked.</summary>
public sealed class InferenceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly StringWriter _output = new() { NewLine = "\n" };
    private readonly StringWriter _error = new() { NewLine = "\n" };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("student", "tiny-cnn-student", "89,523")]
    [InlineData("teacher", "tiny-mit-student", "244,667")]
    public void Trained_network_is_scored_exported_and_predicts_images_of_any_size(string role, string model, string parameters)
    {
        string config = _folder.File("tiny.yaml", TinyRun.Scenes);
        string run = _folder.File("run");
        Succeed("train", config, "--network", role, "--out", run);
        string checkpoint = Path.Combine(run, $"{role}-last.safetensors");

        Succeed("eval", checkpoint, checkpoint, "--split", "test");
        Assert.Contains(model, _output.ToString(), StringComparison.Ordinal);
        Assert.Contains(parameters, _output.ToString(), StringComparison.Ordinal);
        Assert.Contains("mean IoU", _output.ToString(), StringComparison.Ordinal);

        Succeed("export", checkpoint, "--out", _folder.File("student.onnx"));
        Assert.Contains("logits  [1, 11, 32, 32]", _output.ToString(), StringComparison.Ordinal);
        Assert.True(File.Exists(_folder.File("student.onnx")));

        const int Width = 45;
        const int Height = 70; // neither a multiple of 32
        string image = _folder.File("photo.png");
        SkiaImageCodec.Instance.WritePng(image, new RgbImage(Width, Height));
        string dump = _folder.File("features.safetensors");
        Succeed("predict", checkpoint, image, "--out", _folder.File("predicted"), "--dump", dump);
        List<HostTensor> features = SafeTensors.Read(dump).Tensors;
        Assert.Equal(["image", "stages.0", "stages.1", "stages.2", "logits"], features.Select(t => t.Name));
        Assert.Equal([1, 3, Height, Width], features[0].Sizes);
        Assert.Equal([18, 12], features[1].Sizes[2..]);
        Assert.Equal([1, 11, 9, 6], features[^1].Sizes);
        LabelImage labels = LabelPng.Read(Path.Combine(_folder.Path, "predicted", "photo.labels.png"));
        RgbImage overlay = SkiaImageCodec.Instance.ReadRgb(Path.Combine(_folder.Path, "predicted", "photo.overlay.png"));
        Assert.Equal((Width, Height, Width, Height), (labels.Width, labels.Height, overlay.Width, overlay.Height));
        Assert.All(labels.Ids, id => Assert.InRange(id, 0, 10));
    }

    // The set that a network learned from need not be on the machine that uses it.
    [Fact]
    public void Images_are_predicted_without_the_data_set()
    {
        string checkpoint = _folder.File("imported.safetensors");
        using (Device device = Device.Open("cpu", 1))
        using (SegmentationModel model = ModelZoo.Create("tiny-cnn-student", 21, device, 1))
        {
            string config = "data: {kind: folder, root: /nowhere}";
            CheckpointInfo info = new() { Model = model.Name, Role = "student", Classes = 21, Step = 1, DataPosition = 0, BestMetric = 0, Config = config };
            Checkpoint.Save(checkpoint, info, Checkpoint.Entries(Checkpoint.ModelPrefix, model));
        }

        string image = _folder.File("photo.png");
        SkiaImageCodec.Instance.WritePng(image, new RgbImage(40, 33));
        string results = _folder.File("results");
        Succeed("predict", checkpoint, image, "--out", results, "--server");
        LabelImage labels = LabelPng.Read(Path.Combine(results, "photo.labels.png"));
        Assert.All(labels.Ids, id => Assert.InRange(id, 0, 20));
        Assert.Equal(labels.Ids, LabelPng.Read(Path.Combine(results, "server", "photo.png")).Ids);

        string twin = Path.Combine(Directory.CreateDirectory(_folder.File("other")).FullName, "photo.png");
        File.Copy(image, twin);
        Assert.Equal(1, Run("predict", checkpoint, image, twin, "--out", results));
        Assert.Contains("have one name", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Networks_of_other_classes_are_not_put_side_by_side()
    {
        string config = _folder.File("tiny.yaml", TinyRun.Scenes);
        Succeed("train", config, "--out", _folder.File("run"));
        string scenes = _folder.File("run/student-last.safetensors");
        string other = _folder.File("other.safetensors");
        foreach ((string file, byte[] bytes) in new[] { ("images/a.png", new byte[32 * 32 * 3]), ("images/b.png", new byte[32 * 32 * 3]) })
        {
            string path = _folder.File("set/" + file);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            SkiaImageCodec.Instance.WritePng(path, new RgbImage(32, 32, bytes));
            Directory.CreateDirectory(_folder.File("set/masks"));
            LabelPng.Write(_folder.File("set/masks/" + Path.GetFileName(file)), new byte[32 * 32], 32, 32);
        }

        File.WriteAllText(_folder.File("set/classes.txt"), "0 a 1 1 1\n1 b 2 2 2\n");
        using (Device device = Device.Open("cpu", 1))
        using (SegmentationModel model = ModelZoo.Create("tiny-cnn-student", 2, device, 1))
        {
            string text = $"data: {{kind: folder, root: '{_folder.File("set")}'}}";
            CheckpointInfo info = new() { Model = model.Name, Role = "student", Classes = 2, Step = 1, DataPosition = 0, BestMetric = 0, Config = text };
            Checkpoint.Save(other, info, Checkpoint.Entries(Checkpoint.ModelPrefix, model));
        }

        Assert.Equal(1, Run("eval", scenes, other));
        Assert.Contains("is evaluated on other classes than", _error.ToString(), StringComparison.Ordinal);
    }

    /// <summary>The file's scores against its own confusion matrix, and the pictures against each other.</summary>
    [Fact]
    public void Evaluation_leaves_its_numbers_and_pictures()
    {
        string config = _folder.File("tiny.yaml", TinyRun.Scenes);
        string run = _folder.File("run");
        Succeed("train", config, "--out", run);
        string results = _folder.File("results");
        string[] slide =
        [
            "--set", "evaluation.mode=slide", "--set", "evaluation.crop={width: 32, height: 32}", "--set", "evaluation.stride={width: 16, height: 16}"
        ];
        Succeed([
            "eval", Path.Combine(run, "student-last.safetensors"), "--out", results, "--save", "color,server,overlay",
            .. slide, "--set", "evaluation.scales=[1, 1.5]", "--set", "evaluation.flip=true"]);
        Assert.Contains($"eval.json and confusion.png are in {results}", _output.ToString(), StringComparison.Ordinal);
        Assert.Contains("student-last.safetensors on val  2/2", _error.ToString(), StringComparison.Ordinal);

        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(Path.Combine(results, "eval.json")));
        JsonElement network = json.RootElement.GetProperty("networks")[0];
        long[][] matrix = [.. network.GetProperty("confusion").EnumerateArray().Select(row => row.EnumerateArray().Select(n => n.GetInt64()).ToArray())];
        SceneDataset scenes = new(SceneSplit.Validation, 2, new SceneOptions { Width = 32, Height = 32, Seed = 1 });
        byte[] labels = [.. scenes.Load(0).Labels, .. scenes.Load(1).Labels];
        Assert.Equal(Enumerable.Range(0, 11).Select(c => (long)labels.Count(l => l == c)), matrix.Select(row => row.Sum()));
        double[] ious = [.. Enumerable.Range(0, 11).Select(c => matrix[c][c] / (double)(matrix[c].Sum() + matrix.Sum(row => row[c]) - matrix[c][c]))];
        Assert.Equal(ious.Where(double.IsFinite).Average(), network.GetProperty("meanIoU").GetDouble(), 1e-12);
        JsonElement[] classes = [.. network.GetProperty("classes").EnumerateArray()];
        Assert.Equal(ious, classes.Select(c => c.GetProperty("iou") is { ValueKind: JsonValueKind.Number } iou ? iou.GetDouble() : double.NaN));
        Assert.Equal("sky", classes[0].GetProperty("name").GetString());
        Assert.Equal(
            ("slide", 2, "val"),
            (network.GetProperty("settings").GetProperty("mode").GetString(), network.GetProperty("images").GetInt32(),
             json.RootElement.GetProperty("split").GetString()));
        Assert.True(File.Exists(Path.Combine(results, "confusion.png")));

        foreach (string name in new[] { "Validation-000000.png", "Validation-000001.png" })
        {
            LabelImage server = LabelPng.Read(Path.Combine(results, "server", name));
            RgbImage color = SkiaImageCodec.Instance.ReadRgb(Path.Combine(results, "color", name));
            Assert.Equal(scenes.Classes.Render(Array.ConvertAll(server.Ids, id => (byte)id), 32, 32).Pixels, color.Pixels);
            Assert.Equal(32, SkiaImageCodec.Instance.ReadRgb(Path.Combine(results, "overlay", name)).Width);
        }
    }

    private void Succeed(params string[] args) => Assert.True(Run(args) == 0, _error.ToString());

    private int Run(params string[] args) => new CommandLineApplication(CommandServices.Create(), new Terminal(_output, _error, Interactive: false)).Run(args);
}
