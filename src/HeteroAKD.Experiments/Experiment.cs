using System.Diagnostics;
using HeteroAKD.Data;
using HeteroAKD.Distillation;
using HeteroAKD.Experiments.Commands;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Checkpoints;
using HeteroAKD.Training.Evaluation;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments;

/// <summary>
/// One run: trains the networks it is asked for in one folder, one after another, scores them and writes the report. Teacher and students share data, and the
/// students, alone, with plain KD and distilled, share initial weights, data order and steps.
/// </summary>
public sealed class Experiment : IDisposable
{
    private readonly ExperimentConfig _config;
    private readonly IProgressSink _progress;
    private readonly CancellationToken _cancellation;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly ExperimentData _data;
    private readonly RunFolder _folder;
    private readonly RunLog _log;
    private readonly Device _device;
    private readonly JobFactory _jobs;
    private readonly List<TrainedNetwork> _networks = [];
    private DistillationObjective? _distillation;

    /// <summary>Opens data, device and folder; <paramref name="distils"/> as for <see cref="ExperimentData"/>, <paramref name="teacherOutputs"/> as for <see cref="JobFactory"/>.</summary>
    public Experiment(ExperimentConfig config, string name, RunMode mode, IProgressSink progress, CancellationToken cancellation, bool distils = true, string teacherOutputs = "")
    {
        _config = config;
        _progress = progress;
        _cancellation = cancellation;
        _data = new ExperimentData(config, distils);
        _data.CountLabels(["train", "val", "test"], config.Threads, progress, cancellation);
        _device = Device.Open(config.Device, config.Threads, config.Precision);
        try
        {
            if (config.Cublas)
            {
                _device.UseCublas();
            }

            // Kernels are loaded while networks are made and the first batches are read.
            _device.PreloadKernels();
            _folder = RunFolder.Open(config.Out, name, mode);
            if (mode == RunMode.Resume)
            {
                SavedConfiguration.RequireSame(_folder, config);
            }
            else
            {
                _folder.WriteConfig(config);
            }

            _log = new RunLog(_folder);
            _jobs = new JobFactory(config, _data, _device, _log.Write, teacherOutputs);
        }
        catch
        {
            _device.Dispose();
            throw;
        }

        string free = _device.FreeMemorySummary;
        _log.Write($"device {_device.Name}: {_device.Description}{(free.Length > 0 ? $", {free}" : "")}; products in {_device.MatrixPrecision.ToString().ToLowerInvariant()}");
        _data.TakeWarnings(line =>
        {
            _log.Write(line);
            _progress.Say(line);
        });
    }

    /// <summary>The run's folder.</summary>
    public RunFolder Folder => _folder;

    /// <summary>Trains one network on its own: the teacher on all images, the student on its own. A teacher from a checkpoint is scored only.</summary>
    public void TrainAlone(NetworkRole role)
    {
        (SegmentationModel model, CheckpointInfo? start) = _jobs.Network(role);
        if (start is not null)
        {
            string name = role == NetworkRole.Teacher ? NetworkRoles.Teacher : NetworkRoles.Student;
            string checkpoint = role == NetworkRole.Teacher ? _config.Teacher.Checkpoint : _config.Student.Checkpoint;
            _log.Write($"{name}: {model.Name} loaded from {checkpoint}, step {start.Step}");
            if (role == NetworkRole.Teacher)
            {
                Finish(name, model, start.Step, start.Seconds, _data.Train.Count);
                return;
            }
        }

        PlannedTraining training = _jobs.Alone(role, model);
        using (training.Job.Objective)
        {
            Train(training);
        }
    }

    /// <summary>Trains the control of <see cref="Distil()"/> with the teacher, which must be there: the student with plain KD alone, from the same initial weights.</summary>
    public void DistilControl()
    {
        PlannedTraining training = _jobs.Control(Teacher, _jobs.Network(NetworkRole.Student).Model);
        using (training.Job.Objective)
        {
            Train(training);
        }
    }

    /// <summary>Trains the student with the teacher, which must be there; its initial weights are those of the student alone.</summary>
    public void Distil() => Distil(Teacher);

    /// <summary>Trains the student with a teacher from a checkpoint, which is scored on the student's validation images.</summary>
    public void DistilFromCheckpoint()
    {
        (SegmentationModel teacher, CheckpointInfo? start) = _jobs.Network(NetworkRole.Teacher);
        using (teacher)
        {
            _log.Write($"{NetworkRoles.Teacher}: {teacher.Name} loaded from {_config.Teacher.Checkpoint}, step {start?.Step}");
            EvaluatedDataset images = new(_data.Validation, _jobs.Prepared(NetworkRole.Teacher, _data.Evaluation));
            SegmentationScores scores = new Evaluator(_config.Evaluation).Run(teacher, images, _cancellation);
            _log.Write($"{NetworkRoles.Teacher}: val mIoU {ScoreText.MeanIoU(scores)} on the student's images");
            Distil(teacher);
            _networks[^1] = _networks[^1] with { Summary = _networks[^1].Summary with { TeacherMeanIoU = scores.MeanIoU } };
        }
    }

