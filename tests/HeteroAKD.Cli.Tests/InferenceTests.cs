using HeteroAKD.Data;
using HeteroAKD.Tensors.Interop;

namespace HeteroAKD.Cli.Tests;

/// <summary><c>train</c>, then <c>eval</c> and <c>predict</c> on what it left, with nothing faked.</summary>
public sealed class InferenceTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly StringWriter output = new() { NewLine = "\n" };
    private readonly StringWriter error = new() { NewLine = "\n" };

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("student", "tiny-cnn-student", "89,523")]
    [InlineData("teacher", "tiny-mit-student", "244,667")]
    public void Trained_network_is_scored_and_predicts_images_of_any_size(string role, string model, string parameters)
    {
        string config = folder.File("tiny.yaml", TinyRun.Scenes);
        string run = folder.File("run");
        Succeed("train", config, "--network", role, "--out", run);
        string checkpoint = Path.Combine(run, $"{role}-last.safetensors");

        Succeed("eval", checkpoint, checkpoint, "--split", "test");
        Assert.Contains(model, output.ToString(), StringComparison.Ordinal);
        Assert.Contains(parameters, output.ToString(), StringComparison.Ordinal);
        Assert.Contains("mean IoU", output.ToString(), StringComparison.Ordinal);

        const int width = 45;
        const int height = 70; // neither a multiple of 32
        string image = folder.File("photo.png");
        SkiaImageCodec.Instance.WritePng(image, new RgbImage(width, height));
        string dump = folder.File("features.safetensors");
        Succeed("predict", checkpoint, image, "--out", folder.File("predicted"), "--dump", dump);
        List<HostTensor> features = SafeTensors.Read(dump).Tensors;
        Assert.Equal(["image", "stages.0", "stages.1", "stages.2", "logits"], features.Select(t => t.Name));
        Assert.Equal([1, 3, 96, 64], features[0].Sizes); // padded to a multiple of 32
        Assert.Equal([24, 16], features[1].Sizes[2..]);
        Assert.Equal([1, 11, 12, 8], features[^1].Sizes);
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
