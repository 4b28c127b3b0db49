using System.Globalization;
using HeteroAKD.Experiments.Commands;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Plans;

/// <summary>Runs plans.</summary>
/// <param name="starter">Starts trainings.</param>
/// <param name="dryRun">Measures arms that never ran.</param>
/// <param name="clock">Dates results.</param>
public sealed class ExperimentService(IRunStarter starter, IDryRunCommand dryRun, TimeProvider clock) : IExperimentCommand
{
    /// <inheritdoc/>
    public ExperimentOutcome Run(ExperimentRequest request, IProgressSink progress, CancellationToken cancellation)
    {
        // Checked before anything is written; read again when nobody else writes.
        Setup setup = Open(request);
        using FileLock held = LockResults(setup.Plan);
        using RunFolders folders = new(setup.Root);
        setup = Open(request);
        setup.Results.Prepare();
        Say(progress, PlanReport.Detectable(setup.Plan, PlanComparison.Of(setup.Plan, setup.Layout, setup.Results)));
        if (setup.Plan.BaseFile.Length == 0)
        {
            AtomicFile.WriteText(setup.Layout.ConfigFile, $"# The settings of {setup.Plan.Name} are in its plan; every run is given them by --set.\n");
        }

        RunExecution execution = new(starter, setup.Layout.ConfigFile, setup.ThreadsEach, request.Device, GitDescription.Of(request.Plan));
        List<RunFailure> failures = [];
        if (setup.Layout.Unfixed.Count > 0)
        {
            failures.AddRange(FixSteps(setup, execution, progress, cancellation));
            setup = setup with { Layout = Layout(setup.Plan, setup.Root, setup.Results) };
        }

        if (!cancellation.IsCancellationRequested)
        {
            using SharedOutputs? kept = request.KeepTeacherOutputs ? new(Path.Combine(setup.Root, "_teacher-outputs")) : null;
            PlanRunner runner = new(execution, setup.Results, setup.Plan.Compare, progress, clock) { Kept = kept };
            runner.Run($"experiment {setup.Plan.Name}", setup.Layout.Ready, request.Jobs, cancellation);
            failures.AddRange(runner.Failures);
        }

        PlanReport report = new(setup.Plan, setup.Layout, setup.Results);
        bool interrupted = cancellation.IsCancellationRequested && PlanRunner.Missing(setup.Layout.Runs, setup.Results).Count > 0;
        (IReadOnlyList<string> files, string problem) = Written(report, setup);
        return new ExperimentOutcome(
            report.ToText(), files, [
                .. failures.Select(f => $"{f.Run.Title}: {f.Error} ({f.Run.Folder})"), .. problem.Length > 0 ? (string[])[problem] : []
            ], interrupted);
    }

    /// <inheritdoc/>
    public ExperimentForecast Forecast(ExperimentRequest request, IProgressSink progress, CancellationToken cancellation)
    {
        Setup setup = Open(request);
        IReadOnlyList<PlannedRun> missing = PlanRunner.Missing(setup.Layout.Runs, setup.Results);
        RunDurations durations = new(setup.Results, dryRun, setup.ThreadsEach, progress, cancellation);
        double[] each = [.. missing.Select(durations.Of)];
        double seconds = each.Where(s => !double.IsNaN(s)).Sum() / Math.Min(request.Jobs, Math.Max(1, missing.Count));
        PlannedRun[] distinct = [.. setup.Layout.Runs.DistinctBy(r => r.Key)];
        List<string> notes = [.. PlanReport.Detectable(setup.Plan, PlanComparison.Of(setup.Plan, setup.Layout, setup.Results))];
        if (setup.Layout.Unfixed.Count > 0)
        {
            notes.Add("the budget has not fixed the steps yet; it is reckoned with those of the configuration");
        }

        return new ExperimentForecast(
            distinct.Length, distinct.Count(setup.Results.Holds), missing.Count(r => r.Role == NetworkRoles.Teacher), seconds, durations.Source, notes,
            Apart([.. setup.Layout.FirstSeed]), each.Count(double.IsNaN), durations.Untried);
    }

