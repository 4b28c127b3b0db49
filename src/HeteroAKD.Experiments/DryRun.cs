using System.Diagnostics;
using HeteroAKD.Data;
using HeteroAKD.Distillation;
using HeteroAKD.Experiments.Commands;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Checkpoints;
using HeteroAKD.Training.Evaluation;
using HeteroAKD.Training.Loop;
using HeteroAKD.Training.Optimization;

namespace HeteroAKD.Experiments;

/// <summary>
/// Tries an experiment before it costs days: opens the data, builds each network, reads two batches, takes a step on each of them, evaluates a few images and
/// reckons how long the whole will take. Writes nothing.
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
        _data.CountLabels(["train", "val", "test"], config.Threads, progress, cancellation);
        _data.TakeWarnings(progress.Say);
        _device = TrainingDevice.Open(config);
        _jobs = new JobFactory(config, _data, _device, progress.Say);
    }

    /// <summary>Tries one network alone.</summary>
    public void Alone(NetworkRole role)
    {
        using SegmentationModel model = _jobs.Network(role).Model;
        PlannedTraining training = _jobs.Alone(role, model);
        using (training.Job.Objective)
        {
            Measure(training);
        }
    }

    /// <summary>
    /// Tries all that <c>distill</c> would do: the teacher unless a checkpoint holds it, the student alone, its control, the student distilled.
    /// </summary>
    public void Distillation()
    {
        if (_config.Teacher.IsGiven)
        {
            _jobs.Require(NetworkRole.Teacher);
        }

        (SegmentationModel teacher, CheckpointInfo? start) = _jobs.Network(NetworkRole.Teacher);
        using (teacher)
        {
            if (start is null && !_config.Teacher.IsGiven)
            {
                PlannedTraining training = _jobs.Alone(NetworkRole.Teacher, teacher);
                using (training.Job.Objective)
                {
                    Measure(training);
                }
            }

            if (_config.Distillation.Baseline)
            {
                Alone(NetworkRole.Student);
            }

            if (_config.Distillation.ControlTerms().Count > 0)
            {
                WithTeacher(teacher, _jobs.Control);
            }

            if (_config.Distillation.WeightedTerms().Count > 0)
            {
                WithTeacher(teacher, _jobs.Distilled);
            }
        }
    }

    /// <summary>What was found.</summary>
    public DryRunOutcome Outcome() => new($"{_device.Name} ({_device.Description})", Process.GetCurrentProcess().PeakWorkingSet64, _networks);

    /// <summary>Frees the device.</summary>
    public void Dispose() => _device.Dispose();

    private void WithTeacher(SegmentationModel teacher, Func<SegmentationModel, SegmentationModel, PlannedTraining> plan)
    {
        using SegmentationModel student = _jobs.Network(NetworkRole.Student).Model;
        PlannedTraining training = plan(teacher, student);
        using (training.Job.Objective)
        {
            Measure(training);
        }
    }

    private void Measure(PlannedTraining training)
    {
        TrainingJob job = training.Job;
        const int Tasks = 3; // a cold step, a warm one, an evaluation
        _cancellation.ThrowIfCancellationRequested();
        _progress.Begin($"{job.Role} {job.Model.Name}", Tasks);
        _data.TakeWarnings(_progress.Say);
        _device.Allocator.ResetPeak();
        (double stepMilliseconds, double batchMilliseconds, double loss) = Train(training);
        long peak = _device.Allocator.Peak;
        _cancellation.ThrowIfCancellationRequested();
        double imageMilliseconds = Evaluate(job.Model);
        double reliabilityMilliseconds = MeasureReliability(training);
        _progress.Report(new StepProgress(Tasks, loss, job.Optimizer.Lr, stepMilliseconds));
        int evaluations = _config.Training.EvalEvery > 0 ? (job.Training.Steps + _config.Training.EvalEvery - 1) / _config.Training.EvalEvery : 1;
        int averages = job.Training.Ema > 0 ? 2 : 1;
        long images = averages * (((long)evaluations * _data.Validation.Count) + _data.Splits().Sum(split => (long)split.Data.Count));
        _networks.Add(new DryRunNetwork
        {
            Role = job.Role,
            Model = job.Model.Name,
            Parameters = job.Model.CountParameters(),
            BatchSize = training.BatchSize(_config.Data),
            Images = training.Dataset.Count + (training.Unlabelled?.Count ?? 0),
            Steps = job.Training.Steps,
            Loss = loss,
            StepMilliseconds = stepMilliseconds,
            BatchMilliseconds = batchMilliseconds,
            PeakTensorBytes = Math.Max(peak, _device.Allocator.Peak),
            EvaluatedImages = images,
            ImageMilliseconds = imageMilliseconds,
            ReliabilityMilliseconds = evaluations * reliabilityMilliseconds,
        });
    }

    /// <summary>Two steps; what the second one and its batch took. Batches are made in turn with the steps, so that both are seen alone.</summary>
    private (double StepMilliseconds, double BatchMilliseconds, double Loss) Train(PlannedTraining training)
    {
        TrainingJob job = training.Job;
        int accumulate = job.Optimizer.Accumulate;
        if (job.Objective.WarmUp is { } warmUp)
        {
            using JoinedLoaders first = training.Batches(_config.Data with { Workers = 0 });
            AuxiliaryWarmUp.Run(job, warmUp with { Steps = Math.Min(1, warmUp.Steps) }, first, new Unheard(), _cancellation);
        }

        using FlatParameters parameters = new(_device, job.ParameterGroups());
        using Optimizer optimizer = new(parameters, job.Optimizer);
        using JoinedLoaders batches = training.Batches(_config.Data with { Workers = 0 });
        using StepInputs inputs = new(_device);
        using TrainingStep step = new(job, inputs, replay: false, say: _ => { });
        LearningRateSchedule schedule = new(job.Schedule, job.Optimizer.Lr, job.Training.Steps);
        double loss = double.NaN;
        double stepMilliseconds = 0;
        double batchMilliseconds = 0;
        for (int s = 0; s < 2; s++)
        {
            double waited = batches.WaitSeconds;
            Batch batch = batches.Next();
            batchMilliseconds = 1000 * (batches.WaitSeconds - waited) * accumulate;
            Stopwatch clock = Stopwatch.StartNew();
            inputs.Fill(batch);
            job.Objective.BeginBatch(batch, inputs.Images);
            optimizer.ZeroGrad();
            job.Objective.BeginStep(s, job.Training.Steps);
            step.Run(Pass.Train((int)CounterHash.Hash(job.Seed, s)), 1f, result =>
            {
                loss = result.Total.Item();

                // Fails now, not in the training, if a number has no column in metrics.csv or a column name occurs twice.
                IReadOnlyList<string> columns = job.Columns();
                MetricsFile.Row(
                    columns, job.Role, s, [.. result.Terms.Select(t => (t.Name, t.Read())), ("loss", loss), ("lr", schedule.At(s)), ("grad_norm", 0)]);
                MetricsFile.Row(columns, job.Role, s, [("val_miou", 0), ("val_pixel_accuracy", 0), ("val_boundary_f1", 0)]);
            });
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
        SubsetDataset part = OneBatch(_data.Validation);
        Stopwatch clock = Stopwatch.StartNew();
        new Evaluator(_config.Evaluation).Run(model, new EvaluatedDataset(part, _data.Evaluation), _cancellation);
        return clock.Elapsed.TotalMilliseconds / part.Count;
    }

    /// <summary>Measures the share S on a batch of images; returns the milliseconds of one whole measurement, or 0 where L_hakd takes no part.</summary>
    private double MeasureReliability(PlannedTraining training)
    {
        if (training.Job.Objective is not DistillationObjective { HeteroAkd: not null } distillation)
        {
            return 0;
        }

        SubsetDataset part = OneBatch(RunReliability.Spread(_data.Validation));
        Stopwatch clock = Stopwatch.StartNew();
        new ReliabilityEvaluator(_config.Evaluation).Run(training.Job.Model, distillation, new EvaluatedDataset(part, _data.Evaluation));
        int images = RunReliability.Spread(_data.Student).Count + RunReliability.Spread(_data.Validation).Count;
        return clock.Elapsed.TotalMilliseconds * images / part.Count;
    }

    private SubsetDataset OneBatch(ISegmentationDataset images) => new(images, 1, _config.Evaluation.BatchSize);

    /// <summary>An observer that ignores everything: a dry run writes no log and no metrics.</summary>
    private sealed class Unheard : ITrainingObserver;
}
