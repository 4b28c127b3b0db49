using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Experiments.Tests.Support;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Checkpoints;
using HeteroAKD.Training.Loop;
using HeteroAKD.Training.Optimization;

namespace HeteroAKD.Experiments.Tests;

/// <summary>A run that was stopped and resumed is the run that was not, bit for bit, whatever the number of threads.</summary>
public sealed class ResumeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(OptimizerKind.AdamW, 1)]
    [InlineData(OptimizerKind.Sgd, 2)]
    public void Student_alone(OptimizerKind optimizer, int accumulate) =>
        StoppedEqualsUnbroken(optimizer, accumulate, NetworkRoles.Student, TinyExperiment.Train);

    [Theory]
    [InlineData(OptimizerKind.AdamW, 2)]
    [InlineData(OptimizerKind.Sgd, 1)]
    public void Distillation_with_its_projectors(OptimizerKind optimizer, int accumulate)
    {
        StoppedEqualsUnbroken(optimizer, accumulate, NetworkRoles.Distilled, TinyExperiment.Distil);
        Checkpoint last = Checkpoint.Load(Path.Combine(_folder.Path, "unbroken", NetworkTrainer.LastFile(NetworkRoles.Distilled)));
        Assert.Contains("projectors.heteroakd.teacher.conv.weight", last.Names);
        Assert.Contains("projectors.heteroakd.student.bn.running_var", last.Names);

        // What is left of it for use is a plain student: the projectors are no part of the model.
        using Device device = Device.Open("cpu", 1);
        using SegmentationModel plain = ModelZoo.Create(last.Info.Model, last.Info.Classes, device, seed: null);
        last.CopyTo(Checkpoint.ModelPrefix, plain);
        Assert.Equal(plain.State()[0].Tensor.ToFloats(), last["model." + plain.State()[0].Name].Floats.ToArray());
    }

    [Fact]
    public void Control_of_a_distillation() => StoppedEqualsUnbroken(OptimizerKind.AdamW, 1, NetworkRoles.Kd, (config, mode, cancelAt) =>
        TinyExperiment.DistilControl(config with { Distillation = config.Distillation with { Control = DistillationControl.Kd } }, mode, cancelAt));

    [Fact]
    public void Rows_of_metrics_are_there_once()
    {
        ExperimentConfig config = Config("stopped", OptimizerKind.AdamW, 1);
        TinyExperiment.Train(config, cancelAt: 4);
        TinyExperiment.Train(config, RunMode.Resume);
        string[] steps = [.. File.ReadLines(Path.Combine(config.Out, "metrics.csv")).Skip(1).Select(row => row.Split(',')[1])];
        Assert.Equal(["1", "3", "5", "5", "7", "7"], steps);
    }

    [Fact]
    public void Another_configuration_is_refused()
    {
        ExperimentConfig config = Config("stopped", OptimizerKind.AdamW, 1);
        TinyExperiment.Train(config, cancelAt: 1);
        ExperimentConfig other = config with { Optimizer = config.Optimizer with { Lr = 0.5 } };
        string message = Assert.Throws<HeteroAkdException>(() => TinyExperiment.Train(other, RunMode.Resume)).Message;
        Assert.Contains("'lr: 0.002', this command has 'lr: 0.5'", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_control_is_refused()
    {
        ExperimentConfig config = Config("stopped", OptimizerKind.AdamW, 1);
        TinyExperiment.Train(config, cancelAt: 1);
        ExperimentConfig other = config with { Distillation = config.Distillation with { Control = DistillationControl.Kd } };
        Assert.Contains(
            "'control: none', this command has 'control: kd'",
            Assert.Throws<HeteroAkdException>(() => TinyExperiment.Train(other, RunMode.Resume)).Message,
            StringComparison.Ordinal);
    }

    private ExperimentConfig Config(string name, OptimizerKind optimizer, int accumulate)
    {
        ExperimentConfig config = TinyExperiment.Config(Path.Combine(_folder.Path, name));
        return config with { Optimizer = config.Optimizer with { Kind = optimizer, Accumulate = accumulate, GradientClip = 1, ProjectorLrMultiplier = 10 } };
    }

    // Stopped at step 4, which is no multiple of checkpointEvery, and gone on with on another number of threads.
    private void StoppedEqualsUnbroken(OptimizerKind optimizer, int accumulate, string role, Action<ExperimentConfig, RunMode, int> run)
    {
        ExperimentConfig unbroken = Config("unbroken", optimizer, accumulate);
        run(unbroken with { Threads = 1 }, RunMode.New, -1);
        ExperimentConfig stopped = Config("stopped", optimizer, accumulate);
        run(stopped, RunMode.New, 4);
        string last = NetworkTrainer.LastFile(role);
        Assert.Equal(4, Checkpoint.Load(Path.Combine(stopped.Out, last)).Info.Step);
        run(stopped with { Threads = 1 }, RunMode.Resume, -1);
        TinyExperiment.AssertSame(Path.Combine(unbroken.Out, last), Path.Combine(stopped.Out, last));
        TinyExperiment.AssertSame(Path.Combine(unbroken.Out, NetworkTrainer.BestFile(role)), Path.Combine(stopped.Out, NetworkTrainer.BestFile(role)));
    }
}
