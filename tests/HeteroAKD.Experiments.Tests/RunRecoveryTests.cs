using HeteroAKD.Experiments.Commands;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Experiments.Tests.Support;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Checkpoints;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Tests;

/// <summary>What a run's folder goes through, and what comes out of it.</summary>
public sealed class RunRecoveryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("teacher.checkpoint")]
    [InlineData("student.checkpoint")]
    [InlineData("student.pretrained")]
    public void A_run_does_not_replace_a_file_that_it_begins_from(string option)
    {
        ExperimentConfig config = Begun("run", out string last);
        string link = _folder.File("link");
        Directory.CreateSymbolicLink(link, config.Out);
        ExperimentConfig again = With(config, option, Path.Combine(link, Path.GetFileName(last)));
        byte[] before = File.ReadAllBytes(last);
        string message = Assert.Throws<StorageException>(() => Train(again, RunMode.Force)).Message;
        Assert.StartsWith($"{option} names ", message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(last));
        Assert.True(File.Exists(Path.Combine(config.Out, "config.yaml")));
    }

    [Theory]
    [InlineData("student.checkpoint", "there is no such checkpoint")]
    [InlineData("student.pretrained", "cannot be read")]
    [InlineData("data.root", "there is no folder")]
    public void Nothing_goes_before_the_inputs_of_the_new_run_are_read(string option, string error)
    {
        ExperimentConfig config = Begun("run", out string last);
        ExperimentConfig again = With(config, option, _folder.File("none.safetensors"));
        Assert.Contains(error, Assert.ThrowsAny<Exception>(() => Train(again, RunMode.Force)).Message, StringComparison.Ordinal);
        Assert.True(File.Exists(last));
        Train(config, RunMode.Resume);
    }

    [Theory]
    [InlineData("student.safetensors")]
    [InlineData("student-ema.safetensors")]
    [InlineData("summary.json")]
    public void A_result_that_is_missing_is_made_of_the_last_checkpoint(string name)
    {
        ExperimentConfig config = TinyExperiment.Config(_folder.File("run"));
        config = config with { Training = config.Training with { Ema = 0.9 } };
        Train(config);
        string path = Path.Combine(config.Out, name);
        byte[] before = File.ReadAllBytes(path);
        File.Delete(path);
        File.WriteAllText(AtomicFile.TemporaryPath(path), "half of it");
        Train(config, RunMode.Resume);
        Assert.False(File.Exists(AtomicFile.TemporaryPath(path)));
        if (name != "summary.json")
        {
            Assert.Equal(before, File.ReadAllBytes(path));
        }
    }

    [Theory]
    [InlineData("metrics.csv", null)]
    [InlineData("metrics.csv", 0)]
    [InlineData("metrics.csv", 14)]
    [InlineData("metrics.csv", 120)]
    [InlineData("config.yaml", null)]
    [InlineData("config.yaml", 0)]
    [InlineData("config.yaml", 200)]
    public void A_file_that_a_kill_left_in_part_is_made_whole(string name, int? left)
    {
        ExperimentConfig unbroken = TinyExperiment.Config(_folder.File("unbroken"));
        Train(unbroken);
        ExperimentConfig stopped = TinyExperiment.Config(_folder.File("stopped"));
        TinyExperiment.Train(stopped, cancelAt: 4);
        string path = Path.Combine(stopped.Out, name);
        string config = File.ReadAllText(Path.Combine(stopped.Out, "config.yaml"));
        Cut(path, left);
        ScriptedSink sink = Train(stopped, RunMode.Resume);
        Assert.Contains(sink.Said, line => line.StartsWith(name, StringComparison.Ordinal) && line.Contains("written again", StringComparison.Ordinal));
        AssertSameResults(unbroken.Out, stopped.Out);
        Assert.Equal(config, File.ReadAllText(Path.Combine(stopped.Out, "config.yaml")));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(0)]
    [InlineData(200)]
    public void Without_its_file_the_configuration_of_the_checkpoint_counts(int? left)
    {
        ExperimentConfig config = TinyExperiment.Config(_folder.File("run"));
        TinyExperiment.Train(config, cancelAt: 4);
        Cut(Path.Combine(config.Out, "config.yaml"), left);
        ExperimentConfig other = config with { Optimizer = config.Optimizer with { Lr = 0.5 } };
        Assert.Contains(
            "'lr: 0.002', this command has 'lr: 0.5'", Assert.Throws<HeteroAkdException>(() => Train(other, RunMode.Resume)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_killed_before_its_first_checkpoint_begins_anew()
    {
        ExperimentConfig config = TinyExperiment.Config(_folder.File("run"));
        _folder.File("run/.config.yaml.tmp", "seed: 5\ndev");
        Assert.Contains(
            Train(config, RunMode.Resume).Said, line => line.EndsWith("was stopped before its first checkpoint; it begins anew", StringComparison.Ordinal));
        Assert.Equal(7, Last(config).Info.Step);
    }

    [Theory]
    [InlineData(NetworkRoles.Teacher, 1)]
    [InlineData(NetworkRoles.Distilled, 7)]
    public void Seeds_that_had_not_begun_are_begun(string role, int step)
    {
        ExperimentConfig config = TinyExperiment.Config(_folder.File("seeds"));
        TrainingService service = new();
        using (CancellationTokenSource source = new())
        {
            IReadOnlyList<RunOutcome> first = service.Run(new QuickstartRequest(config, RunMode.New, 2), new StoppingSink(role, step, source), source.Token);
            Assert.Null(Assert.Single(first).Summary);
        }

        Assert.False(Directory.Exists(Path.Combine(config.Out, "seed-6")));
        IReadOnlyList<RunOutcome> outcomes = service.Run(new QuickstartRequest(config, RunMode.Resume, 2), new SilentSink(), CancellationToken.None);
        Assert.Equal([5, 6], outcomes.Select(o => o.Summary!.Seed));

        // And a third one.
        Assert.Equal(3, service.Run(new QuickstartRequest(config, RunMode.Resume, 3), new SilentSink(), CancellationToken.None).Count);
    }

    [Fact]
    public void Seeds_of_which_none_had_begun_are_nothing_to_resume()
    {
        ExperimentConfig config = TinyExperiment.Config(_folder.File("seeds"));
        Assert.Contains("holds no run to resume", Assert.Throws<StorageException>(
            () =>
                new TrainingService().Run(
                    new QuickstartRequest(config, RunMode.Resume, 2), new SilentSink(), CancellationToken.None)).Message, StringComparison.Ordinal);
    }

    /// <summary>An image to train on, one to validate on in the middle of the training and after its last step, an error of the progress line.</summary>
    [Theory]
    [InlineData("t", 3, 3)]
    [InlineData("v", 4, 5)]
    [InlineData("v", 6, 7)]
    [InlineData("progress", 4, 4)]
    public void An_error_saves_before_it_ends_the_run(string what, int at, int saved)
    {
        TinyFolder data = new(_folder.File("set"));
        ExperimentConfig Config(string name)
        {
            ExperimentConfig config = data.Config(_folder.File(name));
            return config with { Training = config.Training with { CheckpointEvery = 2 } };
        }

        Train(Config("unbroken"));
        ExperimentConfig broken = Config("broken");
        string[] images = [.. TinyFolder.TrainNames.Concat(["v0", "v1"]).Where(name => name.StartsWith(what, StringComparison.Ordinal)).Select(data.Image)];
        byte[][] whole = [.. images.Select(File.ReadAllBytes)];
        ScriptedSink sink = new(NetworkRoles.Student, at, () =>
        {
            Array.ForEach(images, path => File.WriteAllText(path, "no image"));
            if (images.Length == 0)
            {
                throw new IOException("the terminal is gone");
            }
        });
        Exception error = Assert.ThrowsAny<Exception>(() => Train(broken, sink: sink));
        Assert.Contains(images.Length == 0 ? "the terminal is gone" : ".png", error.Message, StringComparison.Ordinal);
        Assert.Contains($"student: saved at step {saved}, before an error ends the run; --resume goes on from there", sink.Said);
        Assert.Equal((saved, what != "t"), (Last(broken).Info.Step, Last(broken).Info.Unfinished));

        for (int i = 0; i < images.Length; i++)
        {
            File.WriteAllBytes(images[i], whole[i]);
        }

        Train(broken, RunMode.Resume);
        AssertSameResults(_folder.File("unbroken"), broken.Out);
    }

    [Theory]
    [InlineData("list", "names in train: 6 pairs, ")]
    [InlineData("class", "classes: a, b; ignored")]
    [InlineData("mask", "labels of train: ")]
    [InlineData("image", "images of val: ")]
    [InlineData("teacher", "teacher.checkpoint: ")]
    public void Changed_inputs_are_named_and_may_be_accepted(string what, string difference)
    {
        TinyFolder data = new(_folder.File("set"));
        ExperimentConfig config = With(data.Config(_folder.File("run")), "teacher.checkpoint", _folder.File("teacher.safetensors", "a teacher"));
        TinyExperiment.Train(config, cancelAt: 4);
        switch (what)
        {
            case "list":
                File.WriteAllLines(Path.Combine(data.Root, "train.txt"), TinyFolder.TrainNames.SkipLast(1));
                break;
            case "class":
                File.WriteAllText(Path.Combine(data.Root, "classes.txt"), "0 a 0 0 0\n1 c 9 9 9\n");
                break;
            case "mask":
                data.WriteMask("t3", seed: 77);
                break;
            case "image":
                data.WriteImage("v1", seed: 77);
                break;
            default:
                _folder.File("teacher.safetensors", "an impostor");
                break;
        }

        string message = Assert.Throws<HeteroAkdException>(() => Train(config, RunMode.Resume)).Message;
        Assert.Contains($"has changed. {difference}", message, StringComparison.Ordinal);
        Assert.Contains("--resume --accept-changes", message, StringComparison.Ordinal);
        Assert.Equal(4, Last(config).Info.Step);
        Assert.Contains(Train(config, RunMode.ResumeChanged).Said, line => line.Contains(difference, StringComparison.Ordinal));
        Assert.Equal(7, Last(config).Info.Step);

        // From here on the run is one of the new inputs.
        Assert.DoesNotContain(Train(config, RunMode.Resume).Said, line => line.Contains("has changed", StringComparison.Ordinal));
    }

    [Fact]
    public void Times_of_files_and_another_place_of_them_are_no_change()
    {
        TinyFolder data = new(_folder.File("set"));
        ExperimentConfig config = data.Config(_folder.File("run"));
        TinyExperiment.Train(config, cancelAt: 4);
        File.SetLastWriteTimeUtc(data.Image("t0"), new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc));
        Directory.Move(data.Root, _folder.File("moved"));
        Directory.CreateSymbolicLink(data.Root, "moved");
        Train(config, RunMode.Resume);
        Assert.Equal(7, Last(config).Info.Step);
    }

    [Theory]
    [InlineData("set/../set/")]
    [InlineData("link")]
    [InlineData("./set")]
    public void The_same_folder_written_in_another_way_is_the_same(string root)
    {
        TinyFolder data = new(_folder.File("set"));
        Directory.CreateSymbolicLink(_folder.File("link"), "set");
        ExperimentConfig config = data.Config(_folder.File("run"));
        config = config with { Data = config.Data with { Kind = DataKind.Folder, Unlabelled = "images" } };
        TinyExperiment.Train(config, cancelAt: 4);
        Train(config with { Data = config.Data with { Root = _folder.Path + "/" + root, Unlabelled = "./images/" } }, RunMode.Resume);
        Assert.Equal(7, Last(config).Info.Step);

        string other = new TinyFolder(_folder.File("set2")).Root;
        Assert.Contains($"this command has 'root: {other}'", Assert.Throws<HeteroAkdException>(
            () => Train(config with { Data = config.Data with { Root = other } }, RunMode.Resume)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_goes_on_with_more_steps_and_says_so()
    {
        ExperimentConfig config = TinyExperiment.Config(_folder.File("run"));
        Train(config);
        ExperimentConfig longer = config with { Training = config.Training with { Steps = 9 } };
        Assert.StartsWith(
            "training.steps is 9 now and was 7",
            Assert.Single(Train(longer, RunMode.Resume).Said, line => line.StartsWith("training.steps", StringComparison.Ordinal)),
            StringComparison.Ordinal);
        Assert.Equal(9, Last(config).Info.Step);
        Assert.Equal(9, Checkpoint.Load(Path.Combine(config.Out, "student.safetensors")).Info.Step);
        Assert.Contains("  steps: 9", File.ReadAllLines(Path.Combine(config.Out, "config.yaml")));
        Assert.Contains(
            "student: goes on from step 7 of student-last.safetensors, to 9, learning rate ",
            File.ReadAllText(Path.Combine(config.Out, "log.txt")),
            StringComparison.Ordinal);

        Assert.Contains("'steps: 9', this command has 'steps: 8'", Assert.Throws<HeteroAkdException>(
            () => Train(config with { Training = config.Training with { Steps = 8 } }, RunMode.Resume)).Message, StringComparison.Ordinal);
        Train(longer, RunMode.Resume);
    }

    [Fact]
    public void Two_runs_of_one_experiment_leave_equal_checkpoints_and_metrics()
    {
        string[] runs = [_folder.File("first"), _folder.File("a/second")];
        foreach (string run in runs)
        {
            TinyExperiment.Distil(TinyExperiment.Config(run) with { Training = TinyExperiment.Config(run).Training with { Ema = 0.5 } });
        }

        AssertSameResults(runs[0], runs[1]);
    }

    [Theory]
    [InlineData("config.yaml")]
    [InlineData("metrics.csv")]
    [InlineData("log.txt")]
    [InlineData("")]
    public void What_is_removed_while_a_run_goes_on_is_written_again(string name)
    {
        ExperimentConfig unbroken = TinyExperiment.Config(_folder.File("unbroken"));
        Train(unbroken);
        ExperimentConfig config = TinyExperiment.Config(_folder.File("run"));
        ScriptedSink sink = new(NetworkRoles.Student, 5, () =>
        {
            if (name.Length == 0)
            {
                Directory.Delete(config.Out, recursive: true);
            }
            else
            {
                File.Delete(Path.Combine(config.Out, name));
            }
        });
        Train(config, sink: sink);
        Assert.Contains(
            sink.Said,
            line =>
                line.StartsWith($"warning: files of {config.Out} were removed or replaced while the run goes on; written again: ", StringComparison.Ordinal));
        Assert.Contains("seed: 5", File.ReadAllLines(Path.Combine(config.Out, "config.yaml")));
        Assert.Contains("device cpu", File.ReadAllText(Path.Combine(config.Out, "log.txt")), StringComparison.Ordinal);
        Assert.Equal(File.ReadAllText(Path.Combine(unbroken.Out, "metrics.csv")), File.ReadAllText(Path.Combine(config.Out, "metrics.csv")));
    }

    [Theory]
    [InlineData(NetworkRole.Student, "deeplabv3-mobilenetv2", "student: deeplabv3-mobilenetv2 cannot be trained with one image of 32x32 a "
        + "step",
    "set training.batchSize to 2 or more")]
    [InlineData(NetworkRole.Teacher, "deeplabv3-resnet18", "teacher: deeplabv3-resnet18 cannot be trained", "set teacher.batchSize to 2 or more")]
    [InlineData(NetworkRole.Distilled, "pspnet-resnet18", "student: pspnet-resnet18 cannot be trained", "set training.batchSize to 2 or more")]
    public void A_batch_of_one_that_a_network_cannot_take_is_found_before_the_first_step(NetworkRole role, string model, string problem, string remedy)
    {
        ExperimentConfig config = TinyExperiment.Config(_folder.File("run"));
        config = role == NetworkRole.Teacher
            ? config with { Teacher = config.Teacher with { Model = model, BatchSize = 1 } }
            : config with { Student = config.Student with { Model = model }, Training = config.Training with { BatchSize = 1 } };
        string message = Assert.Throws<HeteroAkdException>(
            () => new Experiment(config, "tiny", RunMode.New, new SilentSink(), CancellationToken.None, role)).Message;
        Assert.StartsWith(problem, message, StringComparison.Ordinal);
        Assert.EndsWith(remedy, message, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(config.Out, "config.yaml")));
    }

    [Fact]
    public void A_batch_of_one_that_a_network_can_take_is_trained()
    {
        ExperimentConfig config = TinyExperiment.Config(_folder.File("run"));
        config = config with { Student = new StudentConfig { Model = "tiny-mit-student" }, Training = config.Training with { BatchSize = 1, Steps = 1 } };
        Train(config);
        Assert.Equal(1, Last(config).Info.Step);
    }

    private static ScriptedSink Train(ExperimentConfig config, RunMode mode = RunMode.New, ScriptedSink? sink = null)
    {
        sink ??= new ScriptedSink();
        using Experiment experiment = new(config, "tiny", mode, sink, CancellationToken.None, NetworkRole.Student);
        experiment.TrainAlone(NetworkRole.Student);
        experiment.Finish();
        return sink;
    }

    private static Checkpoint Last(ExperimentConfig config) => Checkpoint.Load(Path.Combine(config.Out, "student-last.safetensors"));

    private ExperimentConfig Begun(string name, out string last)
    {
        ExperimentConfig config = TinyExperiment.Config(_folder.File(name));
        config = config with { Training = config.Training with { Steps = 1 } };
        Train(config);
        last = Path.Combine(config.Out, "student-last.safetensors");
        return config;
    }

    private static ExperimentConfig With(ExperimentConfig config, string option, string path) => option switch
    {
        "teacher.checkpoint" => config with { Teacher = config.Teacher with { Checkpoint = path } },
        "student.checkpoint" => config with { Student = config.Student with { Checkpoint = path } },
        "student.pretrained" => config with { Student = config.Student with { Pretrained = path } },
        _ => config with { Data = config.Data with { Kind = DataKind.Folder, Root = path } },
    };

    // Null removes the file.
    private static void Cut(string path, int? left)
    {
        if (left is { } bytes)
        {
            File.WriteAllText(path, File.ReadAllText(path)[..bytes]);
        }
        else
        {
            File.Delete(path);
        }
    }

    private static void AssertSameResults(string expected, string found)
    {
        string[] names =
        [
            .. Directory.GetFiles(expected, "*.safetensors").Append("metrics.csv").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)
        ];
        Assert.True(names.Length >= 4);
        Assert.Equal(
            names.Where(n => n != "metrics.csv"),
            Directory.GetFiles(found, "*.safetensors").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
        Assert.All(
            names,
            name =>
                Assert.True(
                    File.ReadAllBytes(Path.Combine(expected, name)).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(found, name))), $"{name} differs"));
    }
}
