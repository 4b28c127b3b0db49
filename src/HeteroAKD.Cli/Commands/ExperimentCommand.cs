using System.CommandLine;
using System.Globalization;
using HeteroAKD.Experiments.Plans;
using HeteroAKD.Training.Evaluation;

namespace HeteroAKD.Cli.Commands;

/// <summary><c>heteroakd experiment PLAN</c>.</summary>
internal sealed class ExperimentCommand : Command
{
    private const int MostJobs = 64;
    private const int MostCostSeconds = 3600;

    private readonly Argument<string> _file = new("PLAN")
    {
        Description = "Plan (YAML): arms, seeds, shared teachers, what is compared; docs/experiments.md "
        + "explains it"
    };

    private readonly Option<int> _jobs = new Option<int>("--jobs")
    {
        Description = "Runs side by side; they share --threads",
        HelpName = "n",
        DefaultValueFactory = _ => 1,
    }.Whole(1, MostJobs);

    private readonly Option<bool> _dryRun = new("--dry-run")
    {
        Description = "Check the plan and print number of runs, hours and the smallest difference "
        + "that can be shown; write nothing"
    };

    private readonly Option<bool> _keep = new("--keep-teacher-outputs")
    {
        Description = "Share what a teacher says of each batch among the runs of a seed, in files below --out: same results, less time, some gigabytes of disk",
    };

    private readonly Option<bool> _cost = new("--cost")
    {
        Description = "Measure what a step of each arm costs, each in turns with the student alone; wants "
        + "a quiet machine, trains nothing"
    };

    private readonly Option<int> _costSeconds = new Option<int>("--cost-seconds")
    {
        Description = "How long --cost measures each arm",
        HelpName = "s",
        DefaultValueFactory = _ => 10,
    }.Whole(1, MostCostSeconds);

    private readonly Option<bool> _report = new("--report") { Description = "Report from the results that are there; run nothing" };

    public ExperimentCommand(IExperimentCommand service, CommonOptions options, Terminal terminal, CancellationToken cancellation)
        : base("experiment", "Run the arms of a plan over its seeds and compare them; can be stopped at any time and goes on where it was")
    {
        Add(_file);
        Add(_jobs);
        Add(_keep);
        Add(_dryRun);
        Add(_report);
        Add(_cost);
        Add(_costSeconds);
        this.AddRule(result =>
        {
            Option[] own = [options.Set, options.Seed, options.Precision, options.Force, options.AcceptChanges];
            foreach (Option refused in own.Where(o => result.GetResult(o) is { Implicit: false }))
            {
                result.AddError($"experiment takes no {refused.Name}: what runs is in the plan");
            }

            Option<bool>[] modes = [_dryRun, _report, _cost];
            Option<bool>[] given = [.. modes.Where(result.GetValue)];
            if (given.Length > 1)
            {
                result.AddError($"{string.Join(" and ", given.Select(o => o.Name))} exclude each other");
            }

            foreach (Option unused in ((Option[])[_jobs, _keep]).Where(o => result.GetValue(_cost) && result.GetResult(o) is { Implicit: false }))
            {
                result.AddError($"experiment --cost takes no {unused.Name}: arms are measured one after another");
            }

            if (result.GetResult(_costSeconds) is { Implicit: false } && !result.GetValue(_cost))
            {
                result.AddError("--cost-seconds goes with --cost");
            }
        });
        SetAction(result =>
        {
            ExperimentRequest request = new(
                result.GetRequiredValue(_file), result.GetValue(options.Out) ?? "", result.GetValue(_jobs), result.GetValue(options.Threads)
                    ?? 0, result.GetValue(options.Device) ?? "",
                result.GetValue(_keep));
            if (result.GetValue(_dryRun))
            {
                return Write(terminal, terminal.WithProgress(progress => service.Forecast(request, progress, cancellation)), request);
            }

            if (result.GetValue(_cost))
            {
                return Write(
                    terminal,
                    terminal.WithProgress(progress => service.Cost(request, result.GetValue(_costSeconds), progress, cancellation)),
                    "stopped; nothing was measured to the end, so nothing was written");
            }

            return Write(
                terminal, result.GetValue(_report) ? service.Report(request) : terminal.WithProgress(progress => service.Run(request, progress, cancellation)));
        });
    }

    private static int Write(Terminal terminal, ExperimentForecast forecast, ExperimentRequest request)
    {
        TextWriter output = terminal.Out;
        TextTable table = new("arm", "cell", "what it sets apart from the others") { Words = [0, 1, 2] };
        foreach ((string arm, string cell, string settings) in forecast.Arms)
        {
            table.Row(arm, cell, settings);
        }

        output.WriteLine();
        output.WriteLine(table);
        foreach (string note in forecast.Notes)
        {
            output.WriteLine(note);
        }

        int left = forecast.Runs - forecast.Finished;
        string teachers = forecast.Teachers > 0 ? $" and {forecast.Teachers} shared teacher{(forecast.Teachers == 1 ? "" : "s")}" : "";
        string time = left == 0 ? "nothing is left to do"
            : forecast.Unknown >= left + forecast.Teachers ? "how long they take is unknown"
            : string.Create(CultureInfo.InvariantCulture, $"about {forecast.Seconds / 3600:F2} h with --jobs {request.Jobs} ({forecast.Source})")
                + (forecast.Unknown > 0 ? $", not counting {forecast.Unknown} whose time is unknown" : "");
        output.WriteLine($"{forecast.Runs} runs, {forecast.Finished} of them finished; {left}{teachers} to do: {time}; nothing was written");
        foreach (string problem in forecast.Untried)
        {
            terminal.Error.WriteLine($"failed: {problem}");
        }

        return forecast.Untried.Count > 0 ? ExitCode.Failure : ExitCode.Success;
    }

    private static int Write(Terminal terminal, ExperimentOutcome outcome, string stopped = "stopped; the same command goes on")
    {
        if (outcome.Report.Length > 0)
        {
            terminal.Out.WriteLine();
            terminal.Out.WriteLine(outcome.Report);
        }

        foreach (string path in outcome.Files)
        {
            terminal.Out.WriteLine($"written: {path}");
        }

        foreach (string failure in outcome.Failures)
        {
            terminal.Error.WriteLine($"failed: {failure}");
        }

        if (outcome.Interrupted)
        {
            terminal.Error.WriteLine(stopped);
            return ExitCode.Interrupted;
        }

        return outcome.Failures.Count > 0 ? ExitCode.Failure : ExitCode.Success;
    }
}
