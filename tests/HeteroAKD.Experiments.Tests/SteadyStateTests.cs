using HeteroAKD.Data;
using HeteroAKD.Distillation;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Experiments.Tests.Support;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Memory;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Tests;

/// <summary>Alone in the process while it runs: it counts the garbage of all threads.</summary>
[CollectionDefinition(nameof(SteadyStateTests), DisableParallelization = true)]
public sealed class SteadyStateCollection;

[Collection(nameof(SteadyStateTests))]
public sealed class SteadyStateTests(ITestOutputHelper output) : IDisposable
{
    private const int Steps = 1000;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>The pair with the most operations of those that the configurations name.</summary>
    [Fact]
    public void Thousand_steps_leave_the_allocator_where_step_ten_left_it_and_little_garbage()
    {
        ExperimentConfig config = TinyExperiment.Config(_folder.File("run"));
        config = config with { Training = new TrainingOptions { Steps = Steps, BatchSize = 2, EvalEvery = 0, LogEvery = 0, CheckpointEvery = 0 } };
        using Device device = Device.Open("cpu", 1);
        ExperimentData data = new(config);
        using SegmentationModel teacher = ModelZoo.Create("tiny-mit-teacher", data.Classes.Count, device, seed: 1);
        using SegmentationModel student = ModelZoo.Create("tiny-cnn-student", data.Classes.Count, device, seed: 1);
        using IObjective objective = ObjectiveFactory.Distillation(
            teacher, student, ObjectiveFactory.Task(device, config, data.Student), config, config.Distillation.WeightedTerms(), data.Classes.IgnoreIndex);
        using RunFolder folder = RunFolder.Open(config.Out, "tiny", RunMode.New);
        using RunLog log = new(folder);
        using MetricsFile metrics = MetricsFile.Create(folder.File("metrics.csv"), "val_miou", "val_pixel_accuracy", "val_boundary_f1",
            "loss", "lr", "grad_norm", "ce", "pixel_accuracy", "kd", "hakd", "projector_teacher", "projector_student", "kl_hybrid", "share",
            "unreliability_teacher", "unreliability_student");
        MeasuringSink sink = new(device.Allocator);
        TrainingJob job = new()
        {
            Role = NetworkRoles.Distilled,
            Model = student,
            Objective = objective,
            Seed = 1,
            Optimizer = config.Optimizer with { Lr = 1e-3 },
            Training = config.Training,
            Validation = new EvaluatedDataset(data.Validation, data.Evaluation),
            Folder = folder.Path,
        };
        using BatchLoader loader = new(data.Student, new PlannedTraining(job, data.Student, data.Augmentation).LoaderOptions(config.Data));
        new NetworkTrainer(new RunObserver(log, metrics, sink, data)).Run(job, loader);

        double garbage = (double)(sink.GarbageAtEnd - sink.GarbageAtStart) / (Steps - MeasuringSink.Warm);
        output.WriteLine($"{garbage / 1024:F1} KiB of garbage a step; {sink.AtTen.InUse / 1024} KiB in {sink.AtTen.Blocks} blocks");
        Assert.Equal(sink.AtTen, sink.AtEnd);
        Assert.InRange(garbage, 0, 64 * 1024);
    }

    /// <summary>What the allocator holds after a step.</summary>
    private readonly record struct Held(long InUse, long Reserved, int Blocks, long SystemAllocations)
    {
        public static Held By(SlabAllocator a) => new(a.InUse, a.Reserved, a.LiveBlocks, a.SystemAllocations);
    }

    private sealed class MeasuringSink(SlabAllocator allocator) : IProgressSink
    {
        // By then the loader has filled its ring and the code is compiled.
        public const int Warm = 100;

        public Held AtTen { get; private set; }

        public Held AtEnd { get; private set; }

        public long GarbageAtStart { get; private set; }

        public long GarbageAtEnd { get; private set; }

        public void Begin(string task, int steps, int done = 0)
        {
        }

        public void Report(in StepProgress progress)
        {
            AtTen = progress.Step == 10 ? Held.By(allocator) : AtTen;
            AtEnd = Held.By(allocator);
            GarbageAtStart = progress.Step == Warm ? GC.GetTotalAllocatedBytes() : GarbageAtStart;
            GarbageAtEnd = progress.Step == Steps ? GC.GetTotalAllocatedBytes() : GarbageAtEnd;
        }

        public void Say(string line)
        {
        }
    }
}
