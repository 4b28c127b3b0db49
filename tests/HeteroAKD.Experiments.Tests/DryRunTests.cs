using HeteroAKD.Data;
using HeteroAKD.Experiments.Commands;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Tests.Support;
using HeteroAKD.Nn;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Evaluation;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Tests;

public sealed class DryRunTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("heteroakd-dry-").FullName;

    private ExperimentConfig Config => TinyExperiment.Config(Path.Combine(_folder, "run"));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_distillation_is_tried_network_by_network_and_nothing_is_written()
    {
        ExperimentConfig config = Config with { Distillation = new DistillationConfig { Baseline = true } };

        DryRunOutcome outcome = new DryRunService().Try(config, null, new SilentSink(), CancellationToken.None);

        Assert.Equal([NetworkRoles.Teacher, NetworkRoles.Student, NetworkRoles.Distilled], outcome.Networks.Select(n => n.Role));
        Assert.Equal([1, 7, 7], outcome.Networks.Select(n => n.Steps));
        Assert.Equal([10, 5, 5], outcome.Networks.Select(n => n.Images));
        // 7 steps with an evaluation at 5 and at the end, then the final scores; 3 images each.
        Assert.Equal([6, 9, 9], outcome.Networks.Select(n => n.EvaluatedImages));
        Assert.All(outcome.Networks, n => Assert.True(n.StepMilliseconds > 0 && n.PeakTensorBytes > 4 * n.Parameters && double.IsFinite(n.Loss)));
        Assert.Equal([false, false, true], outcome.Networks.Select(n => n.ReliabilityMilliseconds > 0)); // L_hakd takes part in the last alone
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder));
    }

    [Fact]
    public void A_control_is_tried_where_it_would_be_trained()
    {
        ExperimentConfig config = Config with { Distillation = new DistillationConfig { Baseline = true, Control = DistillationControl.Kd } };
        string[] Roles(ExperimentConfig c, NetworkRole? role) =>
            [.. new DryRunService().Try(c, role, new SilentSink(), CancellationToken.None).Networks.Select(n => n.Role)];

        Assert.Equal([NetworkRoles.Teacher, NetworkRoles.Student, NetworkRoles.Kd, NetworkRoles.Distilled], Roles(config, null));

        string teacher = Path.Combine(_folder, "run", NetworkTrainer.LastFile(NetworkRoles.Teacher));
        ExperimentConfig one = config with { Teacher = config.Teacher with { Checkpoint = teacher } };
        TinyExperiment.Teach(config);
        Assert.Equal([NetworkRoles.Distilled], Roles(one, NetworkRole.Distilled));
    }

    [Fact]
    public void What_the_training_could_not_compute_on_is_found()
    {
        DeviceNotAvailableException error = Assert.Throws<DeviceNotAvailableException>(
            () => new DryRunService().Try(Config with { Cublas = true }, NetworkRole.Student, new SilentSink(), CancellationToken.None));
        Assert.Contains("cuBLAS computes on cuda only", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Decoded_pictures_are_not_kept_on_disk()
    {
        string root = Path.Combine(_folder, "set");
        foreach (string name in new[] { "a", "b", "c", "d" })
        {
            Directory.CreateDirectory(Path.Combine(root, "images"));
            Directory.CreateDirectory(Path.Combine(root, "masks"));
            SkiaImageCodec.Instance.WritePng(Path.Combine(root, "images", name + ".png"), new RgbImage(32, 32));
            LabelPng.Write(Path.Combine(root, "masks", name + ".png"), new byte[32 * 32], 32, 32);
        }

        File.WriteAllText(Path.Combine(root, "classes.txt"), "0 a 1 1 1\n1 b 2 2 2\n");
        string cache = Path.Combine(_folder, "cache");
        PixelSize size = new() { Width = 32, Height = 32 };
        ExperimentConfig config = Config with
        {
            Data = new DataConfig { Kind = DataKind.Folder, Root = root, Cache = CacheKind.Disk, CacheFolder = cache, Size = size },
        };

        new DryRunService().Try(config, NetworkRole.Student, new SilentSink(), CancellationToken.None);

        Assert.False(Directory.Exists(cache));
    }

    // The second loss of a dry run is that of the training's second step: same weights, batches and masks.
    [Fact]
    public void Its_steps_are_those_of_the_training()
    {
        ExperimentConfig config = Config with { Training = new TrainingOptions { Steps = 2, BatchSize = 2, LogEvery = 1, EvalEvery = 0, CheckpointEvery = 0 } };

        DryRunNetwork tried = new DryRunService().Try(config, NetworkRole.Student, new SilentSink(), CancellationToken.None).Networks.Single();
        TinyExperiment.Train(config);

        string[] last = File
            .ReadAllLines(Path.Combine(config.Out, "metrics.csv"))
            .Last(line => line.StartsWith("student,2,", StringComparison.Ordinal) && !line.StartsWith("student,2,,", StringComparison.Ordinal))
            .Split(',');
        Assert.Equal(double.Parse(last[2], System.Globalization.CultureInfo.InvariantCulture), tried.Loss, 6);
    }

    [Fact]
    public void A_slow_loader_decides_the_time_where_it_does_not_keep_up()
    {
        DryRunNetwork network = new()
        {
            Role = NetworkRoles.Student,
            Model = "m",
            Parameters = 1,
            BatchSize = 1,
            Images = 1,
            Steps = 1000,
            Loss = 1,
            PeakTensorBytes = 1,
            StepMilliseconds = 10,
            BatchMilliseconds = 30,
            EvaluatedImages = 50,
            ImageMilliseconds = 100,
        };

        Assert.Equal(35, network.SecondsToFinish);
        Assert.Equal(36, (network with { ReliabilityMilliseconds = 1000 }).SecondsToFinish);
    }
}
