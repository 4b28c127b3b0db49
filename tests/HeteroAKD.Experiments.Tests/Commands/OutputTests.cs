using HeteroAKD.Data;
using HeteroAKD.Experiments.Commands;
using HeteroAKD.Experiments.Export;
using HeteroAKD.Experiments.Tests.Support;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Checkpoints;
using HeteroAKD.Weights.Onnx;

namespace HeteroAKD.Experiments.Tests.Commands;

/// <summary>No command writes over a file that it reads.</summary>
public sealed class OutputTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("000.labels.png", false)]
    [InlineData("000.overlay.png", false)]
    [InlineData("server/000.png", true)]
    public void Predictions_leave_the_images_alone(string second, bool server)
    {
        string checkpoint = CheckpointFile();
        TinyFolder data = new(_folder.File("set"));
        Directory.CreateDirectory(Path.Combine(_folder.Path, "photos/server"));
        string first = _folder.File("photos/000.png", "");
        File.Copy(data.Image("t0"), first, overwrite: true);
        string image = server ? first : _folder.File("photos/" + second, "");
        File.Copy(data.Image("t1"), image, overwrite: true);
        if (server)
        {
            File.CreateSymbolicLink(_folder.File("photos/" + second), first); // the output is a link to the input
        }

        byte[] before = File.ReadAllBytes(image);
        PredictRequest request = new(checkpoint, server ? [first] : [first, image], _folder.File("photos"), [], Server: server);
        Assert.Contains("is a file that this command reads; choose another --out",
            Assert.Throws<StorageException>(
                () => new InferenceService().Run(request, new SilentSink(), CancellationToken.None)).Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(image));
        Assert.Equal(2, Directory.GetFiles(_folder.File("photos"), "*", SearchOption.AllDirectories).Length);
    }

    [Fact]
    public void Dumped_features_do_not_replace_the_checkpoint()
    {
        string checkpoint = CheckpointFile();
        TinyFolder data = new(_folder.File("set"));
        PredictRequest request = new(checkpoint, [data.Image("t0")], _folder.File("out"), [], Dump: checkpoint);
        Assert.Throws<StorageException>(() => new InferenceService().Run(request, new SilentSink(), CancellationToken.None));
        Checkpoint.Load(checkpoint);
    }

    [Fact]
    public void Pictures_of_an_evaluation_leave_the_data_set_alone()
    {
        // Its masks lie where --save color would put its pictures.
        TinyFolder data = new(_folder.File("set"));
        Directory.Move(Path.Combine(data.Root, "masks"), Path.Combine(data.Root, "color"));
        Directory.CreateSymbolicLink(Path.Combine(data.Root, "masks"), "color");
        string checkpoint = CheckpointFile(data);
        byte[] before = File.ReadAllBytes(data.Mask("v0"));
        EvaluateRequest request = new([checkpoint], "val", [], data.Root, SavedPictures.Color);
        Assert.Throws<StorageException>(() => new InferenceService().Run(request, new SilentSink(), CancellationToken.None));
        Assert.Equal(before, File.ReadAllBytes(data.Mask("v0")));
    }

    [Theory]
    [InlineData(ExportFormat.Onnx)]
    [InlineData(ExportFormat.Pth)]
    [InlineData(ExportFormat.SafeTensors)]
    public void An_export_does_not_replace_its_checkpoint_by_another_path_to_it(ExportFormat format)
    {
        string checkpoint = CheckpointFile();
        string link = _folder.File("link.safetensors");
        File.CreateSymbolicLink(link, checkpoint);
        Assert.Contains("is the checkpoint itself", Assert.Throws<ExportException>(
            () => new ExportService().Run(new ExportRequest(checkpoint, link, format, []), CancellationToken.None)).Message, StringComparison.Ordinal);
        Checkpoint.Load(checkpoint);
    }

    [Fact]
    public void A_fixed_list_does_not_replace_the_classes_of_the_data_set()
    {
        TinyFolder data = new(_folder.File("set"));
        string classes = Path.Combine(data.Root, "classes.txt");
        string before = File.ReadAllText(classes);
        DataCheckRequest request = new(data.Root, "", data.Root, FixList: true, Threads: 1, ImageLimits.Default, new LayoutOptions());
        Assert.Contains("classes.txt would be written over", Assert.Throws<StorageException>(
            () => new DataCheckService().Run(request, new SilentSink(), CancellationToken.None)).Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllText(classes));
    }

    private string CheckpointFile(TinyFolder? data = null) =>
        SavedNetwork.Write(_folder.File("network.safetensors"), data?.Config("") ?? TinyExperiment.Config(""), data is null ? 11 : 2);
}
