using System.Globalization;
using HeteroAKD.Experiments.Commands;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Training.Evaluation;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Cli.Commands;

/// <summary>What a person sees when a run ends: networks, scores side by side, what was gained over what, and where the files are.</summary>
internal static class RunReport
{
    private const double BytesPerMebibyte = 1 << 20;

    /// <summary>The command that compares over seeds, where no plan of its own is at hand.</summary>
    public const string AnyPlan = "'heteroakd experiment PLAN' (docs/experiments.md)";

    /// <summary>Writes the outcomes and returns the exit code.</summary>
    /// <param name="terminal">Where to.</param>
    /// <param name="outcomes">The runs, one a seed.</param>
    /// <param name="distillation">What was distilled.</param>
    /// <param name="plan">What answers the same question with more seeds.</param>
    public static int Write(Terminal terminal, IReadOnlyList<RunOutcome> outcomes, DistillationConfig distillation, string plan = AnyPlan)
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
            SeedsReport.Write(terminal.Out, summaries, plan);
        }
        else if (Closing(summaries[0], distillation, plan) is { } closing)
        {
            terminal.Out.WriteLine($"\n{closing}");
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
        TextTable about = new("network", "model", "parameters", "images", "steps", "seconds") { Words = [0, 1] };
        foreach (NetworkSummary network in summary.Networks)
        {
            about.Row(network.Role, network.Model, network.Parameters.ToString("N0", CultureInfo.InvariantCulture),
                network.TrainingImages.ToString(CultureInfo.InvariantCulture), network.Steps.ToString(CultureInfo.InvariantCulture),
                network.Seconds.ToString("F1", CultureInfo.InvariantCulture));
        }

        output.WriteLine();
        output.WriteLine(about);
        string split = RunComparison.FinalSplit(summary);
        output.WriteLine($"split {split}, seed {summary.Seed}\n");
        output.Write(ScoreTable.Render(
            summary.Classes,
            [.. summary.Networks.Select(n => (n.Role, n.Scores[split]))],
            [.. RunComparison.In(summary).Select(c => (c.Head, RunComparison.Place(summary, c.Of), RunComparison.Place(summary, c.Over)))]));
        if (RunComparison.FewerClasses(summary) is { } fewer)
        {
            output.WriteLine($"\n{fewer}");
        }

        output.WriteLine();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{summary.Seconds:F0} s on {summary.Device}, {summary.Threads} threads, peak memory {summary.PeakMemoryBytes / BytesPerMebibyte:F0} MiB"));
    }

    /// <summary>What this one run says of plain KD and of what was added to it, and what it cannot say; null where the run has no control.</summary>
    private static string? Closing(RunSummary summary, DistillationConfig distillation, string plan)
    {
        if (RunComparison.Place(summary, NetworkRoles.Kd) < 0 || RunComparison.Place(summary, NetworkRoles.Distilled) < 0)
        {
            return null;
        }

        string Points(RunComparison comparison) => ScoreText.Signed(comparison.Difference(summary));
        IReadOnlyList<RunComparison> comparisons = RunComparison.In(summary);
        string first = comparisons.FirstOrDefault(c => c.Of == NetworkRoles.Kd) is { } kd
            ? $"plain KD differs from the student alone by {Points(kd)} points; "
            : "";
        return $"Mean IoU on {RunComparison.FinalSplit(summary)}: {first}{DistillationWords.Distilled(distillation)} the score differs from plain KD's by "
            + $"{Points(comparisons[^1])}. "
            + $"One seed says nothing about differences of this size: {plan} compares over seeds.";
    }
}
