using HeteroAKD.Experiments.Statistics;
using MathNet.Numerics.Statistics;

namespace HeteroAKD.Experiments.Plans;

/// <summary>One arm in one cell over the seeds of one phase. Scores are in percent, differences in percentage points.</summary>
/// <param name="Arm">The arm.</param>
/// <param name="Results">Results by seed, of those runs that ended well.</param>
/// <param name="Scores">Scores by seed.</param>
/// <param name="Difference">Against the control on the seeds that both have; null for the control itself, and where there is none.</param>
/// <param name="HolmP">p-value of the t-test, corrected for the other arms of the cell; NaN where there is none.</param>
internal sealed record ArmFigures(
    PlanPart Arm, IReadOnlyDictionary<int, RunResult> Results, IReadOnlyDictionary<int, double> Scores, PairedTest? Difference, double HolmP)
{
    /// <summary>Mean score; NaN for none.</summary>
    public double Mean => Scores.Count > 0 ? Scores.Values.Mean() : double.NaN;

    /// <summary>Sample standard deviation; NaN for fewer than two.</summary>
    public double StandardDeviation => Scores.Count > 1 ? Scores.Values.StandardDeviation() : double.NaN;

    /// <summary>The smallest true difference to the control that these pairs would show (<see cref="TestPower"/>); NaN for fewer than two.</summary>
    public double SmallestDifference => Difference is { } d ? TestPower.SmallestDifference(d.Count, d.StandardDeviation) : double.NaN;
}

/// <summary>The arms of one cell held against each other on the seeds of one phase.</summary>
/// <param name="Phase">The seeds and what they are for.</param>
/// <param name="Cell">The cell; its name is empty where the plan has none.</param>
/// <param name="Arms">Figures in the plan's order.</param>
internal sealed record CellFigures(SeedPhase Phase, PlanPart Cell, IReadOnlyList<ArmFigures> Arms);

/// <summary>The figures of a plan, from its results.</summary>
internal static class PlanComparison
{
    private const double Percent = 100;

    /// <summary>Every phase and cell that has results.</summary>
    public static IReadOnlyList<CellFigures> Of(Plan plan, PlanLayout layout, ResultsFile results)
    {
        Dictionary<(string, string, int), PlannedRun> runs = layout.Runs.ToDictionary(r => (r.Arm, r.Cell, r.Seed));
        List<CellFigures> all = [];
        foreach (SeedPhase phase in plan.Phases)
        {
            foreach (PlanPart cell in plan.Cells)
            {
                List<ArmFigures> arms =
                    [.. plan.Arms.Select(arm => Scored(arm, phase.Seeds.Select(seed => runs[(arm.Name, cell.Name, seed)]), plan.Compare.Score, results))];
                if (arms.Any(a => a.Scores.Count > 0))
                {
                    all.Add(new CellFigures(phase, cell, Compared(arms, plan.Compare.Control)));
                }
            }
        }

        return all;
    }

    /// <summary>
    /// Standard deviation of a paired difference in percentage points, pooled over arms and cells; the plan's expectation where no arm has two pairs; NaN where
    /// it has none.
    /// </summary>
    public static double PairedSd(IReadOnlyList<CellFigures> figures, Plan plan)
    {
        List<PairedTest> tests = [.. figures.SelectMany(f => f.Arms).Select(a => a.Difference).OfType<PairedTest>().Where(d => d.Count > 1)];
        return tests.Count == 0 ? plan.ExpectedSd
            : Math.Sqrt(tests.Sum(t => (t.Count - 1) * t.StandardDeviation * t.StandardDeviation) / tests.Sum(t => t.Count - 1));
    }

    private static ArmFigures Scored(PlanPart arm, IEnumerable<PlannedRun> runs, string score, ResultsFile results)
    {
        Dictionary<int, RunResult> found = [];
        Dictionary<int, double> scores = [];
        foreach (PlannedRun run in runs)
        {
            if (results.Find(run.Key) is { Error: "" } result && result.Scores.TryGetValue(score, out double value))
            {
                found[run.Seed] = result;
                scores[run.Seed] = Percent * value;
            }
        }

        return new ArmFigures(arm, found, scores, null, double.NaN);
    }

    private static IReadOnlyList<ArmFigures> Compared(List<ArmFigures> arms, string controlName)
    {
        if (arms.Find(a => a.Arm.Name == controlName) is not { } control)
        {
            return arms;
        }

        List<ArmFigures> compared = [.. arms.Select(arm => arm == control ? arm : arm with { Difference = Difference(arm, control) })];
        double[] corrected = Holm.Adjust([.. compared.Select(a => a.Difference?.TP ?? double.NaN)]);
        return [.. compared.Select((arm, i) => arm with { HolmP = corrected[i] })];
    }

    private static PairedTest? Difference(ArmFigures arm, ArmFigures control)
    {
        int[] seeds = [.. arm.Scores.Keys.Where(control.Scores.ContainsKey)];
        return seeds.Length == 0 ? null : new PairedTest([.. seeds.Select(s => arm.Scores[s])], [.. seeds.Select(s => control.Scores[s])]);
    }
}
