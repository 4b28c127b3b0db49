using System.Globalization;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Training.Checkpoints;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Plans;

/// <summary>
/// A budget of seconds as a number of steps: the cost of a step is measured once for each arm and cell, written into the results, and fixed from then on. So
/// the load of the machine on another day changes no result.
/// </summary>
internal sealed class StepBudget(Plan plan, ResultsFile results, TimeProvider clock)
{
    // The difference of two short runs leaves out what happens once: opening, compiling, the first steps.
    private const int FewSteps = 20;
    private const int ManySteps = 60;

    /// <summary>The steps that the budget pays for; null where they are not measured yet.</summary>
    public int? Steps(PlannedRun run) => results.Find(Key(run)) is { Error: "" } line ? line.Steps : null;

    /// <summary>Why the cost of an arm's step could not be measured; empty where it was, or was never tried.</summary>
    public string Problem(PlannedRun run) => results.Find(Key(run))?.Error ?? "";

    /// <summary>
    /// Measures the arms that have no steps yet, one after another with nothing beside them; their teachers must be there. Every outcome is a line of the
    /// results; an arm that cannot be measured stops no other. Returns what went wrong.
    /// </summary>
    /// <param name="runs">Each cell's arms once.</param>
    /// <param name="execution">Starts the trials.</param>
    /// <param name="place">Folder of the measured runs.</param>
    /// <param name="progress">Hears of each measurement.</param>
    /// <param name="cancellation">Stops.</param>
    public IReadOnlyList<RunFailure> Measure(
        IEnumerable<PlannedRun> runs, RunExecution execution, string place, IProgressSink progress, CancellationToken cancellation)
    {
        List<RunFailure> failures = [];
        foreach (PlannedRun run in runs.DistinctBy(r => Key(r)).Where(r => Steps(r) is null))
        {
            (double step, double before, RunFailure? failure) = StepSeconds(run, execution, place, cancellation);
            if (cancellation.IsCancellationRequested)
            {
                break;
            }

            if (failure is not null)
            {
                failures.Add(failure);
                progress.Say($"{run.Arm}  {run.Cell}  FAILED: {failure.Error}");
            }

            int steps = failure is null ? Math.Max(1, (int)((plan.BudgetSeconds - before) / step)) : 0;
            results.Add(new RunResult
            {
                Kind = RunResult.Cost,
                Arm = run.Arm,
                Cell = run.Cell,
                Seed = 0,
                Hash = Key(run).Hash,
                Settings = Text(run),
                Steps = steps,
                Commit = execution.Commit,
                Format = Checkpoint.FormatVersion,
                Seconds = step,
                Finished = clock.GetUtcNow().UtcDateTime,
                Error = failure?.Error ?? "",
            });
            if (failure is null)
            {
                progress.Say(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{run.Arm}  {run.Cell}  {before:F1} s before the first step, {1000 * step:F1} ms a step: {steps} steps in {plan.BudgetSeconds:R} s"));
            }
        }

        return failures;
    }

    // A warm-up of projectors comes before the first step, and so does compiling.
    private static (double Step, double Before, RunFailure? Failure) StepSeconds(
        PlannedRun run, RunExecution execution, string place, CancellationToken cancellation)
    {
        if (run.Teacher is { } teacher && !RunFolders.IsReady(teacher))
        {
            return (double.NaN, double.NaN, Failed(run, $"its teacher {teacher.Arm} is not there"));
        }

        (double few, RunFailure? failure) = Seconds(run, FewSteps, execution, place, cancellation);
        double many = double.NaN;
        if (failure is null)
        {
            (many, failure) = Seconds(run, ManySteps, execution, place, cancellation);
        }

        double step = many > few ? (many - few) / (ManySteps - FewSteps) : many / ManySteps;
        return (step, Math.Max(0, few - (FewSteps * step)), failure);
    }

    private static (double Seconds, RunFailure? Failure) Seconds(
        PlannedRun run, int steps, RunExecution execution, string place, CancellationToken cancellation)
    {
        PlannedRun trial = run with
        {
            Overrides = [.. run.Overrides, $"training.steps={steps}", "training.evalEvery=0", "training.checkpointEvery=0"],
            Config = run.Config with { Training = run.Config.Training with { Steps = -steps } },  // agrees with no folder, so that it always begins anew
            Place = Path.Combine(place, run.Arm, run.Cell, $"{steps}-steps"),
        };
        RunExit exit = execution.Start(trial, cancellation).GetAwaiter().GetResult();
        (_, NetworkSummary? network, string problem) = exit.Code == 0 ? RunExecution.Left(trial) : (null, null, exit.Error);
        return network is null ? (double.NaN, Failed(trial, problem)) : (network.Seconds, null);
    }

    private static RunFailure Failed(PlannedRun run, string problem) => new(run, $"the cost of a step could not be measured: {problem}");

    private string Text(PlannedRun run) => string.Create(CultureInfo.InvariantCulture, $"budget.seconds={plan.BudgetSeconds:R}; {run.Settings}");

    private (string Hash, int Seed) Key(PlannedRun run) => (SettingsText.Hash(Text(run)), 0);
}