    /// <inheritdoc/>
    public ExperimentOutcome Cost(ExperimentRequest request, double seconds, IProgressSink progress, CancellationToken cancellation)
    {
        Setup setup = Open(request);
        using FileLock held = LockResults(setup.Plan);
        PlannedRun[] runs = [.. setup.Layout.FirstSeed.Where(r => r.Cell == setup.Plan.Cells[0].Name).DistinctBy(r => r.Arm)
            .Select(r => r with { Config = OnDevice(r.Config, request) })];
        CostMeasurement measurement = new(seconds, progress, cancellation);
        IReadOnlyList<ArmCost> costs;
        try
        {
            costs = measurement.Of(runs);
        }
        catch (OperationCanceledException)
        {
            return new ExperimentOutcome("", [], [], true);
        }

        string path = setup.Plan.ResultPath(CostFile.End);
        int threads = runs[0].Config.Threads > 0 ? runs[0].Config.Threads : Environment.ProcessorCount;
        string[] where =
        [
            setup.Plan.Cells[0].Name is { Length: > 0 } cell ? $"cell {cell}"
                : "", measurement.DeviceName, $"{threads} threads", GitDescription.Of(request.Plan),
            clock.GetUtcNow().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        ];
        new CostFile(costs, string.Join(", ", where.Where(part => part.Length > 0))).Write(path);
        ExperimentOutcome report = Report(request);
        return report with { Files = [path, .. report.Files] };
    }

    private static ExperimentConfig OnDevice(ExperimentConfig config, ExperimentRequest request) =>
        config with { Device = request.Device.Length > 0 ? request.Device : config.Device, Threads = request.Threads > 0 ? request.Threads : config.Threads };

    /// <inheritdoc/>
    public ExperimentOutcome Report(ExperimentRequest request)
    {
        Setup setup = Open(request);
        PlanReport report = new(setup.Plan, setup.Layout, setup.Results);

        // The results can be read where nothing can be written.
        (IReadOnlyList<string> files, string problem) = Written(report, setup);
        return new ExperimentOutcome(problem.Length == 0 ? report.ToText() : $"{report.ToText()}\n{problem}", files, [], false);
    }

    // One experiment at a time adds to a plan's results.
    private static FileLock LockResults(Plan plan)
    {
        string path = plan.ResultPath("lock");
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"the folder {folder} cannot be made: {e.Message}", e);
        }

        return FileLock.Take(path, owner => $"another 'heteroakd experiment' runs {plan.Path} ({owner}); wait for it");
    }

    private static (IReadOnlyList<string> Files, string Problem) Written(PlanReport report, Setup setup)
    {
        List<string> files = [];
        try
        {
            files.AddRange(report.Write());
            if (report.WritePage(setup.Root, Apart([.. setup.Layout.FirstSeed])) is { Length: > 0 } page)
            {
                files.Add(page);
            }

            return (files, "");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or StorageException)
        {
            return (files, $"{(files.Count == 0 ? "the report" : "the report's page")} was not written: {e.Message}");
        }
    }

    private static IReadOnlyList<(string Arm, string Cell, string Settings)> Apart(PlannedRun[] runs)
    {
        string[][] settings = [.. runs.Select(r => r.Settings.Split("; "))];
        return [.. runs.Select((r, i) => (r.Arm, r.Cell, string.Join("; ", settings[i].Where(s => settings.Any(other => !other.Contains(s))))))];
    }

    private static void Say(IProgressSink progress, IEnumerable<string> lines)
    {
        foreach (string line in lines)
        {
            progress.Say(line);
        }
    }

    private static Setup Open(ExperimentRequest request)
    {
        Plan plan = PlanReader.ReadFile(request.Plan);
        ResultsFile results = ResultsFile.Read(plan.ResultPath("csv"));
        string root = request.Out.Length > 0 ? request.Out : Path.Combine("runs", plan.Name);
        int threads = request.Threads > 0 ? request.Threads : Environment.ProcessorCount;
        return new Setup(plan, root, results, Layout(plan, root, results), Math.Max(1, threads / request.Jobs));
    }

    private static PlanLayout Layout(Plan plan, string root, ResultsFile results) => new(plan, root, new StepBudget(plan, results, TimeProvider.System).Steps);

    // Teachers first: what they teach is part of a step's cost.
    private IReadOnlyList<RunFailure> FixSteps(Setup setup, RunExecution execution, IProgressSink progress, CancellationToken cancellation)
    {
        PlannedRun[] teachers = [.. setup.Layout.Unfixed.Select(r => r.Teacher).OfType<PlannedRun>().DistinctBy(t => t.Key).Where(t => !RunFolders.IsReady(t))];
        PlanRunner runner = new(execution, setup.Results, setup.Plan.Compare, progress, clock);
        if (teachers.Length > 0)
        {
            runner.RunAll($"teachers of {setup.Plan.Name}", teachers, jobs: 1, cancellation);
        }

        return
        [
            .. runner.Failures,
            .. new StepBudget(setup.Plan, setup.Results, clock).Measure(
                setup.Layout.Unfixed, execution, Path.Combine(setup.Root, "_cost"), progress, cancellation),
        ];
    }

    private sealed record Setup(Plan Plan, string Root, ResultsFile Results, PlanLayout Layout, int ThreadsEach);
}
