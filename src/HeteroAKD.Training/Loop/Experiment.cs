using System.Diagnostics;
using HeteroAKD.Data;
using HeteroAKD.Distillation;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Checkpoints;
using HeteroAKD.Training.Commands;
using HeteroAKD.Training.Configuration;
using HeteroAKD.Training.Evaluation;
using HeteroAKD.Training.Runs;

namespace HeteroAKD.Training.Loop;

/// <summary>
/// One run: trains the networks it is asked for in one folder, one after another, scores them and writes the report. Teacher, student alone and distilled
/// student share data, and the two students share initial weights, data order and steps.
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
    private readonly List<TrainedNetwork> _networks = [];
    private ProjectorPair? _projectors;

    /// <summary>Opens data, device and folder.</summary>
    public Experiment(ExperimentConfig config, string name, RunMode mode, IProgressSink progress, CancellationToken cancellation)
    {
        _config = config;
        _progress = progress;
        _cancellation = cancellation;
        _data = new ExperimentData(config);
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

    /// <summary>Trains one network on its own: the teacher on all images, the student on its own.</summary>
    public void TrainAlone(NetworkRole role)
    {
        bool teacher = role == NetworkRole.Teacher;
        string name = teacher ? NetworkRoles.Teacher : NetworkRoles.Student;
        int seed = teacher && _config.Teacher.Seed >= 0 ? _config.Teacher.Seed : _config.Seed;
        ISegmentationDataset images = teacher ? _data.Train : _data.Student;
        SegmentationModel model = ModelZoo.Create(teacher ? _config.Teacher.Model : _config.Student.Model, _data.Classes.Count, _device, seed);
        string checkpoint = teacher ? _config.Teacher.Checkpoint : _config.Student.Checkpoint;
        if (checkpoint.Length > 0)
        {
            Checkpoint loaded = Checkpoint.Load(checkpoint);
            loaded.CopyTo(Checkpoint.ModelPrefix, model);
            _log.Write($"{name}: {model.Name} loaded from {checkpoint}, step {loaded.Info.Step}");
            if (teacher)
            {
                Finish(name, model, loaded.Info.Step, loaded.Info.Seconds, images.Count);
                return;
            }
        }

        using TaskLoss task = ObjectiveFactory.Task(_device, _config, images);
        Train(new TrainingJob
        {
            Role = name,
            Model = model,
            Objective = task,
            Dataset = images,
            Steps = teacher && _config.Teacher.Steps > 0 ? _config.Teacher.Steps : _config.Training.Steps,
            BatchSize = teacher && _config.Teacher.BatchSize > 0 ? _config.Teacher.BatchSize : _config.Training.BatchSize,
            LearningRate = teacher && _config.Teacher.Lr > 0 ? _config.Teacher.Lr : _config.Optimizer.Lr,
            Seed = seed,
        });
    }

    /// <summary>Trains the student with the teacher, which must be there; its initial weights are those of the student alone.</summary>
    public void Distil()
    {
        SegmentationModel teacher = _networks.First(n => n.Role == NetworkRoles.Teacher).Model;
        SegmentationModel student = ModelZoo.Create(_config.Student.Model, _data.Classes.Count, _device, _config.Seed);
        if (_config.Student.Checkpoint.Length > 0)
        {
            Checkpoint.Load(_config.Student.Checkpoint).CopyTo(Checkpoint.ModelPrefix, student);
        }

        IObjective objective = ObjectiveFactory.Distillation(teacher, student, ObjectiveFactory.Task(_device, _config, _data.Student), _config, _data.Classes.IgnoreIndex);
        Train(new TrainingJob
        {
            Role = NetworkRoles.Distilled,
            Model = student,
            Objective = objective,
            Dataset = _data.Student,
            Steps = _config.Training.Steps,
            BatchSize = _config.Training.BatchSize,
            LearningRate = _config.Optimizer.Lr,
            Seed = _config.Seed,
        });
        _projectors = (objective as DistillationObjective)?.Projectors;
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
        new RunPictures(_folder, _data, _device, _config).Write(_networks, _projectors);
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

        _projectors?.Dispose();
        _log.Dispose();
        _device.Dispose();
    }

    private void Train(TrainingJob job)
    {
        string path = _folder.File(NetworkTrainer.LastFile(job.Role));
        Checkpoint? last = File.Exists(path) ? Checkpoint.Load(path) : null;
        using MetricsFile metrics = OpenMetrics(job.Role, last?.Info.Step ?? 0);
        NetworkTrainer trainer = new(_config, _data, _folder, _log, metrics, _progress);
        double seconds = trainer.Run(job, _cancellation, last);
        Finish(job.Role, job.Model, job.Steps, seconds, job.Dataset.Count);
    }

    private void Finish(string role, SegmentationModel model, int steps, double seconds, int images)
    {
        Dictionary<string, SegmentationScores> scores = [];
        Evaluator evaluator = new(_device, _config.Evaluation);
        foreach ((string split, ISegmentationDataset dataset) in _data.Splits())
        {
            scores[split] = evaluator.Run(model, dataset, _data.Evaluation, _cancellation);
            _log.Write(FormattableString.Invariant($"{role}: {split} mIoU {100 * scores[split].MeanIoU:F2} %"));
        }

        NetworkSummary summary = new()
        {
            Role = role,
            Model = model.Name,
            Parameters = model.CountParameters(),
            Steps = steps,
            Seconds = seconds,
            TrainingImages = images,
            Scores = scores,
        };
        _networks.Add(new TrainedNetwork(role, model, summary));
    }

    private MetricsFile OpenMetrics(string role, int step)
    {
        string path = _folder.File("metrics.csv");
        string[] columns =
        [
            "loss", "lr", "grad_norm", "ce", "pixel_accuracy", "kd", .. Tensors.Ops.HeteroAkd.ResultNames, "val_miou", "val_pixel_accuracy", "val_boundary_f1",
        ];
        return File.Exists(path) ? MetricsFile.Resume(path, role, step, columns) : MetricsFile.Create(path, columns);
    }
}

/// <summary>A network of a run with its scores.</summary>
/// <param name="Role">One of <see cref="NetworkRoles"/>.</param>
/// <param name="Model">The network with its last weights.</param>
/// <param name="Summary">What the summary says of it.</param>
public sealed record TrainedNetwork(string Role, SegmentationModel Model, NetworkSummary Summary);
