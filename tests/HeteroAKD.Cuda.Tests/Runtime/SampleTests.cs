using System.Diagnostics;
using System.Globalization;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Checkpoints;
using HeteroAKD.Weights.Formats;

namespace HeteroAKD.Cuda.Tests.Runtime;

/// <summary>The programs below <c>samples</c>, each of one short file, run as a user runs them; two of them on the emulated card, too.</summary>
public sealed class SampleTests(EmulatedCard card) : IDisposable
{
    private const int MaxLines = 80;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("cpu", 60)]
    [InlineData("cuda", 8)]
    public void A_network_of_ones_own_learns_and_is_saved(string device, int steps)
    {
        double[] losses = Losses(Run("TrainNetwork", device, [device, $"{steps}"]));
        Assert.True(losses.Length >= 2 && losses[^1] < losses[0], string.Join(' ', losses));
        Assert.True(device != "cpu" || losses[^1] < 0.1, string.Join(' ', losses));
        Assert.Contains("classifier.weight", SafeTensors.Read(_folder.File("stripes.safetensors")).Tensors.Select(t => t.Name));
    }

    [Fact]
    public void A_module_is_distilled_with_a_loss_of_ones_own()
    {
        string output = Run("DistilModule", "cpu", ["cpu", "60"]);
        Assert.Contains("student step 60", output, StringComparison.Ordinal);
        double[] student = Losses(output[output.IndexOf("student", StringComparison.Ordinal)..]);
        Assert.True(student[^1] < 0.7 * student[0], output);
    }

    [Theory]
    [InlineData("cpu")]
    [InlineData("ilgpu-cpu")]
    [InlineData("cuda")]
    public void A_kernel_of_ones_own_runs_on_every_device(string device)
    {
        string output = Run("OwnKernel", device, [device]);
        Assert.Contains($"softsign on {device}: -0.7500 -0.3333 0.0000 0.3333 0.7500", output, StringComparison.Ordinal);
        Assert.Contains("its gradient: 0.0625 0.4444 1.0000 0.4444 0.0625", output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_photo_is_segmented()
    {
        using (Device device = Device.Open("cpu", 1))
        using (SegmentationModel model = ModelZoo.Create("tiny-cnn-student", 3, device, seed: 1))
        {
            CheckpointInfo info = new()
            {
                Model = model.Name,
                Role = "student",
                Classes = 3,
                Step = 1,
                DataPosition = 0,
                BestMetric = 0,
                Config = ConfigurationWriter.Write(new ExperimentConfig()),
            };
            Checkpoint.Save(_folder.File("net.safetensors"), info, Checkpoint.Entries(Checkpoint.ModelPrefix, model));
        }

        Data.ImageCodec.Usual.WritePng(_folder.File("photo.png"), new Nn.RgbImage(50, 40));
        string output = Run("SegmentPhoto", "cpu", [_folder.File("net.safetensors"), _folder.File("photo.png"), _folder.File("out.png")]);
        Assert.Contains(" %", output, StringComparison.Ordinal);
        Assert.Equal((50, 40), (Data.LabelPng.Read(_folder.File("out.png")).Width, Data.LabelPng.Read(_folder.File("out.png")).Height));
    }

    [Fact]
    public void Each_is_short() =>
        Assert.All(
            Directory.EnumerateFiles(RepositoryRoot.File("samples"), "Program.cs", SearchOption.AllDirectories),
            file => Assert.InRange(File.ReadAllLines(file).Length, 1, MaxLines));

    private string Run(string sample, string device, IEnumerable<string> arguments)
    {
        string program = RepositoryRoot.File("samples", sample, "bin", "Release", "net10.0", $"{sample}.dll");
        ProcessStartInfo start = new("dotnet", [program, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = _folder.Path,
        };
        if (device == "cuda")
        {
            card.Require();
            start.Environment["LD_LIBRARY_PATH"] = card.Folder;
        }

        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, error);
        return output.Result;
    }

    private static double[] Losses(string output) =>
        [
            .. output.Split('\n').Where(l => l.Contains("loss ", StringComparison.Ordinal)).Select(
                l => double.Parse(l[(l.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture))
        ];
}
