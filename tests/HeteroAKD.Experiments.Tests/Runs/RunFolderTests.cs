using HeteroAKD.Distillation;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Evaluation;

namespace HeteroAKD.Experiments.Tests.Runs;

public sealed class RunFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Run_is_not_overwritten_unless_asked()
    {
        string path = Begin("run");
        Assert.Contains("already holds a run; continue it with --resume", Refusal(path, RunMode.New), StringComparison.Ordinal);
        using (RunFolder resumed = RunFolder.Open(path, "x", RunMode.Resume))
        {
            Assert.True(resumed.Resumes);
        }

        using RunFolder forced = RunFolder.Open(path, "x", RunMode.Force);
        File.WriteAllText(forced.File("teacher-last.safetensors"), "of the run before");
        Assert.True(File.Exists(forced.File("config.yaml"))); // nothing goes before everything else is looked at
        forced.Begin(new ExperimentConfig { Seed = 7 });
        Assert.False(File.Exists(forced.File("teacher-last.safetensors")));
        Assert.Equal(7, ConfigurationReader.ReadFile(forced.File("config.yaml")).Seed);
    }

    [Theory]
    [InlineData("notes.txt")]
    [InlineData("my-weights.safetensors")]
    [InlineData("other.ckpt")]
    [InlineData(".hidden.tmp")]
    [InlineData("predictions/000.png")]
    public void Force_stops_at_a_file_that_no_run_wrote(string name)
    {
        string path = Begin("run");
        File.WriteAllText(Path.Combine(path, "student-last.safetensors"), "a checkpoint");
        _folder.File($"run/{name}", "mine");
        string[] before = Directory.GetFiles(path, "*", SearchOption.AllDirectories);
        Assert.Contains($"holds others ({name.Split('/')[0]}); move them away", Refusal(path, RunMode.Force), StringComparison.Ordinal);
        Assert.Equal(before, Directory.GetFiles(path, "*", SearchOption.AllDirectories));
    }

    /// <summary>Names of a run's files are no proof that one wrote them.</summary>
    [Theory]
    [InlineData("teacher.safetensors", "weights", "has no config.yaml of one beside teacher.safetensors")]
    [InlineData("config.yaml", "student: {model: tiny-cnn-student}\n", "holds others (config.yaml)")]
    [InlineData("curves.png", "a picture", "has no config.yaml of one beside curves.png")]
    public void Force_stops_where_there_is_no_run(string name, string content, string message)
    {
        string file = _folder.File(name, content);
        Assert.Contains(message, Refusal(_folder.Path, RunMode.Force), StringComparison.Ordinal);
        Assert.Equal(content, File.ReadAllText(file));
    }

    [Fact]
    public void Folder_with_other_files_is_refused()
    {
        _folder.File("notes.txt", "mine");
        Assert.Contains("holds files that are not a run's (notes.txt)", Refusal(_folder.Path, RunMode.New), StringComparison.Ordinal);
        Assert.Single(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Theory]
    [InlineData(RunMode.New)]
    [InlineData(RunMode.Resume)]
    [InlineData(RunMode.Force)]
    public void What_a_kill_left_before_the_first_file_is_no_run(RunMode mode)
    {
        _folder.File(".config.yaml.tmp", "seed: 1\ndev");
        _folder.File(".lock", "");
        _folder.File(".lock.owner", "process 1 on elsewhere, since 2020-01-01 00:00:00 UTC");
        _folder.File("config.yaml", "");
        using RunFolder run = RunFolder.Open(_folder.Path, "x", mode);
        Assert.StartsWith("process 1 on elsewhere", run.Left, StringComparison.Ordinal);
        run.Begin(new ExperimentConfig());
        Assert.Equal([".lock", ".lock.owner", "config.yaml"], Directory.GetFiles(_folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(RunMode.Resume)]
    [InlineData(RunMode.ResumeChanged)]
    [InlineData(RunMode.Force)]
    public void Folder_of_a_running_run_is_left_alone(RunMode mode)
    {
        string path = _folder.File("run");
        using (RunFolder first = RunFolder.Open(path, "x", RunMode.New))
        {
            first.Begin(new ExperimentConfig());
            (string Name, string Text)[] before = Texts(path);
            Assert.StartsWith(
                $"a run is going on in {path} (process {Environment.ProcessId} on {Environment.MachineName}, since ",
                Refusal(path, mode),
                StringComparison.Ordinal);
            Assert.Equal(before, Texts(path));
        }

        using RunFolder second = RunFolder.Open(path, "x", mode);
        Assert.Empty(second.Left);

        static (string, string)[] Texts(string path) =>
            [.. Directory.GetFiles(path).Where(f => Path.GetFileName(f) != ".lock").Order().Select(f => (f, File.ReadAllText(f)))];
    }

    [Fact]
    public void A_folder_that_goes_away_meanwhile_is_made_again()
    {
        string path = _folder.File("run");
        using RunFolder run = RunFolder.Open(path, "x", RunMode.New);
        run.Begin(new ExperimentConfig { Seed = 3 });
        Assert.False(run.Restore());
        Directory.Delete(path, recursive: true);
        Assert.True(run.Restore());
        Assert.False(run.Restore());
        Assert.Equal(3, ConfigurationReader.ReadFile(run.File("config.yaml")).Seed);
        Assert.StartsWith("a run is going on", Refusal(path, RunMode.Resume), StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_another_run_took_meanwhile_is_that_ones()
    {
        string path = System.IO.Path.Combine(_folder.Path, "run");
        using RunFolder first = RunFolder.Open(path, "x", RunMode.New);
        first.Begin(new ExperimentConfig());
        Directory.Delete(path, recursive: true);
        using RunFolder second = RunFolder.Open(path, "x", RunMode.New);
        second.Begin(new ExperimentConfig());
        Assert.Contains("is in use again", Assert.Throws<StorageException>(() => first.Restore()).Message, StringComparison.Ordinal);
        first.Dispose();
        Assert.True(File.Exists(second.File(".lock.owner")));
        Assert.False(second.Restore());
    }

    [Fact]
    public void A_lock_alone_is_no_run_to_resume()
    {
        string path = System.IO.Path.Combine(_folder.Path, "run");
        RunFolder.Open(path, "x", RunMode.New).Dispose();  // a start that failed before it began
        Assert.True(File.Exists(System.IO.Path.Combine(path, ".lock")));
        Assert.False(RunFolder.HoldsRun(path));
        Assert.Contains("holds no run to resume", Refusal(path, RunMode.Resume), StringComparison.Ordinal);
    }

    [Fact]
    public void Seconds_are_kept_by_network_and_a_broken_file_of_them_is_none()
    {
        using RunFolder run = RunFolder.Open(_folder.File("run"), "x", RunMode.New);
        run.WriteSeconds("teacher", 1.5);
        run.WriteSeconds("student", 2);
        run.WriteSeconds("teacher", 3);
        Assert.Equal(new Dictionary<string, double> { ["teacher"] = 3, ["student"] = 2 }, RunFolder.ReadSeconds(run.Path));
        File.WriteAllText(run.File("seconds.json"), "{");
        Assert.Empty(RunFolder.ReadSeconds(run.Path));
    }

    [Fact]
    public void Nothing_to_resume_is_an_error() =>
        Assert.Contains("holds no run to resume", Assert.Throws<StorageException>(() => RunFolder.Open(_folder.Path, "x", RunMode.Resume)).Message,
            StringComparison.Ordinal);

    [Fact]
    public void Written_configuration_is_the_resolved_one()
    {
        ExperimentConfig config = ConfigurationReader.ReadText("seed: 9", "text");
        using RunFolder run = RunFolder.Open(_folder.File("run"), "x", RunMode.New);
        run.Begin(config);
        Assert.Equal(ConfigurationWriter.Write(config), ConfigurationWriter.Write(ConfigurationReader.ReadFile(run.File("config.yaml"))));
    }

    [Fact]
    public void Log_lines_carry_the_time_and_are_appended()
    {
        using RunFolder run = RunFolder.Open(_folder.File("run"), "x", RunMode.New);
        using (RunLog log = new(run))
        {
            log.Write("first\nsecond line\n");
        }

        using (RunLog log = new(run))
        {
            log.Write("resumed");
            Assert.Equal("[00:00:00] first\n           second line\n[00:00:00] resumed\n", File.ReadAllText(run.File("log.txt")));
        }
    }

    [Fact]
    public void Summary_reads_back_and_says_null_where_there_is_no_score()
    {
        RunSummary summary = new RunSummary
        {
            Version = "0.1.0",
            Device = "cpu",
            Threads = 2,
            Seed = 1,
            Seconds = 1.5,
            PeakMemoryBytes = 1 << 20,
            Classes = ["a", "b"],
            Networks =
            [
                new NetworkSummary
                {
                    Role = "teacher", Model = "tiny-mit-teacher", Parameters = 2108011, Steps = 10, Seconds = 1, TrainingImages = 5,
                    Scores = new Dictionary<string, SegmentationScores> { ["val"] = new(0.5, 1, 0.25, double.NaN, [0.5, double.NaN]) },
                    Reliability =
                    [
                        new ReliabilityRow(10, "val", new ReliabilityScores(0.5, 0.25, double.NaN,
                            new(3, 0.75), new(2, 0.5), new(0, double.NaN), new(0, double.NaN)))
                    ],
                },
            ],
        };
        using RunFolder run = RunFolder.Open(_folder.File("run"), "x", RunMode.New);
        run.WriteSummary(summary);
        string json = File.ReadAllText(run.File("summary.json"));
        SegmentationScores scores = RunSummary.FromJson(json).Networks[0].Scores["val"];
        Assert.Equal((0.5, double.NaN), (scores.MeanIoU, scores.BoundaryF1));
        Assert.Equal([0.5, double.NaN], scores.ClassIoU);
        Assert.Equal(summary.Networks[0].Reliability, RunSummary.FromJson(json).Networks[0].Reliability);
        Assert.Contains("\"boundaryF1\": null", json, StringComparison.Ordinal);
        Assert.Contains("\"peakMemoryBytes\": 1048576", json, StringComparison.Ordinal);
        Assert.Equal(json, RunSummary.FromJson(json).ToJson());
    }

    [Fact]
    public void Runs_that_begin_at_one_moment_get_a_folder_each()
    {
        string name = "six-" + Guid.NewGuid().ToString("N");
        RunFolder[] runs = new RunFolder[6];
        try
        {
            using Barrier barrier = new(runs.Length);
            Thread[] threads = [.. Enumerable.Range(0, runs.Length).Select(i => new Thread(() =>
            {
                barrier.SignalAndWait();
                runs[i] = RunFolder.Open("", name, RunMode.New);
                runs[i].Begin(new ExperimentConfig { Seed = i });
            }))];
            Array.ForEach(threads, thread => thread.Start());
            Array.ForEach(threads, thread => thread.Join());
            Assert.Equal(Enumerable.Range(1, 6).Select(n => $"{name}-{n:D3}"), runs.Select(run => Path.GetFileName(run.Path)).Order(StringComparer.Ordinal));
            Assert.All(runs, (run, i) => Assert.Equal(i, ConfigurationReader.ReadFile(run.File("config.yaml")).Seed));
        }
        finally
        {
            Array.ForEach(runs, run => run?.Dispose());
            foreach (string made in Directory.EnumerateDirectories("runs", name + "-*"))
            {
                Directory.Delete(made, recursive: true);
            }
        }
    }

    private string Begin(string name)
    {
        using RunFolder run = RunFolder.Open(_folder.File(name), "x", RunMode.New);
        run.Begin(new ExperimentConfig());
        return run.Path;
    }

    private static string Refusal(string path, RunMode mode) => Assert.Throws<StorageException>(() => RunFolder.Open(path, "x", mode)).Message;
}
