using HeteroAKD.Data;
using HeteroAKD.Experiments.Commands;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Experiments.Tests.Support;
using HeteroAKD.Nn;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Tests;

/// <summary>Images without labels beside the labelled ones, from the configuration to the trained student.</summary>
public sealed class UnlabelledTests : IDisposable
{
    private const int Scenes = 4;
    private const int Batch = 3;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(0.3)]
    public void Stopped_run_goes_on_to_the_same_bits(double threshold)
    {
        ExperimentConfig unbroken = Config("unbroken", threshold);
        TinyExperiment.Distil(unbroken with { Threads = 1 });
        ExperimentConfig stopped = Config("stopped", threshold);
        TinyExperiment.Distil(stopped, cancelAt: 4);
        TinyExperiment.Distil(stopped with { Threads = 1, Data = stopped.Data with { Workers = 3 } }, RunMode.Resume);
        TinyExperiment.AssertSame(Last(unbroken), Last(stopped));
    }

    [Fact]
    public void They_change_the_distilled_student_and_nothing_else()
    {
        ExperimentConfig with = Config("with", 0) with { Distillation = new DistillationConfig { Baseline = false, Method = "kd", Lambda1 = 5 } };
        ExperimentConfig without = with with { Out = Path.Combine(_folder.Path, "without"), Data = with.Data with { Unlabelled = "" } };
        ExperimentConfig other = with with { Out = Path.Combine(_folder.Path, "other"), Data = with.Data with { UnlabelledBatch = Batch + 1 } };
        foreach (ExperimentConfig config in new[] { with, without, other })
        {
            TinyExperiment.Distil(config);
        }

        TinyExperiment.AssertSame(Last(without, NetworkRoles.Teacher), Last(with, NetworkRoles.Teacher));
        Assert.Throws<Xunit.Sdk.AllException>(() => TinyExperiment.AssertSame(Last(without), Last(with)));
        Assert.Throws<Xunit.Sdk.AllException>(() => TinyExperiment.AssertSame(Last(other), Last(with)));
    }

    [Fact]
    public void Student_alone_does_not_see_them()
    {
        ExperimentConfig with = Config("with", 0.3);
        with = with with { Loss = new LossConfig { ClassWeights = ClassWeighting.Median } };
        ExperimentConfig without = with with
        {
            Out = Path.Combine(_folder.Path, "without"),
            Data = with.Data with { Unlabelled = "", UnlabelledThreshold = 0 },
        };
        TinyExperiment.Train(with);
        TinyExperiment.Train(without);
        TinyExperiment.AssertSame(Last(without, NetworkRoles.Student), Last(with, NetworkRoles.Student));
    }

    [Fact]
    public void Scenes_are_training_scenes_that_nobody_has_labels_of()
    {
        ExperimentData data = new(Config("scenes", 0));
        Assert.Equal(Scenes, data.Unlabelled!.Count);
        Assert.Equal(["Train-000010", "Train-000011", "Train-000012", "Train-000013"], Enumerable.Range(0, Scenes).Select(i => data.Unlabelled.Load(i).Id));
        Assert.Equal("Train-000009", data.Train.Load(data.Train.Count - 1).Id);
        Sample sample = data.Unlabelled.Load(0);
        Assert.False(sample.IsLabelled);
        Assert.Same(sample, data.Unlabelled.Load(0));
    }

    [Fact]
    public void Dry_run_takes_the_same_batches()
    {
        DryRunOutcome outcome = new DryRunService().Try(Config("dry", 0.3), null, new SilentSink(), CancellationToken.None);
        Assert.Equal([2, 2 + Batch], outcome.Networks.Select(n => n.BatchSize));
        Assert.Equal([10, 5 + Scenes], outcome.Networks.Select(n => n.Images));
        DryRunOutcome without = new DryRunService().Try(
            Config("dry", 0) with { Data = Config("dry", 0).Data with { Unlabelled = "" } }, null, new SilentSink(), CancellationToken.None);
        Assert.True(outcome.Networks[1].PeakTensorBytes > without.Networks[1].PeakTensorBytes);
        Assert.Equal(outcome.Networks[0].PeakTensorBytes, without.Networks[0].PeakTensorBytes);
    }

    [Theory]
    [InlineData("more", "more")]
    [InlineData("more.txt", "more/0.png\nmore/1.png\nmore/2.png\n")]
    public void Files_are_a_folder_or_a_list(string unlabelled, string lines)
    {
        MakeFolder();
        _folder.File("set/more.txt", lines);
        ExperimentConfig config = OwnData(unlabelled);
        ExperimentData data = new(config);
        Assert.Equal(3, data.Unlabelled!.Count);
        Assert.Equal(["0", "1", "2"], Enumerable.Range(0, 3).Select(i => data.Unlabelled.Load(i).Id));
        List<string> warnings = [];
        data.TakeWarnings(warnings.Add);
        Assert.Empty(warnings);
        TinyExperiment.Distil(config);
        Assert.Contains("distilled: 3 unlabelled images beside 2 labelled ones", Log(config), StringComparison.Ordinal);

        // The network is scored without them.
        Directory.Delete(_folder.File("set/more"), recursive: true);
        _folder.File("set/more.txt", "");
        EvaluateOutcome scored = new InferenceService().Run(new EvaluateRequest([Last(config)], "val", []), new SilentSink(), CancellationToken.None);
        Assert.Equal(2, scored.Networks.Single().Images);
    }

    [Fact]
    public void Scored_images_among_them_are_a_warning()
    {
        MakeFolder();
        _folder.File("set/leak.txt", "more/0.png\nimages/v0.png\nimages/t0.png\nmasks/../images/v1.png\n");
        List<string> warnings = [];
        new ExperimentData(OwnData("leak.txt")).TakeWarnings(warnings.Add);
        string warning = Assert.Single(warnings);
        Assert.StartsWith(
            $"data.unlabelled: 2 of 4 images are in the split val, too: first {_folder.Path}/set/images/v0.png", warning, StringComparison.Ordinal);
    }

    [Fact]
    public void Terms_that_all_need_labels_are_named()
    {
        ExperimentConfig config = Config("labels", 0);
        config = config with { Training = config.Training with { Steps = 1 }, Distillation = config.Distillation with { Lambda1 = 0 } };
        TinyExperiment.Distil(config);
        Assert.Contains("every term needs labels, so no loss sees the unlabelled images", Log(config), StringComparison.Ordinal);
        ExperimentConfig taught = Config("taught", 0);
        TinyExperiment.Distil(taught with { Training = config.Training });
        Assert.DoesNotContain("every term needs labels", Log(taught), StringComparison.Ordinal);
    }

    [Fact]
    public void Bad_input_is_named()
    {
        ExperimentConfig few = Config("few", 0);
        string message = Assert.Throws<DatasetException>(
            () => TinyExperiment.Distil(few with { Data = few.Data with { UnlabelledBatch = 0, UnlabelledCount = 1 } })).Message;
        Assert.Equal("data.unlabelled: 1 images do not fill the 2 of a step. Set data.unlabelledBatch to at most 1.", message);

        MakeFolder();
        message = Assert.Throws<DatasetException>(() => new ExperimentData(OwnData("nowhere"))).Message;
        Assert.Contains("set/nowhere: there is neither a folder nor a list file", message, StringComparison.Ordinal);
    }

    private static string Last(ExperimentConfig config, string role = NetworkRoles.Distilled) => Path.Combine(config.Out, NetworkTrainer.LastFile(role));

    private static string Log(ExperimentConfig config) => File.ReadAllText(Path.Combine(config.Out, "log.txt"));

    private ExperimentConfig Config(string name, double threshold)
    {
        ExperimentConfig config = TinyExperiment.Config(Path.Combine(_folder.Path, name));
        return config with
        {
            Data = config.Data with
            {
                Unlabelled = DataConfig.UnlabelledScenes,
                UnlabelledCount = Scenes,
                UnlabelledBatch = Batch,
                UnlabelledThreshold = threshold,
            },
        };
    }

    private ExperimentConfig OwnData(string unlabelled)
    {
        ExperimentConfig config = TinyExperiment.Config(Path.Combine(_folder.Path, "run-" + unlabelled.Replace('.', '-')));
        return config with
        {
            Data = new DataConfig
            {
                Kind = DataKind.Folder,
                Root = Path.Combine(_folder.Path, "set"),
                Size = config.Data.Size,
                Unlabelled = unlabelled,
                UnlabelledBatch = 1,
            },
        };
    }

    // Two labelled images to train on, two to validate on, three without labels.
    private void MakeFolder()
    {
        _folder.File("set/classes.txt", "0 a 0 0 0\n1 b 9 9 9\n");
        _folder.File("set/train.txt", "t0\nt1\n");
        _folder.File("set/val.txt", "v0\nv1\n");
        foreach (string name in new[] { "t0", "t1", "v0", "v1" })
        {
            SkiaImageCodec.Instance.WritePng(_folder.File($"set/images/{name}.png", ""), new RgbImage(40, 36));
            LabelPng.Write(_folder.File($"set/masks/{name}.png", ""), new byte[40 * 36], 40, 36);
        }

        for (int i = 0; i < 3; i++)
        {
            SkiaImageCodec.Instance.WritePng(_folder.File($"set/more/{i}.png", ""), new RgbImage(48, 40));
        }
    }
}
