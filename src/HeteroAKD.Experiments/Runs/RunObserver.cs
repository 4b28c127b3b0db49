using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Runs;

/// <summary>Writes what a training says into a run's log and metrics, and shows it; with it what the data has to say of images that were loaded.</summary>
internal sealed class RunObserver : ITrainingObserver
{
    private readonly RunLog _log;
    private readonly MetricsFile _metrics;
    private readonly IProgressSink _progress;
    private readonly ExperimentData _data;
    private readonly Action<string> _say; // one delegate for all steps: a step should make no garbage

    /// <summary>Creates the observer. The caller keeps and disposes of log and metrics.</summary>
    public RunObserver(RunLog log, MetricsFile metrics, IProgressSink progress, ExperimentData data)
    {
        (_log, _metrics, _progress, _data) = (log, metrics, progress, data);
        _say = Say;
    }

    /// <summary>The folder of log and metrics, which is looked after; null for nobody's.</summary>
    internal RunFolder? Folder { get; init; }

    /// <summary>Hears of evaluations; null where L_hakd takes no part.</summary>
    internal RunReliability? Reliability { get; init; }

    /// <summary>Gets what the metrics get; null for no such file.</summary>
    internal TensorBoardFile? Events { get; init; }

    /// <inheritdoc/>
    public void Begin(TrainingJob job, int done) => _progress.Begin($"{job.Role} {job.Model.Name}", job.Training.Steps, done);

    /// <inheritdoc/>
    public void Stepped(in StepProgress progress)
    {
        _progress.Report(progress);
        _data.TakeWarnings(_say);
    }

    /// <inheritdoc/>
    public void Measured(TrainingJob job, int step, ReadOnlySpan<(string Column, double Value)> values)
    {
        _metrics.Write(job.Role, step, values);
        Events?.Write(job.Role, step, values);
        LookAfterFiles();
    }

    /// <inheritdoc/>
    public void Evaluated(TrainingJob job, int step) => Reliability?.Measure(job, step);

    /// <inheritdoc/>
    public void Saving(TrainingJob job, string file, double seconds)
    {
        LookAfterFiles();
        Folder?.Expect(file);
        if (file == NetworkTrainer.LastFile(job.Role))
        {
            Folder?.WriteSeconds(job.Role, seconds);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Records(TrainingJob job)
    {
        Dictionary<string, string> records = new() { [RunFiles.Metrics] = _metrics.Record(job.Role) };
        if (Reliability is { } reliability)
        {
            records[ReliabilityFile.Name] = reliability.Text;
        }

        return records;
    }

    /// <inheritdoc/>
    public void Log(string line) => _log.Write(line);

    /// <inheritdoc/>
    public void Say(string line)
    {
        _log.Write(line);
        _progress.Say(line);
    }

    // Somebody may tidy up in a folder that is in use.
    private void LookAfterFiles()
    {
        bool config = Folder?.Restore() ?? false;
        (string, bool)[] files =
        [
            (RunFiles.Config, config), (RunFiles.Metrics, _metrics.TakeRestored()), (RunFiles.Log, _log.TakeRestored()), (
                TensorBoardFile.Name, Events?.TakeRestored() ?? false),
        ];
        string[] restored = [.. files.Where(f => f.Item2).Select(f => f.Item1)];
        if (restored.Length > 0)
        {
            Say($"warning: files of {Folder?.Path} were removed or replaced while the run goes on; written again: {string.Join(", ", restored)}");
            _log.TakeRestored(); // saying so may have written it again
        }
    }
}
