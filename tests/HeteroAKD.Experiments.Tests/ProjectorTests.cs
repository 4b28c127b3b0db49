using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Tests.Support;
using HeteroAKD.Training.Evaluation;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Tests;

/// <summary>
/// KMM weighs by reliability, so a teacher's projector that never fits its labels spoils it. At the student's learning rate it does not within a run;
/// at ten times that rate it does.
/// </summary>
public sealed class ProjectorTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Teachers_projector_reaches_a_bce_of_a_tenth()
    {
        double slow = LastBce(multiplier: 1);
        double fast = LastBce(multiplier: 10);
        Assert.True(fast < 0.1, $"BCE of the teacher's projector: {fast:F3}, {slow:F3} at the student's rate");
        Assert.True(slow > 2 * fast, $"BCE of the teacher's projector: {fast:F3}, {slow:F3} at the student's rate");
    }

    // Two scenes, always the same: what is tested is the projector, not what it generalises to.
    private double LastBce(double multiplier)
    {
        ExperimentConfig config = TinyExperiment.Config(_folder.File($"times-{multiplier}"));
        config = config with
        {
            Threads = 1,
            Data = config.Data with { TrainCount = 2, StudentEvery = 1, ValCount = 1, Size = new PixelSize { Width = 64, Height = 64 } },
            Augmentation = new AugmentationConfig { ScaleMin = 1, ScaleMax = 1, Flip = 0 },
            Teacher = config.Teacher with { Steps = 150 },
            Optimizer = config.Optimizer with { Lr = 5e-3, ProjectorLrMultiplier = multiplier },
            Training = new TrainingOptions { Steps = 300, BatchSize = 2, EvalEvery = 0, LogEvery = 1, CheckpointEvery = 0 },
        };
        TinyExperiment.Distil(config);
        string[] lines = File.ReadAllLines(Path.Combine(config.Out, "metrics.csv"));
        int column = Array.IndexOf(lines[0].Split(','), "projector_teacher");
        return double.Parse(lines.Select(l => l.Split(',')).Last(c => c[0] == NetworkRoles.Distilled && c[column].Length > 0)[column]);
    }
}
