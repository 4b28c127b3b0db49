using System.Globalization;
using HeteroAKD.Experiments.Commands;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Training.Evaluation;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Cli.Commands;

/// <summary>What a person sees when a run ends: networks, scores side by side, the gain, and where the files are.</summary>
internal static class RunReport
{
    private const double BytesPerMebibyte = 1 << 20;

    /// <summary>Writes the outcomes and returns the exit code.</summary>
    public static int Write(Terminal terminal, IReadOnlyList<RunOutcome> outcomes)
    {
        foreach (RunOutcome outcome in outcomes)
        {
            if (outcome.Summary is null)
            {
                terminal.Error.WriteLine($"stopped; 'heteroakd ... --resume --out {outcome.Folder}' goes on");
                return ExitCode.Interrupted;
            }
        }

        RunSummary[] summaries = [.. outcomes.Select(o => o.Summary!)];
        WriteRun(terminal.Out, summaries[^1]);
        if (summaries.Length > 1)
        {
            WriteSeeds(terminal.Out, summaries);
        }

        terminal.Out.WriteLine();
        foreach (RunOutcome outcome in outcomes)
        {
            terminal.Out.WriteLine($"run folder: {outcome.Folder}");
        }

        return ExitCode.Success;
    }

    private static void WriteRun(TextWriter output, RunSummary summary)
    {
        var about = new TextTable("network", "model", "parameters", "images", "steps", "seconds") { Words = [0, 1] };
        foreach (NetworkSummary network in summary.Networks)
        {
            about.Row(network.Role, network.Model, network.Parameters.ToString("N0", CultureInfo.InvariantCulture),
                network.TrainingImages.ToString(CultureInfo.InvariantCulture), network.Steps.ToString(CultureInfo.InvariantCulture),
                network.Seconds.ToString("F1", CultureInfo.InvariantCulture));
        }

        output.WriteLine();
        output.WriteLine(about);
        string split = FinalSplit(summary);
        output.WriteLine($"split {split}, seed {summary.Seed}\n");
        output.Write(ScoreTable.Render(summary.Classes, [.. summary.Networks.Select(n => (n.Role, n.Scores[split]))], GainColumns(summary)));
        output.WriteLine();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{summary.Seconds:F0} s on {summary.Device}, {summary.Threads} threads, peak memory {summary.PeakMemoryBytes / BytesPerMebibyte:F0} MiB"));
    }

    private static void WriteSeeds(TextWriter output, RunSummary[] summaries)
    {
        (double Alone, double Distilled)[] pairs = [.. summaries
            .Where(s => GainColumns(s) is not null)
            .Select(s => (MeanIoU(s, NetworkRoles.Student), MeanIoU(s, NetworkRoles.Distilled)))];
        if (pairs.Length < 2)
        {
            return;
        }

        var table = new TextTable("mean IoU %", "alone", "distilled", "gain");
        for (int i = 0; i < pairs.Length; i++)
        {
            table.Row($"seed {summaries[i].Seed}", Percent(pairs[i].Alone), Percent(pairs[i].Distilled), Signed(pairs[i].Distilled - pairs[i].Alone));
        }

        var comparison = new PairedComparison([.. pairs.Select(p => p.Distilled)], [.. pairs.Select(p => p.Alone)]);
        table.Line().Row("mean", Percent(pairs.Average(p => p.Alone)), Percent(pairs.Average(p => p.Distilled)), Signed(comparison.Mean));
        output.WriteLine();
        output.Write(table);
        output.WriteLine($"gain {Signed(comparison.Mean)} ± {Percent(comparison.StandardError)} (standard error of {pairs.Length} paired seeds), "
            + $"ahead on {comparison.Wins} of {pairs.Length}, p = {comparison.PValue.ToString("F3", CultureInfo.InvariantCulture)}");
    }

    // Test where there is one: validation has been looked at while training.
    private static string FinalSplit(RunSummary summary) => summary.Networks.All(n => n.Scores.ContainsKey("test")) ? "test" : "val";

    private static (int Of, int Over)? GainColumns(RunSummary summary)
    {
        int distilled = Index(summary, NetworkRoles.Distilled);
        int alone = Index(summary, NetworkRoles.Student);
        return distilled < 0 || alone < 0 ? null : (distilled, alone);
    }

    private static int Index(RunSummary summary, string role) => summary.Networks.ToList().FindIndex(n => n.Role == role);

    private static double MeanIoU(RunSummary summary, string role) => summary.Networks[Index(summary, role)].Scores[FinalSplit(summary)].MeanIoU;

    private static string Percent(double share) => (100 * share).ToString("F2", CultureInfo.InvariantCulture);

    private static string Signed(double share) => (100 * share).ToString("+0.00;-0.00;0.00", CultureInfo.InvariantCulture);
}
