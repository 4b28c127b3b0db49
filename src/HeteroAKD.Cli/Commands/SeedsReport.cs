using System.Globalization;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Experiments.Statistics;
using HeteroAKD.Training.Evaluation;

namespace HeteroAKD.Cli.Commands;

/// <summary>The same experiment on several seeds: scores seed by seed, and each comparison pair by pair with its uncertainty.</summary>
internal static class SeedsReport
{
    /// <summary>Writes the tables; nothing where the runs have no two networks to compare.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="summaries">One run a seed, all of the same networks.</param>
    /// <param name="plan">What answers the question with more seeds.</param>
    public static void Write(TextWriter output, IReadOnlyList<RunSummary> summaries, string plan)
    {
        IReadOnlyList<RunComparison> comparisons = RunComparison.In(summaries[0]);
        if (comparisons.Count == 0)
        {
            return;
        }

        string[] roles = [.. summaries[0].Networks.Select(n => n.Role).Where(role => comparisons.Any(c => c.Of == role || c.Over == role))];
        TextTable scores = new(["mean IoU %", .. roles]);
        foreach (RunSummary summary in summaries)
        {
            scores.Row([$"seed {summary.Seed}", .. roles.Select(role => ScoreText.Percent(RunComparison.MeanIoU(summary, role)))]);
        }

        scores.Line().Row(["mean", .. roles.Select(role => ScoreText.Percent(summaries.Average(s => RunComparison.MeanIoU(s, role))))]);
        TextTable differences = new("difference in points", "mean", "95 % interval", "ahead on", "p (t)");
        PairedTest[] tests = [.. comparisons.Select(c => Test(summaries, c))];
        for (int i = 0; i < tests.Length; i++)
        {
            PairedTest test = tests[i];
            differences.Row(Name(comparisons[i]), ScoreText.Signed(test.Mean),
                $"{ScoreText.Signed(test.Interval.Low)} to {ScoreText.Signed(test.Interval.High)}", $"{test.Wins} of {test.Count}", P(test.TP));
        }

        output.WriteLine();
        output.WriteLine(scores);
        foreach (RunSummary summary in summaries)
        {
            if (RunComparison.FewerClasses(summary) is { } fewer)
            {
                output.WriteLine($"seed {summary.Seed}: {fewer}");
            }
        }

        output.WriteLine(differences);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"With this scatter {summaries.Count} seeds would find {Name(comparisons[^1])} with a probability of {TestPower.Wanted} if it were "
                + $"{100 * TestPower.SmallestDifference(summaries.Count, tests[^1].StandardDeviation):F2} points; smaller differences need more seeds: "
                + $"{plan}."));
    }

    private static string Name(RunComparison comparison) => $"{comparison.Of} - {comparison.Over}";

    private static PairedTest Test(IReadOnlyList<RunSummary> summaries, RunComparison comparison) =>
        new([.. summaries.Select(s => RunComparison.MeanIoU(s, comparison.Of))], [.. summaries.Select(s => RunComparison.MeanIoU(s, comparison.Over))]);

    // Differences that do not vary have none.
    private static string P(double value) => double.IsNaN(value) ? "-" : value.ToString("F3", CultureInfo.InvariantCulture);
}
