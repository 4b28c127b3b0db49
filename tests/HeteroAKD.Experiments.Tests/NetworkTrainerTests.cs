using HeteroAKD.Data;
using HeteroAKD.Distillation;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Experiments.Tests.Support;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Checkpoints;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Tests;

public sealed class NetworkTrainerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Best_checkpoint_is_that_of_the_best_evaluation()
    {
        ExperimentConfig config = TinyExperiment.Config(_folder.File("run"));
        TinyExperiment.Train(config);
        Checkpoint best = Checkpoint.Load(Path.Combine(config.Out, "student-best.safetensors"));
        Checkpoint last = Checkpoint.Load(Path.Combine(config.Out, "student-last.safetensors"));
        string[] header = File.ReadLines(Path.Combine(config.Out, "metrics.csv")).First().Split(',');
        int score = Array.IndexOf(header, "val_miou");
        (int Step, double Score)[] evaluations =
        [
            .. File.ReadLines(Path.Combine(config.Out, "metrics.csv")).Skip(1).Select(row => row.Split(',')).Where(cells => cells[score].Length > 0)
                .Select(cells => (int.Parse(cells[1]), double.Parse(cells[score]))),
        ];
        Assert.Equal([5, 7], evaluations.Select(e => e.Step));
        (int step, double value) = evaluations.MaxBy(e => e.Score);
        Assert.Equal(step, best.Info.Step);
        Assert.Equal(value, best.Info.BestMetric, 1e-8);
        Assert.Equal((7, 7L, best.Info.BestMetric), (last.Info.Step, last.Info.DataPosition, last.Info.BestMetric));
    }

    [Theory]
    [InlineData(Poison.Image, "conv2d")]
    [InlineData(Poison.Gradient, "backward")]
    public void Nan_names_operation_and_step_and_leaves_the_checkpoint(Poison poison, string operation)
    {
        ExperimentConfig config = TinyExperiment.Config(_folder.File("run"));
        using Device device = Device.Open("cpu", 1);
        using SegmentationModel model = ModelZoo.Create("tiny-cnn-student", 11, device, seed: 1);
        ExperimentData data = new(config);
        using TaskLoss task = ObjectiveFactory.Task(device, config, data.Student);

        // Every pass must come by the objective that counts them. The pass after checkpoint 3 gets the NaN; with one in the gradient alone, only a save would
        // notice at once.
        NonFiniteException error = Assert.Throws<NonFiniteException>(
            () => Run(config with { Training = config.Training with { CheckpointEvery = poison == Poison.Image ? 3 : 1, Replay = false } },
            data, new PoisonedObjective(task, poison, atPass: 4), model));
        Assert.Contains($"at step {(poison == Poison.Image ? 3 : 4)}: operation '{operation}'", error.Message, StringComparison.Ordinal);
        Checkpoint kept = Checkpoint.Load(Path.Combine(config.Out, "student-last.safetensors"));
        Assert.Equal(3, kept.Info.Step);
        Assert.All(kept.Names, name => Assert.DoesNotContain(float.NaN, kept[name].Floats.ToArray()));
    }

    private static void Run(ExperimentConfig config, ExperimentData data, IObjective objective, SegmentationModel model)
    {
        using RunFolder folder = RunFolder.Open(config.Out, "tiny", RunMode.New);
        using RunLog log = new(folder);
        using MetricsFile metrics = MetricsFile.Create(
            folder.File("metrics.csv"), "ce", "pixel_accuracy", "loss", "lr", "grad_norm", "val_miou", "val_pixel_accuracy", "val_boundary_f1");
        TrainingJob job = new()
        {
            Role = NetworkRoles.Student,
            Model = model,
            Objective = objective,
            Seed = 1,
            Optimizer = config.Optimizer with { Lr = 1e-3 },
            Training = config.Training,
            Validation = new EvaluatedDataset(data.Validation, data.Evaluation),
            Folder = folder.Path,
        };
        using BatchLoader loader = new(data.Student, new PlannedTraining(job, data.Student, data.Augmentation).LoaderOptions(config.Data));
        new NetworkTrainer(new RunObserver(log, metrics, new SilentSink(), data)).Run(job, loader);
    }

    /// <summary>Where the NaN comes in.</summary>
    public enum Poison
    {
        Image,
        Gradient,
    }

    /// <summary>Puts one NaN into an image or into a parameter's gradient.</summary>
    private sealed class PoisonedObjective(IObjective inner, Poison poison, int atPass) : IObjective
    {
        private int _passes;

        public IReadOnlyList<string> TermNames => inner.TermNames;

        public Module? Auxiliary => null;

        public ObjectiveResult Loss(SegmentationModel student, Tensor images, Tensor labels, in Pass pass)
        {
            if (++_passes == atPass)
            {
                Tensor target = poison == Poison.Image ? images : student.Parameters()[0].Grad!;
                target.View(new Shape(1), 5).CopyFrom([float.NaN]);
            }

            return inner.Loss(student, images, labels, pass);
        }

        public void Dispose()
        {
        }
    }
}