    private SegmentationModel Teacher => _networks.First(n => n.Role == NetworkRoles.Teacher).Model;

    private void Distil(SegmentationModel teacher)
    {
        PlannedTraining training = _jobs.Distilled(teacher, _jobs.Network(NetworkRole.Student).Model);
        _distillation = training.Job.Objective as DistillationObjective;
        Train(training);
    }

    /// <summary>Writes <c>summary.json</c> and the pictures; the run is over.</summary>
    public RunOutcome Finish()
    {
        RunSummary summary = new()
        {
            Version = typeof(Experiment).Assembly.GetName().Version!.ToString(3),
            Device = $"{_device.Name} ({_device.Description})",
            Threads = _device is HostDevice host ? host.Pool.ThreadCount : 1,
            Seed = _config.Seed,
            Seconds = Math.Max(_clock.Elapsed.TotalSeconds, _networks.Sum(n => n.Summary.Seconds)),
            PeakMemoryBytes = Process.GetCurrentProcess().PeakWorkingSet64,
            PeakTensorBytes = _device.Allocator.Peak,
            Classes = _data.Classes.Names,
            Networks = [.. _networks.Select(n => n.Summary)],
        };
        new RunPictures(_folder, _data, _config).Write(_networks, _distillation);
        _folder.WriteSummary(summary);
        _log.Write($"done in {summary.Seconds:F0} s");
        return new RunOutcome(_folder.Path, summary);
    }

    /// <summary>Closes the run and frees the device.</summary>
    public void Dispose()
    {
        foreach (TrainedNetwork network in _networks)
        {
            network.Model.Dispose();
        }

        _distillation?.Dispose();
        _log.Dispose();
        _device.Dispose();
    }

    private void Train(PlannedTraining training)
    {
        TrainingJob job = training.Job with { Folder = _folder.Path };
        string path = _folder.File(NetworkTrainer.LastFile(job.Role));
        Checkpoint? last = File.Exists(path) ? Checkpoint.Load(path) : null;
        using MetricsFile metrics = MetricsFile.Open(_folder.File("metrics.csv"), job.Role, last?.Info.Step ?? 0, [.. job.Columns()]);
        using JoinedLoaders batches = training.Batches(_config.Data);
        var reliability = RunReliability.Of(job, _folder, _data, _config.Evaluation, last?.Info.Step ?? 0);
        RunObserver observer = new(_log, metrics, _progress, _data) { Reliability = reliability };
        double seconds = new NetworkTrainer(observer).Run(job, batches, _cancellation, last);
        reliability?.Say(_log.Write);
        Finish(job.Role, job.Model, job.Training.Steps, seconds, training.Dataset.Count, reliability?.Last());
        if (job.Training.Ema > 0)
        {
            TrainedNetwork trained = _networks[^1];
            using SegmentationModel average = Checkpoint.Load(_folder.File(NetworkTrainer.AverageFile(job.Role))).CreateModel(_device);
            _networks[^1] = trained with { Summary = trained.Summary with { AverageScores = Score($"{job.Role}, average of weights", average, trained.Evaluation) } };
        }
    }

    private void Finish(string role, SegmentationModel model, int steps, double seconds, int images, IReadOnlyList<ReliabilityRow>? reliability = null)
    {
        Augmentation evaluation = _jobs.Prepared(role == NetworkRoles.Teacher ? NetworkRole.Teacher : NetworkRole.Student, _data.Evaluation);
        NetworkSummary summary = new()
        {
            Role = role,
            Model = model.Name,
            Parameters = model.CountParameters(),
            Steps = steps,
            Seconds = seconds,
            TrainingImages = images,
            Scores = Score(role, model, evaluation),
            Reliability = reliability,
        };
        _networks.Add(new TrainedNetwork(role, model, summary, evaluation));
    }

    private Dictionary<string, SegmentationScores> Score(string name, SegmentationModel model, Augmentation evaluation)
    {
        Dictionary<string, SegmentationScores> scores = [];
        Evaluator evaluator = new(_config.Evaluation);
        foreach ((string split, ISegmentationDataset dataset) in _data.Splits())
        {
            scores[split] = evaluator.Run(model, new EvaluatedDataset(dataset, evaluation), _cancellation);
            _log.Write($"{name}: {split} mIoU {ScoreText.MeanIoU(scores[split])}");
        }

        return scores;
    }
}

/// <summary>A network of a run with its scores.</summary>
/// <param name="Role">One of <see cref="NetworkRoles"/>.</param>
/// <param name="Model">The network with its last weights.</param>
/// <param name="Summary">What the summary says of it.</param>
/// <param name="Evaluation">How images are prepared for it.</param>
public sealed record TrainedNetwork(string Role, SegmentationModel Model, NetworkSummary Summary, Augmentation Evaluation);
