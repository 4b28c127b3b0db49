using HeteroAKD.Distillation;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Ops;
using HeteroAKD.Training.Checkpoints;
using HeteroAKD.Training.Evaluation;
using HeteroAKD.Training.Loop;
using HeteroAKD.Training.Optimization;

namespace HeteroAKD.Training.Tests.Loop;

/// <summary>
/// The loop as a program of one's own uses it: a network, a loss, batches and plain options; no configuration file, no data set, no run folder.
/// </summary>
public sealed class LibraryUseTests : IDisposable
{
    private const int Classes = 2;
    private const int Steps = 12;

    private readonly TemporaryFolder _folder = new();
    private readonly Device _device = Device.Open("cpu", 1);

    public void Dispose()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_network_learns_from_batches_in_memory()
    {
        using SegmentationModel model = ModelZoo.Create("tiny-cnn-student", Classes, _device, seed: 1);
        using TaskLoss loss = new(_device, Classes, new TaskLossOptions(IgnoreIndex: 255));
        TrainingJob job = new()
        {
            Role = "student",
            Model = model,
            Objective = loss,
            Optimizer = new OptimizerOptions { Lr = 1e-2 },
            Schedule = new ScheduleOptions { Kind = ScheduleKind.Constant },
            Training = new TrainingOptions { Steps = Steps, LogEvery = 1, EvalEvery = 0 },
            Validation = new HalfImages(),
        };
        Record record = new();

        new NetworkTrainer(record).Run(job, new HalfBatches());

        double[] losses = [.. record.Values.Where(v => v.Column == "loss").Select(v => v.Value)];
        Assert.Equal(Steps, losses.Length);
        Assert.True(losses[^1] < 0.5 * losses[0], $"losses {string.Join(", ", losses)}");
        Assert.InRange(record.Values.Single(v => v.Column == "val_miou").Value, 0.5, 1);
    }

    [Fact]
    public void Checkpoints_go_into_a_folder_where_one_is_named_and_a_training_goes_on_from_them()
    {
        float[] unbroken = Train(_folder.Path, new HalfBatches(), from: null);
        using CancellationTokenSource source = new();
        using SegmentationModel model = ModelZoo.Create("tiny-cnn-student", Classes, _device, seed: 1);
        using TaskLoss loss = new(_device, Classes, new TaskLossOptions(IgnoreIndex: 255));
        string stopped = Directory.CreateDirectory(_folder.File("stopped")).FullName;
        Assert.Throws<OperationCanceledException>(
            () => new NetworkTrainer(new Record { At = 5, Then = source.Cancel }).Run(Job(model, loss, stopped), new HalfBatches(), source.Token));

        Checkpoint last = Checkpoint.Load(Path.Combine(stopped, NetworkTrainer.LastFile("student")));
        Assert.Equal((5, 5L, "a text of the caller's"), (last.Info.Step, last.Info.DataPosition, last.Info.Config));
        Assert.Equal(unbroken, Train(stopped, new HalfBatches(), last));
    }

    private static TrainingJob Job(SegmentationModel model, TaskLoss loss, string folder) => new()
    {
        Role = "student",
        Model = model,
        Objective = loss,
        Training = new TrainingOptions { Steps = Steps, CheckpointEvery = 0 },
        Folder = folder,
        Config = "a text of the caller's",
    };

    private float[] Train(string folder, IBatchSource batches, Checkpoint? from)
    {
        using SegmentationModel model = ModelZoo.Create("tiny-cnn-student", Classes, _device, seed: 1);
        using TaskLoss loss = new(_device, Classes, new TaskLossOptions(IgnoreIndex: 255));
        new NetworkTrainer(new Record()).Run(Job(model, loss, folder), batches, from: from);
        return [.. model.Parameters().SelectMany(p => p.ToFloats())];
    }

    /// <summary>Keeps every number, and may call out at a step.</summary>
    private sealed class Record : ITrainingObserver
    {
        public List<(string Column, double Value)> Values { get; } = [];

        public int At { get; init; }

        public Action Then { get; init; } = () => { };

        public void Measured(TrainingJob job, int step, ReadOnlySpan<(string Column, double Value)> values) => Values.AddRange(values);

        public void Stepped(in StepProgress progress)
        {
            if (progress.Step == At)
            {
                Then();
            }
        }
    }

    /// <summary>Noise, on which the left half is dark and class 0, the right half light and class 1.</summary>
    private sealed class HalfBatches : IBatchSource
    {
        private const int Count = 4;
        private const int Side = 32;

        private readonly Batch _batch = new();

        public long Position { get; private set; }

        public double WaitSeconds => 0;

        public static Batch Fill(Batch batch, int seed)
        {
            Random random = new(seed);
            batch.Resize(Count, Side, Side);
            for (int n = 0; n < Count; n++)
            {
                Span<float> image = batch.ImageAt(n);
                for (int i = 0; i < image.Length; i++)
                {
                    image[i] = (i % Side < Side / 2 ? -1 : 1) + (float)(random.NextDouble() - 0.5);
                }

                Span<int> labels = batch.LabelsAt(n);
                for (int i = 0; i < labels.Length; i++)
                {
                    labels[i] = i % Side < Side / 2 ? 0 : 1;
                }
            }

            return batch;
        }

        public Batch Next() => Fill(_batch, (int)Position++);

        public void Seek(long position) => Position = position;
    }

    private sealed class HalfImages : IEvaluationSet
    {
        public int Count => 4;

        public int Classes => LibraryUseTests.Classes;

        public int IgnoreIndex => 255;

        public Outside Outside => Outside.Edge;

        public IEnumerable<Batch> Read(int batchSize)
        {
            yield return HalfBatches.Fill(new Batch(), seed: 1000);
        }
    }
}
