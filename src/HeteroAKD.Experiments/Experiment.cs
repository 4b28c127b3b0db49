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
    private readonly RunInputs _inputs;
    private readonly List<TrainedNetwork> _networks = [];
    private DistillationObjective? _distillation;
    private SegmentationModel? _given;
    private double? _givenMeanIoU; // on val

    /// <summary>Opens data, device and folder. Everything that the run needs is looked at before a file of an earlier one is touched.</summary>
    /// <param name="config">The experiment.</param>
    /// <param name="name">Its name, for an automatic folder.</param>
    /// <param name="mode">What to do with a run that is there.</param>
    /// <param name="progress">Shows how it goes.</param>
    /// <param name="cancellation">Stops between steps.</param>
    /// <param name="role">The one network that it is about; <see cref="NetworkRole.Distilled"/> for any run that distils.</param>
    /// <param name="teacherOutputs">As for <see cref="JobFactory"/>.</param>
    public Experiment(
        ExperimentConfig config, string name, RunMode mode, IProgressSink progress, CancellationToken cancellation, NetworkRole role = NetworkRole.Distilled,
        string teacherOutputs = "")
    {
        _config = config;
        _progress = progress;
        _cancellation = cancellation;
        _data = new ExperimentData(config, role == NetworkRole.Distilled);
        _data.CountLabels(["train", "val", "test"], config.Threads, progress, cancellation);
        _device = TrainingDevice.Open(config);
        try
        {
            // Kernels are loaded while networks are made and the first batches are read.
            _device.PreloadKernels();
            _folder = RunFolder.Open(config.Out, name, mode);
            List<string> notes = [];
            RequireInputsApart();
            _jobs = new JobFactory(config, _data, _device, line => _log?.Write(line), teacherOutputs);
            _jobs.Require(role == NetworkRole.Distilled ? [NetworkRole.Teacher, NetworkRole.Student] : [role]);
            _inputs = new RunInputs(config, _data);
            _folder.Begin(_folder.Resumes ? SavedConfiguration.Continue(_folder, config, notes.Add) : config);
            _log = new RunLog(_folder);
            notes.ForEach(Say);
        }
        catch
        {
            _log?.Dispose();
            _folder?.Dispose();
            _device.Dispose();
            throw;
        }

        if (_folder.Left.Length > 0)
        {
            _log.Write($"the folder was left by {_folder.Left}, which has ended");
        }

        string free = _device.FreeMemorySummary;
        _log.Write(
            $"device {_device.Name}: {_device.Description}{(free.Length > 0 ? $", {free}" : "")}; products in "
                + $"{_device.MatrixPrecision.ToString().ToLowerInvariant()}");
        _data.TakeWarnings(Say);
    }

    /// <summary>The run's folder.</summary>
    public RunFolder Folder => _folder;

    /// <summary>Trains one network on its own: the teacher on all images, the student on its own. A teacher from a checkpoint is scored only.</summary>
    public void TrainAlone(NetworkRole role)
    {
        if (role == NetworkRole.Teacher && _config.Teacher.IsGiven)
        {
            TakeGiven();
            return;
        }

        (SegmentationModel model, CheckpointInfo? start) = _jobs.Network(role);
        if (start is not null)
        {
            string name = role == NetworkRole.Teacher ? NetworkRoles.Teacher : NetworkRoles.Student;
            string checkpoint = role == NetworkRole.Teacher ? _config.Teacher.Checkpoint : _config.Student.Checkpoint;
            _log.Write($"{name}: {model.Name} loaded from {checkpoint}, step {start.Step}");
            if (role == NetworkRole.Teacher)
            {
                double seconds = RunFolder.ReadSeconds(Path.GetDirectoryName(Path.GetFullPath(checkpoint))!).GetValueOrDefault(start.Role);
                Finish(name, model, start.Step, seconds, _data.Train.Count);
                return;
            }
        }

        PlannedTraining training = _jobs.Alone(role, model);
        using (training.Job.Objective)
        {
            Train(training);
        }
    }

    /// <summary>
    /// Trains the control of <see cref="Distil()"/> with the teacher, which must be there: the student with plain KD alone, from the same initial weights.
    /// </summary>
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
        if (_config.Teacher.IsGiven)
        {
            Distil(TakeGiven());
            _networks[^1] = _networks[^1] with { Summary = _networks[^1].Summary with { TeacherMeanIoU = _givenMeanIoU } };
            return;
        }

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

    // What stands for a teacher that is no network of this program.
    private SegmentationModel TakeGiven()
    {
        _given = _jobs.Network(NetworkRole.Teacher).Model;
        _givenMeanIoU = _jobs.Given.Introduce(_device, line => Say($"{NetworkRoles.Teacher}: {line}"), _cancellation);
        return _given;
    }

    private SegmentationModel Teacher => _given ?? _networks.First(n => n.Role == NetworkRoles.Teacher).Model;

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
            Version = ProductVersion.Number,
            Device = $"{_device.Name} ({_device.Description})",
            Threads = _device is HostDevice host ? host.Pool.ThreadCount : 1,
            Seed = _config.Seed,
            Seconds = Math.Max(_clock.Elapsed.TotalSeconds, _networks.Sum(n => n.Summary.Seconds)),
            PeakMemoryBytes = Process.GetCurrentProcess().PeakWorkingSet64,
            PeakTensorBytes = _device.Allocator.Peak,
            Classes = _data.Classes.Names,
            Networks = [.. _networks.Select(n => n.Summary)],
        };
        RunPictures pictures = new(_folder, _data, _config);
        pictures.Write(_networks, _distillation);
        _folder.WriteSummary(summary);
        new RunPage(_folder, _config, summary, _networks).Write(pictures, _distillation);
        if (_folder.Missing() is { Count: > 0 } missing)
        {
            Say(
                $"warning: {string.Join(", ", missing)} were removed from {_folder.Path} while the run went on; --resume makes again what the other files "
                    + "allow");
        }

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
        _given?.Dispose();
        _log.Dispose();
        _folder.Dispose();
        _device.Dispose();
    }

    private void Say(string line)
    {
        _log.Write(line);
        _progress.Say(line);
    }

    // A run writes over files of these names as it goes on.
    private void RequireInputsApart()
    {
        string folder = RealPath.Of(_folder.Path);
        foreach ((string option, string path) in JobFactory.Files(_config))
        {
            string real = RealPath.Of(path);
            if (Path.GetDirectoryName(real) == folder && RunFiles.IsOwn(Path.GetFileName(real)))
            {
                throw new StorageException(
                    $"{option} names {path}, a file that the run in {_folder.Path} writes itself; copy it elsewhere first, or choose another --out. Nothing "
                        + "was changed");
            }
        }
    }

    private void RequireInputsUnchanged(Checkpoint last)
    {
        IReadOnlyList<string> differences = last.Info.Inputs.Length == 0 ? [] : RunInputs.Differences(last.Info.Inputs, _inputs.Text(_cancellation));
        _cancellation.ThrowIfCancellationRequested(); // after a stop the text is empty, and every input would count as changed
        if (last.Info.Inputs.Length == 0)
        {
            _log.Write(
                $"{last.Info.Role}: its checkpoint does not say what it began from (an earlier program wrote it, or a stop came before all was read); "
                    + "nothing shows whether the data is still the same");
        }
        else if (differences.Count > 0 && !_folder.AcceptsChanges)
        {
            throw new HeteroAkdException(
                $"--resume: what the run in {_folder.Path} began from has changed. {string.Join(". ", differences)}. Restore it, go on all the same with "
                    + "--resume --accept-changes, or begin a new run with another --out.");
        }
        else if (differences.Count > 0)
        {
            Say($"{last.Info.Role}: goes on although what it began from has changed. {string.Join(". ", differences)}");
        }
    }

    private void Train(PlannedTraining training)
    {
        string path = _folder.File(NetworkTrainer.LastFile(training.Job.Role));
        Checkpoint? last = File.Exists(path) ? Checkpoint.Load(path) : null;
        if (last is not null)
        {
            RequireInputsUnchanged(last);
        }

        TrainingJob job = training.Job with
        {
            Folder = _folder.Path,
            Inputs = () => _inputs.Text(_cancellation),
            SecondsBefore = RunFolder.ReadSeconds(_folder.Path).GetValueOrDefault(training.Job.Role),
        };
        int step = last?.Info.Step ?? 0;
        string Record(string name) => last?.Info.Records.GetValueOrDefault(name) ?? "";
        using MetricsFile metrics = MetricsFile.Open(_folder.File(RunFiles.Metrics), job.Role, step, Record(RunFiles.Metrics), [.. job.Columns()]);
        if (metrics.Repair.Length > 0)
        {
            Say(metrics.Repair);
        }

        using TensorBoardFile? events = _config.Report.Tensorboard ? TensorBoardFile.Open(_folder.File(TensorBoardFile.Name), metrics) : null;
        if (events is { Repair.Length: > 0 })
        {
            Say(events.Repair);
        }

        using JoinedLoaders batches = training.Batches(_config.Data);
        RunReliability? reliability = RunReliability.Of(job, _folder, _data, _config.Evaluation, step, Record(ReliabilityFile.Name));
        RunObserver observer = new(_log, metrics, _progress, _data) { Folder = _folder, Reliability = reliability, Events = events };
        double seconds = new NetworkTrainer(observer).Run(job, batches, _cancellation, last);
        reliability?.Say(_log.Write);
        Finish(job.Role, job.Model, job.Training.Steps, seconds, training.Dataset.Count, reliability?.Last());
        if (job.Training.Ema > 0)
        {
            TrainedNetwork trained = _networks[^1];
            using SegmentationModel average = Checkpoint.Load(_folder.File(NetworkTrainer.AverageFile(job.Role))).CreateModel(_device);
            Dictionary<string, SegmentationScores> scores = Score($"{job.Role}, average of weights", average, trained.Evaluation).Scores;
            _networks[^1] = trained with { Summary = trained.Summary with { AverageScores = scores } };
        }
    }

    private void Finish(string role, SegmentationModel model, int steps, double seconds, int images, IReadOnlyList<ReliabilityRow>? reliability = null)
    {
        Augmentation evaluation = _jobs.Prepared(role == NetworkRoles.Teacher ? NetworkRole.Teacher : NetworkRole.Student, _data.Evaluation);
        (Dictionary<string, SegmentationScores> scores, ConfusionMatrix confusions) = Score(role, model, evaluation);
        NetworkSummary summary = new()
        {
            Role = role,
            Model = model.Name,
            Parameters = model.CountParameters(),
            Steps = steps,
            Seconds = seconds,
            TrainingImages = images,
            Scores = scores,
            Reliability = reliability,
        };
        _networks.Add(new TrainedNetwork(role, model, summary, evaluation, confusions));
    }

    // The scores of all splits, and the confusions of the last one, which is test where there is one.
    private (Dictionary<string, SegmentationScores> Scores, ConfusionMatrix Confusions) Score(string name, SegmentationModel model, Augmentation evaluation)
    {
        Dictionary<string, SegmentationScores> scores = [];
        ConfusionMatrix confusions = new(_data.Classes.Count, _data.Classes.IgnoreIndex);
        Evaluator evaluator = new(_config.Evaluation);
        foreach ((string split, ISegmentationDataset dataset) in _data.Splits())
        {
            EvaluationResult result = evaluator.Evaluate(model, new EvaluatedDataset(dataset, evaluation), null, _cancellation);
            (scores[split], confusions) = (result.Scores, result.Matrix);
            _log.Write($"{name}: {split} mIoU {ScoreText.MeanIoU(scores[split])}");
        }

        return (scores, confusions);
    }
}

/// <summary>A network of a run with its scores.</summary>
/// <param name="Role">One of <see cref="NetworkRoles"/>.</param>
/// <param name="Model">The network with its last weights.</param>
/// <param name="Summary">What the summary says of it.</param>
/// <param name="Evaluation">How images are prepared for it.</param>
/// <param name="Confusions">Pixels by true and predicted class of the last split.</param>
internal sealed record TrainedNetwork(string Role, SegmentationModel Model, NetworkSummary Summary, Augmentation Evaluation, ConfusionMatrix Confusions);
