using HeteroAKD.Experiments.Commands;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Training.Checkpoints;
using HeteroAKD.Training.Evaluation;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Tests.Support;

/// <summary>Whole trainings that take a second: 32x32 scenes, tiny networks, a few steps.</summary>
internal static class TinyExperiment
{
    /// <summary>Logs, evaluations and checkpoints at steps that do not divide one another.</summary>
    public static ExperimentConfig Config(string folder) => new()
    {
        Seed = 5,
        Device = "cpu",
        Threads = 2,
        Out = folder,
        Data = new DataConfig { Size = new PixelSize { Width = 32, Height = 32 }, TrainCount = 10, ValCount = 3, TestCount = 0, StudentEvery = 2 },
        Teacher = new TeacherConfig { Model = "tiny-mit-student", Steps = 1 },
        Student = new StudentConfig { Model = "tiny-cnn-student" },
        Training = new TrainingOptions { Steps = 7, BatchSize = 2, EvalEvery = 5, LogEvery = 2, CheckpointEvery = 3 },
        Distillation = new DistillationConfig { Baseline = false },
    };

    /// <summary>Trains the student alone.</summary>
    public static void Train(ExperimentConfig config, RunMode mode = RunMode.New, int cancelAt = -1) =>
        Run(config, mode, NetworkRoles.Student, cancelAt, experiment => experiment.TrainAlone(NetworkRole.Student));

    /// <summary>Trains the teacher alone.</summary>
    public static void Teach(ExperimentConfig config) =>
        Run(config, RunMode.New, NetworkRoles.Teacher, -1, experiment => experiment.TrainAlone(NetworkRole.Teacher));

    /// <summary>Trains the teacher and distils.</summary>
    public static void Distil(ExperimentConfig config, RunMode mode = RunMode.New, int cancelAt = -1) =>
        Run(config, mode, NetworkRoles.Distilled, cancelAt, experiment =>
        {
            experiment.TrainAlone(NetworkRole.Teacher);
            experiment.Distil();
        });

    /// <summary>Trains the teacher and the control.</summary>
    public static void DistilControl(ExperimentConfig config, RunMode mode = RunMode.New, int cancelAt = -1) =>
        Run(config, mode, NetworkRoles.Kd, cancelAt, experiment =>
        {
            experiment.TrainAlone(NetworkRole.Teacher);
            experiment.DistilControl();
        });

    /// <summary>Fails where two checkpoints differ in a bit of a tensor or in what they say of the training.</summary>
    public static void AssertSame(string expected, string actual)
    {
        Checkpoint a = Checkpoint.Load(expected);
        Checkpoint b = Checkpoint.Load(actual);
        Assert.Equal(a.Names.Order(), b.Names.Order());
        Assert.All(a.Names, name => Assert.True(a[name].Bytes.AsSpan().SequenceEqual(b[name].Bytes), $"'{name}' differs"));
        Assert.Equal((a.Info.Step, a.Info.DataPosition, a.Info.BestMetric), (b.Info.Step, b.Info.DataPosition, b.Info.BestMetric));
    }

    private static void Run(ExperimentConfig config, RunMode mode, string role, int cancelAt, Action<Experiment> work)
    {
        using CancellationTokenSource source = new();
        using Experiment experiment = new(
            config, "tiny", mode, new StoppingSink(role, cancelAt, source), source.Token, role == NetworkRoles.Student ? NetworkRole.Student
                : NetworkRole.Distilled);
        if (cancelAt < 0)
        {
            work(experiment);
        }
        else
        {
            Assert.Throws<OperationCanceledException>(() => work(experiment));
        }
    }
}
