using HeteroAKD.Distillation;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Training.Evaluation;
using HeteroAKD.Weights;

namespace HeteroAKD.Experiments.Tests.Runs;

public sealed class RunFolderTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Run_is_not_overwritten_unless_asked()
    {
        string path = Path.Combine(folder.Path, "run");
        RunFolder.Open(path, "x", RunMode.New).WriteConfig(new ExperimentConfig());
        Assert.Contains("already holds a run; continue it with --resume", Assert.Throws<StorageException>(() => RunFolder.Open(path, "x", RunMode.New)).Message,
            StringComparison.Ordinal);
        Assert.True(File.Exists(RunFolder.Open(path, "x", RunMode.Resume).File("config.yaml")));
        Assert.False(File.Exists(RunFolder.Open(path, "x", RunMode.Force).File("config.yaml")));
    }

    [Fact]
    public void Force_leaves_files_that_no_run_wrote()
    {
        string notes = folder.File("notes.txt", "mine");
        folder.File("config.yaml", "");
        folder.File("last.ckpt", "");
        folder.File("metrics.csv", "");
        RunFolder.Open(folder.Path, "x", RunMode.Force);
        Assert.Equal([notes], Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void Folder_with_other_files_is_refused()
    {
        folder.File("notes.txt", "mine");
        Assert.Contains("holds files that are not a run's", Assert.Throws<StorageException>(() => RunFolder.Open(folder.Path, "x", RunMode.New)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_to_resume_is_an_error() =>
        Assert.Contains("holds no run to resume", Assert.Throws<StorageException>(() => RunFolder.Open(folder.Path, "x", RunMode.Resume)).Message,
            StringComparison.Ordinal);

    [Fact]
    public void Written_configuration_is_the_resolved_one()
    {
        ExperimentConfig config = ConfigurationReader.ReadText("seed: 9", "text");
        RunFolder run = RunFolder.Open(folder.File("run"), "x", RunMode.New);
        run.WriteConfig(config);
        Assert.Equal(ConfigurationWriter.Write(config), ConfigurationWriter.Write(ConfigurationReader.ReadFile(run.File("config.yaml"))));
    }

    [Fact]
    public void Log_lines_carry_the_time_and_are_appended()
    {
        RunFolder run = RunFolder.Open(folder.File("run"), "x", RunMode.New);
        using (var log = new RunLog(run))
        {
            log.Write("first\nsecond line\n");
        }

        using (var log = new RunLog(run))
        {
            log.Write("resumed");
            Assert.Equal("[00:00:00] first\n           second line\n[00:00:00] resumed\n", File.ReadAllText(run.File("log.txt")));
        }
    }

    [Fact]
    public void Summary_reads_back_and_says_null_where_there_is_no_score()
    {
        var summary = new RunSummary
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
                    Reliability = [new ReliabilityRow(10, "val", new ReliabilityScores(0.5, 0.25, double.NaN, new(3, 0.75), new(2, 0.5), new(0, double.NaN), new(0, double.NaN)))],
                },
            ],
        };
        RunFolder run = RunFolder.Open(folder.File("run"), "x", RunMode.New);
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
}
