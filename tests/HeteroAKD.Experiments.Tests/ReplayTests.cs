using HeteroAKD.Distillation;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Experiments.Tests.Support;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Training.Loop;
using HeteroAKD.Training.Optimization;

namespace HeteroAKD.Experiments.Tests;

public sealed class ReplayTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Evaluations and checkpoints come between the steps, and a resumed run records anew.</summary>
    [Fact]
    public void Replayed_training_ends_with_the_same_bits()
    {
        ExperimentConfig plain = TinyExperiment.Config(_folder.File("plain"));
        ExperimentConfig replayed = TinyExperiment.Config(_folder.File("replayed"));
        TinyExperiment.Distil(plain with { Training = plain.Training with { Replay = false } });
        TinyExperiment.Distil(replayed);
        Assert.Contains("steps are replayed", File.ReadAllText(Path.Combine(replayed.Out, "log.txt")), StringComparison.Ordinal);
        Assert.DoesNotContain("replayed", File.ReadAllText(Path.Combine(plain.Out, "log.txt")), StringComparison.Ordinal);
        string last = NetworkTrainer.LastFile(NetworkRoles.Distilled);
        TinyExperiment.AssertSame(Path.Combine(plain.Out, last), Path.Combine(replayed.Out, last));
        Assert.Equal(File.ReadAllText(Path.Combine(plain.Out, "metrics.csv")), File.ReadAllText(Path.Combine(replayed.Out, "metrics.csv")));
    }

    /// <summary>Dropout and drop-path draw new masks in every replay: those of the step that was not recorded.</summary>
    [Fact]
    public void Replayed_masks_are_those_of_the_step()
    {
        ExperimentConfig plain = TinyExperiment.Config(_folder.File("plain")) with { Student = new StudentConfig { Model = "segformer-b0" } };
        ExperimentConfig replayed = plain with { Out = _folder.File("replayed") };
        TinyExperiment.Train(plain with { Training = plain.Training with { Replay = false } });
        TinyExperiment.Train(replayed);
        Assert.Contains("steps are replayed", File.ReadAllText(Path.Combine(replayed.Out, "log.txt")), StringComparison.Ordinal);
        string last = NetworkTrainer.LastFile(NetworkRoles.Student);
        TinyExperiment.AssertSame(Path.Combine(plain.Out, last), Path.Combine(replayed.Out, last));
    }

    [Fact]
    public void A_run_may_go_on_without_replay()
    {
        ExperimentConfig whole = TinyExperiment.Config(_folder.File("whole"));
        ExperimentConfig broken = TinyExperiment.Config(_folder.File("broken"));
        TinyExperiment.Train(whole);
        TinyExperiment.Train(broken, cancelAt: 4);
        TinyExperiment.Train(broken with { Training = broken.Training with { Replay = false } }, RunMode.Resume);
        string last = NetworkTrainer.LastFile(NetworkRoles.Student);
        TinyExperiment.AssertSame(Path.Combine(whole.Out, last), Path.Combine(broken.Out, last));
    }

    [Fact]
    public void A_replayed_step_makes_no_garbage()
    {
        ExperimentConfig config = TinyExperiment.Config(_folder.File("run"));
        using Device device = Device.Open("cpu", 2);
        ExperimentData data = new(config);
        using SegmentationModel teacher = ModelZoo.Create("tiny-mit-teacher", data.Classes.Count, device, seed: 1);
        using SegmentationModel student = ModelZoo.Create("tiny-cnn-student", data.Classes.Count, device, seed: 1);
        using IObjective objective = ObjectiveFactory.Distillation(
            teacher, student, ObjectiveFactory.Task(device, config, data.Student), config, config.Distillation.WeightedTerms(), data.Classes.IgnoreIndex);
        using FlatParameters parameters = new(
            device, [.. ParameterGroup.Of(student, "student", 1, 0.01, false), .. ParameterGroup.Of(objective.Auxiliary!, "projectors", 1, 0.01, false)]);
        using Optimizer optimizer = new(parameters, config.Optimizer);
        using Tensor images = Tensor.Full(device, new Shape(2, 3, 32, 32), 0.5f);
        using Tensor labels = Tensor.From(device, new Shape(2, 32, 32), new int[2 * 32 * 32]);
        Action body = () => objective.Loss(student, images, labels, Nn.Pass.Train(1)).Total.Backward();
        for (int i = 0; i < 2; i++)
        {
            using StepScope scope = device.BeginStep();
            body();
        }

        using RecordedStep step = RecordedStep.Record(device, body);
        Assert.Null(step.Spoiled);
        for (int i = 0; i < 3; i++)
        {
            Replay();
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 5; i++)
        {
            Replay();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Replay()
        {
            optimizer.ZeroGrad();
            step.Replay();
            optimizer.Step(1e-3);
        }
    }
}
