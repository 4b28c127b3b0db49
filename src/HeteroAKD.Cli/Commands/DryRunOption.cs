using System.CommandLine;
using System.Globalization;
using HeteroAKD.Experiments.Commands;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Training.Evaluation;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Cli.Commands;

/// <summary>The option <c>--dry-run</c> of the commands that train, and what a person sees of it.</summary>
internal sealed class DryRunOption
{
    private const double BytesPerMebibyte = 1 << 20;

    private readonly Option<bool> _option = new("--dry-run")
    {
        Description = "Read two batches, take a step on each, evaluate a few images, print memory and time to finish; write nothing",
    };

    private readonly IDryRunCommand? _dry;
    private readonly Terminal _terminal;
    private readonly CancellationToken _cancellation;

    /// <summary>Adds the option to a command, where there is something that tries experiments.</summary>
    public DryRunOption(Command command, IDryRunCommand? dry, Terminal terminal, CancellationToken cancellation)
    {
        (_dry, _terminal, _cancellation) = (dry, terminal, cancellation);
        if (dry is not null)
        {
            command.Add(_option);
        }
    }

    /// <summary>Tries an experiment where the option is given, and returns the exit code; null where it is not.</summary>
    /// <param name="result">The command line.</param>
    /// <param name="config">The experiment.</param>
    /// <param name="role">The network that would be trained; null for all of a distillation.</param>
    /// <param name="seeds">How often each student would be trained; the teacher is trained once.</param>
    public int? Run(ParseResult result, ExperimentConfig config, NetworkRole? role, int seeds = 1)
    {
        if (_dry is null || !result.GetValue(_option))
        {
            return null;
        }

        Write(_terminal.WithProgress(progress => _dry.Try(config, role, progress, _cancellation)), seeds);
        return ExitCode.Success;
    }

    private void Write(DryRunOutcome outcome, int seeds)
    {
        TextTable table = new(
            "network",
            "model",
            "parameters",
            "images",
            "batch",
            "loss",
            "ms/step",
            "ms/batch",
            "tensors MiB",
            "ms/image",
            "steps",
            "to finish")
        { Words = [0, 1] };
        foreach (DryRunNetwork n in outcome.Networks)
        {
            table.Row(n.Role, n.Model, n.Parameters.ToString("N0", CultureInfo.InvariantCulture), Count(n.Images), Count(n.BatchSize), Number(n.Loss, "F3"),
                Number(n.StepMilliseconds, "F0"), Number(n.BatchMilliseconds, "F0"), Number(n.PeakTensorBytes / BytesPerMebibyte, "F0"),
                Number(n.ImageMilliseconds, "F0"), Count(n.Steps), Duration(n.SecondsToFinish));
        }

        _terminal.Out.WriteLine();
        _terminal.Out.Write(table);
        _terminal.Out.WriteLine(
            $"\nms/batch: one thread reading and augmenting, while steps run; ms/image: evaluation of "
                + $"{string.Join(", ", outcome.Networks.Select(n => Count(n.EvaluatedImages)).Distinct())} images");
        double total = outcome.Networks.Sum(n => n.SecondsToFinish * (n.Role == NetworkRoles.Teacher ? 1 : seeds));
        string students = seeds == 1 ? "" : $" with {Count(seeds)} seeds (the teacher is trained once)";
        _terminal.Out.WriteLine(
            $"{Duration(total)} to finish{students} on {outcome.Device}, peak memory {Number(outcome.PeakMemoryBytes / BytesPerMebibyte, "F0")} MiB; "
                + "nothing was written");
    }

    private static string Count(long count) => count.ToString(CultureInfo.InvariantCulture);

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    private static string Duration(double seconds)
    {
        TimeSpan time = TimeSpan.FromSeconds(seconds);
        return time.TotalDays >= 2 ? $"{Number(time.TotalDays, "F1")} days"
            : time.TotalHours >= 2 ? $"{Number(time.TotalHours, "F1")} h"
            : time.TotalMinutes >= 2 ? $"{Number(time.TotalMinutes, "F0")} min"
            : $"{Number(seconds, "F0")} s";
    }
}
