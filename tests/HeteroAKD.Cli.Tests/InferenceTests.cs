using HeteroAKD.Data;

namespace HeteroAKD.Cli.Tests;

/// <summary><c>train</c>, then <c>eval</c>, <c>predict</c> and <c>export</c> on what it left, with nothing faked.</summary>
public sealed class InferenceTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly StringWriter output = new() { NewLine = "\n" };
    private readonly StringWriter error = new() { NewLine = "\n" };

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("student", "tiny-cnn-student", "89,523")]
    [InlineData("teacher", "tiny-mit-student", "244,667")]
    public void Trained_network_is_scored_exported_and_predicts_images_of_any_size(string role, string model, string parameters)
    {
        string config = folder.File("tiny.yaml", TinyRun.Scenes);
        string run = folder.File("run");
        Succeed("train", config, "--network", role, "--out", run);
        string checkpoint = Path.Combine(run, $"{role}-last.safetensors");

        Succeed("eval", checkpoint, checkpoint, "--split", "test");
        Assert.Contains(model, output.ToString(), StringComparison.Ordinal);
        Assert.Contains(parameters, output.ToString(), StringComparison.Ordinal);
        Assert.Contains("mean IoU", output.ToString(), StringComparison.Ordinal);

        Succeed("export", checkpoint, "--out", folder.File("student.onnx"));
        Assert.Contains("logits  [1, 11, 32, 32]", output.ToString(), StringComparison.Ordinal);
        Assert.True(File.Exists(folder.File("student.onnx")));

        const int width = 45;
        const int height = 70; // neither a multiple of 32
        string image = folder.File("photo.png");
        SkiaImageCodec.Instance.WritePng(image, new RgbImage(width, height));
        Succeed("predict", checkpoint, image, "--out", folder.File("predicted"));
        LabelImage labels = LabelPng.Read(Path.Combine(folder.Path, "predicted", "photo.labels.png"));
        RgbImage overlay = SkiaImageCodec.Instance.ReadRgb(Path.Combine(folder.Path, "predicted", "photo.overlay.png"));
        Assert.Equal((width, height, width, height), (labels.Width, labels.Height, overlay.Width, overlay.Height));
        Assert.All(labels.Ids, id => Assert.InRange(id, 0, 10));
    }

    private void Succeed(params string[] args)
    {
        int code = new CommandLineApplication(CommandServices.Create(), new Terminal(output, error, Interactive: false)).Run(args);
        Assert.True(code == 0, error.ToString());
    }
}
