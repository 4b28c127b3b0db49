using System.Globalization;
using HeteroAKD.Experiments.Commands;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Training.Checkpoints;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Plans;

/// <summary>
/// A budget of seconds as a number of steps: the cost of a step is measured once for each arm and cell, written into the results, and fixed from then on. So the load of the
/// machine on another day changes no result.
/// </summary>
internal sealed class StepBudget(Plan plan, ResultsFile results, TimeProvider clock)
{
    // The difference of two short runs leaves out what happens once: opening, compiling, the first steps.
    private const int FewSteps = 20;
    private const int ManySteps = 60;

    /// <summary>The steps that the budget pays for; null where they are not measured yet.</summary>
    public int? Steps(PlannedRun run) => results.Find(Key(run)) is { Error: "" } line ? line.Steps : null;

    /// <summary>Measures the arms that have no steps yet, one after another with nothing beside them; their teachers must be there. Returns what went wrong, or nothing.</summary>
    /// <param name="runs">Each cell's arms once.</param>
    /// <param name="execution">Carries them out.</param>
    /// <param name="place">Folder for the measured runs.</param>
    /// <param name="progress">Hears of each measurement.</param>
    /// <param name="cancellation">Stops.</param>
    public IReadOnlyList<RunFailure> Measure(IEnumerable<PlannedRun> runs, RunExecution execution, string place, IProgressSink progress, CancellationToken cancellation)
    {
        List<RunFailure> failures = [];
        foreach (PlannedRun run in runs.DistinctBy(r => Key(r)).Where(r => Steps(r) is null))
        {
            double few = Seconds(run, FewSteps, execution, place, failures, cancellation);
            double many = Seconds(run, ManySteps, execution, place, failures, cancellation);
            if (cancellation.IsCancellationRequested || double.IsNaN(few) || double.IsNaN(many))
            {
                continue;
            }

            double step = many > few ? (many - few) / (ManySteps - FewSteps) : many / ManySteps;
            int steps = Math.Max(1, (int)(plan.BudgetSeconds / step));
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
            });
            progress.Say(string.Create(CultureInfo.InvariantCulture, $"{run.Arm}  {run.Cell}  {1000 * step:F1} ms a step: {steps} steps in {plan.BudgetSeconds:R} s"));
        }

        return failures;
    }

    private static double Seconds(PlannedRun run, int steps, RunExecution execution, string place, List<RunFailure> failures, CancellationToken cancellation)
    {
        PlannedRun trial = run with
        {
            Overrides = [.. run.Overrides, $"training.steps={steps}", "training.evalEvery=0", "training.checkpointEvery=0"],
            Config = run.Config with { Training = run.Config.Training with { Steps = -steps } },  // agrees with no folder, so that it always begins anew
            Place = Path.Combine(place, run.Arm, run.Cell, $"{steps}-steps"),
        };
        RunExit exit = execution.Start(trial, cancellation).GetAwaiter().GetResult();
        (_, NetworkSummary? network, string problem) = exit.Code == 0 ? RunExecution.Left(trial) : (null, null, exit.Error);
        if (network is null && !cancellation.IsCancellationRequested)
        {
            failures.Add(new RunFailure(run, problem));
        }

        return network?.Seconds ?? double.NaN;
    }

    private string Text(PlannedRun run) => string.Create(CultureInfo.InvariantCulture, $"budget.seconds={plan.BudgetSeconds:R}; {run.Settings}");

    private (string Hash, int Seed) Key(PlannedRun run) => (SettingsText.Hash(Text(run)), 0);
}
