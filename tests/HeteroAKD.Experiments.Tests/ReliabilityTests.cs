using System.Globalization;
using HeteroAKD.Data;
using HeteroAKD.Experiments.Commands;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Experiments.Tests.Support;
using HeteroAKD.Training.Checkpoints;
using HeteroAKD.Training.Evaluation;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Tests;

/// <summary>What a run measures of the share S, and that measuring changes nothing.</summary>
public sealed class ReliabilityTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_run_with_hakd_leaves_a_row_for_each_split_and_evaluation_a_picture_and_a_sentence()
    {
        ExperimentConfig config = TinyExperiment.Config(_folder.File("run"));
        RunSummary summary = Distil(config);

        IReadOnlyList<ReliabilityRow> rows = ReliabilityFile.Read(Path.Combine(config.Out, ReliabilityFile.Name));
        Assert.Equal([(5, "train"), (5, "val"), (7, "train"), (7, "val")], rows.Select(r => (r.Step, r.Split)));
        ExperimentData data = new(config);
        Assert.All(rows, row =>
        {
            Assert.Equal(LabelledPixels(row.Split == "val" ? data.Validation : data.Student), row.Scores.Pixels);
            Assert.True(double.IsNaN(row.Scores.Auc) || row.Scores.Auc is >= 0 and <= 1, $"AUC {row.Scores.Auc}");
            Assert.InRange(row.Scores.Mean, 0.05, 0.95);
            Assert.InRange(row.Scores.Deviation, 1e-6, 0.5);
        });

        // The pixels that a network has right are those of its score: the student's after the last step, on all three validation images.
        ReliabilityRow last = rows[^1];
        double accuracy = (double)(last.Scores.BothRight.Pixels + last.Scores.OnlyStudentRight.Pixels) / last.Scores.Pixels;
        Assert.Equal(summary.Networks.Single(n => n.Role == NetworkRoles.Distilled).Scores["val"].PixelAccuracy, accuracy, 1e-9);
        double ofTeacher = (double)(last.Scores.BothRight.Pixels + last.Scores.OnlyTeacherRight.Pixels) / last.Scores.Pixels;
        Assert.Equal(summary.Networks.Single(n => n.Role == NetworkRoles.Teacher).Scores["val"].PixelAccuracy, ofTeacher, 1e-9);

        Assert.Equal(rows.Skip(2), summary.Networks.Single(n => n.Role == NetworkRoles.Distilled).Reliability);
        Assert.Null(summary.Networks.Single(n => n.Role == NetworkRoles.Teacher).Reliability);
        Assert.Contains("\"onlyTeacherRight\"", File.ReadAllText(Path.Combine(config.Out, "summary.json")), StringComparison.Ordinal);
        Assert.True(new FileInfo(Path.Combine(config.Out, "reliability.png")).Length > 0);
        string sentence = string.Create(
            CultureInfo.InvariantCulture,
            $"share S: mean {last.Scores.Mean:F3}, sd {last.Scores.Deviation:F3}, AUC {last.Scores.Auc:F3} on val (0.5 is chance)");
        Assert.Contains(sentence, File.ReadAllText(Path.Combine(config.Out, "log.txt")), StringComparison.Ordinal);
    }

    /// <summary>As a kill leaves the file: rows that the checkpoint does not know, and one cut short.</summary>
    [Fact]
    public void A_resumed_run_has_the_rows_of_an_unbroken_one()
    {
        ExperimentConfig unbroken = Config("unbroken");
        TinyExperiment.Distil(unbroken);
        ExperimentConfig stopped = Config("stopped");
        TinyExperiment.Distil(stopped, cancelAt: 4);
        string path = Path.Combine(stopped.Out, ReliabilityFile.Name);
        string[] lines = File.ReadAllLines(path);
        Assert.Equal(5, lines.Length); // header, steps 2 and 4
        File.AppendAllText(path, "6" + lines[^2][1..] + "\n6,va");
        TinyExperiment.Distil(stopped, RunMode.Resume);
        Assert.Equal(File.ReadAllText(Path.Combine(unbroken.Out, ReliabilityFile.Name)), File.ReadAllText(path));

        ExperimentConfig Config(string name)
        {
            ExperimentConfig config = TinyExperiment.Config(_folder.File(name));
            return config with { Training = config.Training with { EvalEvery = 2 } };
        }
    }

    [Fact]
    public void A_run_without_hakd_measures_nothing()
    {
        ExperimentConfig config = TinyExperiment.Config(_folder.File("run"));
        RunSummary summary = Distil(config with { Distillation = config.Distillation with { Method = "kd" } });
        Assert.Empty(Directory.EnumerateFiles(config.Out, "reliability.*"));
        Assert.All(summary.Networks, n => Assert.Null(n.Reliability));
        Assert.DoesNotContain("share S", File.ReadAllText(Path.Combine(config.Out, "log.txt")), StringComparison.Ordinal);
    }

    /// <summary>Batch statistics of the student and of both projectors, the masks' keys and the order of the images, among others.</summary>
    [Fact]
    public void Measuring_after_every_step_leaves_the_weights_of_a_run_that_measures_at_the_end()
    {
        ExperimentConfig seldom = TinyExperiment.Config(_folder.File("seldom"));
        seldom = seldom with { Training = seldom.Training with { EvalEvery = 0 } };
        ExperimentConfig often = seldom with { Out = _folder.File("often"), Training = seldom.Training with { EvalEvery = 1 } };
        TinyExperiment.Distil(seldom);
        TinyExperiment.Distil(often);
        Assert.Equal(2, ReliabilityFile.Read(Path.Combine(seldom.Out, ReliabilityFile.Name)).Count);
        Assert.Equal(14, ReliabilityFile.Read(Path.Combine(often.Out, ReliabilityFile.Name)).Count);
        string last = NetworkTrainer.LastFile(NetworkRoles.Distilled);
        Checkpoint a = Checkpoint.Load(Path.Combine(seldom.Out, last));
        Checkpoint b = Checkpoint.Load(Path.Combine(often.Out, last));
        Assert.Contains("projectors.heteroakd.teacher.bn.running_mean", a.Names);
        Assert.Equal(a.Names.Order(), b.Names.Order());
        Assert.All(a.Names, name => Assert.True(a[name].Bytes.AsSpan().SequenceEqual(b[name].Bytes), $"'{name}' differs"));
    }

    [Theory]
    [InlineData(3, 3)]
    [InlineData(64, 64)]
    [InlineData(65, 33)]
    [InlineData(200, 50)]
    public void At_most_64_images_are_measured(int images, int measured)
    {
        ISegmentationDataset spread = RunReliability.Spread(new SceneDataset(SceneSplit.Validation, images, new SceneOptions { Width = 32, Height = 32 }));
        Assert.Equal(measured, spread.Count);
    }

    private static RunSummary Distil(ExperimentConfig config) =>
        ((IDistillCommand)new TrainingService()).Run(new DistillRequest(config, "tiny", RunMode.New), new SilentSink(), CancellationToken.None).Summary!;

    private static long LabelledPixels(ISegmentationDataset dataset)
    {
        long pixels = 0;
        for (int i = 0; i < dataset.Count; i++)
        {
            pixels += dataset.Load(i).Labels.AsSpan(0, 32 * 32).ToArray().Count(label => label < dataset.Classes.Count);
        }

        return pixels;
    }
}
