using System.Diagnostics;
using HeteroAKD.Data;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Checkpoints;
using HeteroAKD.Training.Commands;
using HeteroAKD.Training.Configuration;
using HeteroAKD.Training.Evaluation;
using HeteroAKD.Training.Optimization;

namespace HeteroAKD.Training.Loop;

/// <summary>
/// Tries an experiment before it costs days: opens the data, builds each network, reads two batches, takes a step on each of them, evaluates a few images and reckons
/// how long the whole will take. Writes nothing.
/// </summary>
public sealed class DryRun : IDisposable
{
    private readonly ExperimentConfig _config;
    private readonly IProgressSink _progress;
    private readonly CancellationToken _cancellation;
    private readonly ExperimentData _data;
    private readonly Device _device;
    private readonly JobFactory _jobs;
    private readonly List<DryRunNetwork> _networks = [];

    /// <summary>Opens data and device.</summary>
    public DryRun(ExperimentConfig config, IProgressSink progress, CancellationToken cancellation)
    {
        _config = config;
        _progress = progress;
        _cancellation = cancellation;
        // Nothing is written, a cache of decoded pictures included.
        _data = new ExperimentData(config with { Data = config.Data with { Cache = CacheKind.Off } });
        _data.TakeWarnings(progress.Say);
        _device = Device.Open(config.Device, config.Threads, config.Precision);
        _jobs = new JobFactory(config, _data, _device, progress.Say);
    }

    /// <summary>Tries one network alone.</summary>
    public void Alone(NetworkRole role)
    {
        using SegmentationModel model = _jobs.Network(role).Model;
        TrainingJob job = _jobs.Alone(role, model);
        using (job.Objective)
        {
            Measure(job);
        }
    }

    /// <summary>Tries all that <c>distill</c> would do: the teacher unless a checkpoint holds it, the student alone, the student distilled.</summary>
    public void Distillation()
    {
        (SegmentationModel teacher, CheckpointInfo? start) = _jobs.Network(NetworkRole.Teacher);
        using (teacher)
        {
            if (start is null)
            {
                TrainingJob job = _jobs.Alone(NetworkRole.Teacher, teacher);
                using (job.Objective)
                {
                    Measure(job);
                }
            }

            if (_config.Distillation.Baseline)
            {
                Alone(NetworkRole.Student);
            }

            if (_config.Distillation.WeightedTerms().Count > 0)
            {
                using SegmentationModel student = _jobs.Network(NetworkRole.Student).Model;
                TrainingJob job = _jobs.Distilled(teacher, student);
                using (job.Objective)
                {
                    Measure(job);
                }
            }
        }
    }

    /// <summary>What was found.</summary>
    public DryRunOutcome Outcome() => new($"{_device.Name} ({_device.Description})", Process.GetCurrentProcess().PeakWorkingSet64, _networks);

    /// <summary>Frees the device.</summary>
    public void Dispose() => _device.Dispose();

    private void Measure(TrainingJob job)
    {
        const int Tasks = 3; // a cold step, a warm one, an evaluation
        _cancellation.ThrowIfCancellationRequested();
        _progress.Begin($"{job.Role} {job.Model.Name}", Tasks);
        _device.Allocator.ResetPeak();
        (double stepMilliseconds, double batchMilliseconds, double loss) = Train(job);
        long peak = _device.Allocator.Peak;
        _cancellation.ThrowIfCancellationRequested();
        double imageMilliseconds = Evaluate(job.Model);
        _progress.Report(new StepProgress(Tasks, loss, job.LearningRate, stepMilliseconds));
        int evaluations = _config.Training.EvalEvery > 0 ? (job.Steps + _config.Training.EvalEvery - 1) / _config.Training.EvalEvery : 1;
        long images = ((long)evaluations * _data.Validation.Count) + _data.Splits().Sum(split => (long)split.Data.Count);
        _networks.Add(new DryRunNetwork
        {
            Role = job.Role,
            Model = job.Model.Name,
            Parameters = job.Model.CountParameters(),
            BatchSize = job.BatchSize,
            Images = job.Dataset.Count,
            Steps = job.Steps,
            Loss = loss,
            StepMilliseconds = stepMilliseconds,
            BatchMilliseconds = batchMilliseconds,
            PeakTensorBytes = Math.Max(peak, _device.Allocator.Peak),
            EvaluatedImages = images,
            ImageMilliseconds = imageMilliseconds,
        });
    }

    /// <summary>Two steps; what the second one and its batch took. Batches are made in turn with the steps, so that both are seen alone.</summary>
    private (double StepMilliseconds, double BatchMilliseconds, double Loss) Train(TrainingJob job)
    {
        int accumulate = _config.Optimizer.Accumulate;
        using FlatParameters parameters = new(_device, job.ParameterGroups(_config.Optimizer));
        using Optimizer optimizer = new(parameters, _config.Optimizer);
        using BatchLoader loader = new(job.Dataset, job.LoaderOptions(_config.Data, _data.Augmentation) with { Threads = 0 });
        using StepInputs inputs = new(_device);
        using TrainingStep step = new(job, inputs, replay: false, say: _ => { });
        LearningRateSchedule schedule = new(_config.Schedule, job.LearningRate, job.Steps);
        double loss = double.NaN;
        double stepMilliseconds = 0;
        double batchMilliseconds = 0;
        for (int s = 0; s < 2; s++)
        {
            double waited = loader.WaitSeconds;
            Batch batch = loader.Next();
            batchMilliseconds = 1000 * (loader.WaitSeconds - waited) * accumulate;
            Stopwatch clock = Stopwatch.StartNew();
            inputs.Fill(batch);
            optimizer.ZeroGrad();
            step.Run(Pass.Train((int)CounterHash.Hash(job.Seed, s)), 1f, result => loss = result.Total.Item());
            double pass = clock.Elapsed.TotalMilliseconds;
            optimizer.Step(schedule.At(s));
            _device.Synchronize();
            stepMilliseconds = clock.Elapsed.TotalMilliseconds + ((accumulate - 1) * pass);
            _progress.Report(new StepProgress(s + 1, loss, schedule.At(s), stepMilliseconds));
        }

        return double.IsFinite(loss) ? (stepMilliseconds, batchMilliseconds, loss) : throw new NonFiniteException("loss", job.Role, 1, $"the value {loss}");
    }

    /// <summary>Scores one batch of validation images; returns milliseconds an image.</summary>
    private double Evaluate(SegmentationModel model)
    {
        SubsetDataset part = new(_data.Validation, 1, _config.Evaluation.BatchSize);
        Stopwatch clock = Stopwatch.StartNew();
        new Evaluator(_config.Evaluation).Run(model, part, _data.Evaluation, _cancellation);
        return clock.Elapsed.TotalMilliseconds / part.Count;
    }
}
