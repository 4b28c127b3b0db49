using HeteroAKD.Data;
using HeteroAKD.Distillation;
using HeteroAKD.Experiments;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Experiments.Tests.Support;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Devices.Cuda;
using HeteroAKD.Tensors.Ops;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Cuda.Tests.Runtime;

/// <summary>Steps that are replayed as graphs of the driver.</summary>
public sealed class CudaReplayTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly CudaDevice _device;

    public CudaReplayTests(EmulatedCard card)
    {
        card.Require();
        _device = (CudaDevice)Device.Open("cuda");
    }

    public void Dispose()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    /// <summary>AdamW, both networks, dropped paths; evaluation and checkpoint between the steps.</summary>
    [Theory]
    [InlineData(MatrixPrecision.Fp32)]
    [InlineData(MatrixPrecision.Bf16)]
    public void Replayed_training_ends_with_the_bits_of_the_plain_one(MatrixPrecision precision)
    {
        ExperimentConfig plain = TinyExperiment.Config(_folder.File("plain"));
        plain = plain with
        {
            Device = "cuda",
            Precision = precision,
            Data = plain.Data with { TrainCount = 4, ValCount = 1 },
            Training = plain.Training with { Steps = 5, EvalEvery = 4, Replay = false },
        };
        ExperimentConfig replayed = plain with { Out = _folder.File("replayed"), Training = plain.Training with { Replay = true } };
        TinyExperiment.Distil(plain);
        TinyExperiment.Distil(replayed);
        string log = File.ReadAllText(Path.Combine(replayed.Out, "log.txt"));
        Assert.Matches(@"distilled: steps are replayed: \d+ launches as one CUDA graph", log);
        Assert.Matches(@"distilled: \d+ kernels: 0 compiled in .* from the cache", log);
        string last = NetworkTrainer.LastFile(NetworkRoles.Distilled);
        TinyExperiment.AssertSame(Path.Combine(plain.Out, last), Path.Combine(replayed.Out, last));
        Assert.Equal(File.ReadAllText(Path.Combine(plain.Out, "metrics.csv")), File.ReadAllText(Path.Combine(replayed.Out, "metrics.csv")));
    }

    [Fact]
    public void Training_with_a_step_that_reads_a_value_goes_on_without_replay_and_says_why()
    {
        ExperimentConfig config = TinyExperiment.Config(_folder.File("run"));
        config = config with
        {
            Data = config.Data with { TrainCount = 4, ValCount = 1 },
            Training = config.Training with { EvalEvery = 0, CheckpointEvery = 0, LogEvery = 0 },
        };
        ExperimentData data = new(config);
        using SegmentationModel model = ModelZoo.Create(config.Student.Model, data.Classes.Count, _device, seed: 1);
        using TaskLoss task = ObjectiveFactory.Task(_device, config, data.Student);
        using RunFolder folder = RunFolder.Open(config.Out, "tiny", RunMode.New);
        using (RunLog log = new(folder))
        using (MetricsFile metrics = MetricsFile.Create(folder.File("metrics.csv"), "val_miou", "val_pixel_accuracy", "val_boundary_f1"))
        {
            TrainingJob job = new()
            {
                Role = NetworkRoles.Student,
                Model = model,
                Objective = new ReadingObjective(task),
                Seed = 1,
                Optimizer = config.Optimizer with { Lr = 1e-3 },
                Training = config.Training with { Steps = 5 },
                Validation = new EvaluatedDataset(data.Validation, data.Evaluation),
                Folder = folder.Path,
            };
            using BatchLoader loader = new(data.Student, new PlannedTraining(job, data.Student, data.Augmentation).LoaderOptions(config.Data));
            new NetworkTrainer(new RunObserver(log, metrics, new SilentSink(), data)).Run(job, loader);
        }

        Assert.Contains("student: steps are not replayed: it reads a tensor's values on the host", File.ReadAllText(folder.File("log.txt")));
    }

    [Fact]
    public void A_graph_repeats_the_step_on_what_the_tensors_hold_now()
    {
        using Tensor x = Tensor.From(_device, new Shape(4), [-2f, -1f, 1f, 2f]);
        using Tensor squares = Tensor.Persistent(_device, new Shape(8));
        Tensor y = null!;
        using RecordedStep step = RecordedStep.Record(_device, () =>
        {
            y = Functional.Add(Functional.Relu(x), x);
            SquareSum.Run(y, squares);
        });
        Assert.Null(step.Spoiled);
        Assert.Equal("as one CUDA graph", step.Prepare());
        Assert.Equal([-2f, -1f, 2f, 4f], y.ToFloats());
        x.CopyFrom([5f, 6f, -7f, -8f]);
        step.Replay();
        Assert.Equal([10f, 12f, -7f, -8f], y.ToFloats());
        Assert.Equal(100 + 144 + 49 + 64, squares.ToFloats()[0]);
        x.CopyFrom([1f, 1f, 1f, 1f]);
        step.Replay();
        step.Replay();
        Assert.Equal(16, squares.ToFloats()[0]);
    }

    [Fact]
    public void Where_the_driver_makes_no_graph_launches_are_repeated_one_by_one()
    {
        using Tensor x = Tensor.From(_device, new Shape(2), [3f, -4f]);
        Tensor y = null!;
        using RecordedStep step = RecordedStep.Record(_device, () => y = Functional.Relu(x));

        // A stream that captures already cannot begin another capture.
        CudaDriver.Check(CudaDriver.cuStreamBeginCapture_v2(_device.Stream, CudaDriver.CaptureThreadLocal), "cuStreamBeginCapture");
        Assert.StartsWith("one by one, as the driver made no graph of them: cuStreamBeginCapture", step.Prepare());
        CudaDriver.Check(CudaDriver.cuStreamEndCapture(_device.Stream, out nint graph), "cuStreamEndCapture");
        CudaDriver.Check(CudaDriver.cuGraphDestroy(graph), "cuGraphDestroy");
        x.CopyFrom([-5f, 6f]);
        step.Replay();
        Assert.Equal([0f, 6f], y.ToFloats());
    }

    [Fact]
    public void What_changes_from_step_to_step_is_named()
    {
        using Tensor x = Tensor.Full(_device, new Shape(8), 1);
        RecordedStep first = Record(0.25f);
        RecordedStep same = Record(0.25f);
        RecordedStep other = Record(0.5f);
        Assert.Null(first.DifferenceTo(same));
        Assert.Contains("launch 0: DropoutKernel.", first.DifferenceTo(other));
        Assert.Contains("changes from step to step", first.DifferenceTo(other));
        Assert.Contains("2 launches became 1", first.DifferenceTo(Recorded(() => Functional.Relu(x))));

        RecordedStep Record(float p) => Recorded(() => Functional.Relu(Functional.Dropout(x, p, 3)));
    }

    [Fact]
    public void A_step_that_reads_or_writes_on_the_host_says_so()
    {
        using Tensor x = Tensor.Full(_device, new Shape(1), 2);
        double read = 0;
        using RecordedStep reads = RecordedStep.Record(_device, () => read = x.Item());
        using RecordedStep writes = RecordedStep.Record(_device, () => x.CopyFrom([1f]));
        Assert.Equal(2, read);
        Assert.Equal("it reads a tensor's values on the host", reads.Spoiled);
        Assert.Equal("it writes values from the host to a tensor", writes.Spoiled);
        Assert.Throws<InvalidOperationException>(reads.Replay);
    }

    [Fact]
    public void A_recorded_step_keeps_its_memory_and_gives_all_of_it_back()
    {
        using Tensor x = Tensor.Full(_device, new Shape(1000), 1);
        using Tensor squares = Tensor.Persistent(_device, new Shape(8));
        int blocks = _device.Allocator.LiveBlocks;
        RecordedStep step = RecordedStep.Record(_device, () => SquareSum.Run(Functional.Relu(x), squares));
        using (_device.BeginStep())
        {
            // Would lie in the step's scratch, were that free.
            Tensor other = Tensor.Full(_device, new Shape(200_000), 7);
            step.Replay();
            Assert.All(other.ToFloats(), value => Assert.Equal(7, value));
        }

        Assert.Equal(1000, squares.ToFloats()[0]);
        step.Dispose();
        Assert.Equal(blocks, _device.Allocator.LiveBlocks);
    }

    // As the training loop does it: memory goes back before the next, so that equal steps get equal addresses.
    private RecordedStep Recorded(Action work)
    {
        RecordedStep step = RecordedStep.Record(_device, work);
        step.Dispose();
        return step;
    }

    /// <summary>Looks at the loss inside the step.</summary>
    private sealed class ReadingObjective(IObjective inner) : IObjective
    {
        public IReadOnlyList<string> TermNames => inner.TermNames;

        public Module? Auxiliary => null;

        public ObjectiveResult Loss(SegmentationModel student, Tensor images, Tensor labels, in Pass pass)
        {
            ObjectiveResult result = inner.Loss(student, images, labels, pass);
            Assert.True(result.Total.Item() > 0);
            return result;
        }

        public void Dispose()
        {
        }
    }
}
