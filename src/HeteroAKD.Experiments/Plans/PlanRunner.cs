using System.Globalization;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Training.Checkpoints;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Plans;

/// <summary>A run that went wrong.</summary>
/// <param name="Run">Which.</param>
/// <param name="Error">The last error line.</param>
internal sealed record RunFailure(PlannedRun Run, string Error);

/// <summary>
/// Does the runs of a plan that have no result yet, several side by side, shared teachers before the runs that need them. A run that fails stops no other. One
/// thread does everything but the runs themselves, so results are written one after another.
/// </summary>
internal sealed class PlanRunner(RunExecution execution, ResultsFile results, Comparison compare, IProgressSink progress, TimeProvider clock)
{
    private readonly List<RunFailure> _failures = [];
    private readonly Dictionary<(string, int), bool> _teachers = [];  // shared teachers that are there (true) or failed (false)
    private readonly List<PlannedRun> _queue = [];
    private int _done;
    private int _total;

    /// <summary>What the teachers' outputs are shared through; null where each run asks its teacher itself.</summary>
    public SharedOutputs? Kept { get; init; }

    /// <summary>What went wrong.</summary>
    public IReadOnlyList<RunFailure> Failures => _failures;

    /// <summary>Runs without a result, each once, after the shared teachers that they need and that are not there.</summary>
    public static IReadOnlyList<PlannedRun> Missing(IEnumerable<PlannedRun> runs, ResultsFile results)
    {
        List<PlannedRun> open = [.. runs.DistinctBy(r => r.Key).Where(r => !results.Holds(r))];
        return [.. open.Select(r => r.Teacher).OfType<PlannedRun>().DistinctBy(t => t.Key).Where(t => !RunFolders.IsReady(t)), .. open];
    }

    /// <summary>Does the runs; returns early, with all children stopped, when cancelled.</summary>
    /// <param name="title">What the progress calls it.</param>
    /// <param name="runs">All runs; those with a result are kept.</param>
    /// <param name="jobs">How many at once.</param>
    /// <param name="cancellation">The runs save and stop.</param>
    public void Run(string title, IReadOnlyList<PlannedRun> runs, int jobs, CancellationToken cancellation)
    {
        int kept = runs.DistinctBy(r => r.Key).Count(results.Holds);
        RunAll(title, Missing(runs, results), jobs, cancellation, kept);
    }

    /// <summary>Does the runs, whether they have a result or not.</summary>
    public void RunAll(string title, IReadOnlyList<PlannedRun> runs, int jobs, CancellationToken cancellation, int kept = 0)
    {
        _queue.AddRange(runs);
        (_done, _total) = (kept, kept + _queue.Count);
        progress.Begin(title, _total, _done);
        Dictionary<Task<RunExit>, PlannedRun> active = [];
        while (true)
        {
            while (active.Count < jobs && !cancellation.IsCancellationRequested && Next() is { } run)
            {
                string outputs = Kept?.FolderOf(run) ?? "";
                active.Add(Task.Run(() => execution.Start(run, cancellation, outputs), CancellationToken.None), run);
            }

            if (active.Count == 0)
            {
                Abandon(cancellation);
                return;
            }

            Task<RunExit> ended = Task.WhenAny(active.Keys).GetAwaiter().GetResult();
            active.Remove(ended, out PlannedRun? finished);
            RunExit exit = ended.GetAwaiter().GetResult();
            if (exit.Code == 0 || !cancellation.IsCancellationRequested)
            {
                Take(finished!, exit);
                Kept?.Release(finished!, [.. _queue, .. active.Values]);
            }
        }
    }

    // Records runs that never started as failed, whatever the reason, except after a cancellation.
    private void Abandon(CancellationToken cancellation)
    {
        foreach (PlannedRun run in cancellation.IsCancellationRequested ? [] : _queue.ToArray())
        {
            Take(run, new RunExit(1, run.Teacher is { } teacher ? $"it could not start: its teacher {teacher.Arm} is not there" : "it could not start"));
        }

        _queue.Clear();
    }

    /// <summary>The first run that can start; runs whose teacher failed fail with it.</summary>
    private PlannedRun? Next()
    {
        for (int i = 0; i < _queue.Count; i++)
        {
            PlannedRun run = _queue[i];
            if (run.Teacher is not { } teacher || _teachers.GetValueOrDefault(teacher.Key) || IsReady(teacher))
            {
                _queue.RemoveAt(i);
                return run;
            }

            if (_teachers.TryGetValue(teacher.Key, out bool there) && !there)
            {
                _queue.RemoveAt(i--);
                Take(run, new RunExit(1, $"its teacher {teacher.Arm} failed"));
            }
        }

        return null;
    }

    private bool IsReady(PlannedRun teacher)
    {
        if (_teachers.ContainsKey(teacher.Key) || _queue.Any(r => r.Key == teacher.Key) || !RunFolders.IsReady(teacher))
        {
            return false;
        }

        return _teachers[teacher.Key] = true;
    }

    /// <summary>Records how a run ended.</summary>
    private void Take(PlannedRun run, RunExit exit)
    {
        (RunSummary? summary, NetworkSummary? network, string problem) = exit.Code == 0 ? RunExecution.LeftAsPlanned(run) : (null, null, exit.Error);
        _done++;
        if (run.Role == NetworkRoles.Teacher)
        {
            _teachers[run.Key] = network is not null;
        }

        RunResult result = new()
        {
            Kind = run.Role,
            Arm = run.Arm,
            Cell = run.Cell,
            Seed = run.Seed,
            Hash = run.Hash,
            Settings = run.Settings,
            Steps = network?.Steps ?? 0,
            Commit = RunFolders.Commit(run, execution.Commit),
            Format = Checkpoint.FormatVersion,
            Scores = network is null ? new Dictionary<string, double>() : Metrics.Of(network.Scores, network.AverageScores, network.TeacherMeanIoU),
            FewerClasses = network is null ? "" : Metrics.FewerClasses(network.Scores),
            Device = summary?.Device.Split(' ')[0] ?? "",
            Seconds = summary?.Seconds ?? double.NaN,
            Finished = clock.GetUtcNow().UtcDateTime,
            Error = problem,
        };
        results.Add(result);
        if (network is null)
        {
            _failures.Add(new RunFailure(run, problem));
            progress.Say($"{_done}/{_total}  {run.Title}  FAILED: {problem}");
        }
        else
        {
            string score = result.Scores.TryGetValue(compare.Score, out double value)
                ? string.Create(CultureInfo.InvariantCulture, $"{compare.Split} {compare.Metric} {100 * value:F2}") : $"no {compare.Score}";
            string classes = result.FewerClasses.Length == 0 ? "" : $" ({result.FewerClasses} classes have a score)";
            progress.Say(string.Create(CultureInfo.InvariantCulture, $"{_done}/{_total}  {run.Title}  {score}{classes}  {result.Seconds:F0} s"));
        }

        progress.Report(new StepProgress(_done, double.NaN, double.NaN, double.NaN));
    }
}
