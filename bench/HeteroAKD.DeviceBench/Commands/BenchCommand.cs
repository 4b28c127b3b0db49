using System.CommandLine;
using HeteroAKD.Cli;
using HeteroAKD.DeviceBench.Rows;
using HeteroAKD.DeviceBench.Timing;
using HeteroAKD.Tensors;

namespace HeteroAKD.DeviceBench.Commands;

/// <summary><c>bench</c>: our side of the rows that PyTorch is measured on as well.</summary>
internal sealed class BenchCommand : Command
{
    private const double Microseconds = 1e6;

    private readonly Option<string> _filter = new("--filter")
    {
        Description = "Only rows whose name or title contains this; several, separated by commas, are "
            + "alternatives",
        HelpName = "text",
        DefaultValueFactory = _ => "",
    };

    private readonly Option<double> _seconds = new("--seconds")
    {
        Description = "How long a row is measured, after its warm-up",
        HelpName = "s",
        DefaultValueFactory = _ => 0.1,
    };
    private readonly Option<string?> _precision = new("--precision")
    {
        Description = "What products round to, instead of the row's own: fp32, tf32 or bf16",
        HelpName = "name",
    };
    private readonly Option<bool> _small = new("--small") { Description = "Small sizes: to see that everything runs" };
    private readonly Option<bool> _list = new("--list") { Description = "Only list the rows" };
    private readonly Option<bool> _serve = new("--serve")
    {
        Description = "Read names of rows from the standard input, one a line, and answer each with a "
        + "line of JSON"
    };
    private readonly Option<string?> _json = new("--json") { Description = "Write the rows to this file", HelpName = "file" };

    private readonly CommonOptions _options;
    private readonly Terminal _terminal;

    /// <summary>Declares the command.</summary>
    public BenchCommand(CommonOptions options, Terminal terminal)
        : base("bench", "Check and time the rows of the device benchmark, our side")
    {
        _options = options;
        _terminal = terminal;
        foreach (Option option in new Option[] { _filter, _seconds, _precision, _small, _list, _serve, _json })
        {
            Add(option);
        }

        _precision.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } precision && !PrecisionSetting.Names.Contains(precision))
            {
                result.AddError($"--precision takes {string.Join(", ", PrecisionSetting.Names)}, not '{precision}'");
            }
        });
        _seconds.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double>() is var seconds and not (> 0 and <= 60))
            {
                result.AddError(FormattableString.Invariant($"--seconds takes numbers above 0 up to 60, not {seconds}"));
            }
        });
        SetAction(Run);
    }

    private int Run(ParseResult arguments)
    {
        if (arguments.GetValue(_list))
        {
            foreach (RowSpec row in Select(arguments.GetValue(_filter)!))
            {
                _terminal.Out.WriteLine($"{row.Id}: {row.Title}");
            }

            return ExitCode.Success;
        }

        using Device device = Device.Open(arguments.GetValue(_options.Device) ?? "auto");
        string? precision = arguments.GetValue(_precision);
        if (precision is not null)
        {
            PrecisionSetting.Apply(device, precision);
        }

        using RowRunner runner = new(device, arguments.GetValue(_seconds), arguments.GetValue(_small));
        return arguments.GetValue(_serve) ? Serve(runner, precision) : RunAll(arguments, device, runner, precision);
    }

    private int Serve(RowRunner runner, string? precision)
    {
        while (Console.In.ReadLine() is { } id)
        {
            _terminal.Out.WriteLine(JsonFile.Line(runner.Run(RowSpec.Find(id.Trim()), precision)));
            _terminal.Out.Flush();
        }

        return ExitCode.Success;
    }

    private int RunAll(ParseResult arguments, Device device, RowRunner runner, string? precision)
    {
        List<RowSpec> rows = Select(arguments.GetValue(_filter)!);
        if (rows.Count == 0)
        {
            throw new HeteroAkdException($"no row matches '{arguments.GetValue(_filter)}'; 'bench --list' shows them all.");
        }

        int width = rows.Max(r => r.Id.Length);
        _terminal.Out.WriteLine($"{device.Description}; {runner.Method}; medians in microseconds");
        List<RowResult> results = [];
        foreach (RowSpec row in rows)
        {
            results.Add(runner.Run(row, precision));
            _terminal.Out.WriteLine($"{row.Id.PadRight(width)}  {Line(results[^1])}");
        }

        JsonFile.Write(arguments.GetValue(_json), new BenchOutcome(device.Name, device.Description, runner.Method, arguments.GetValue(_small), results));
        return results.Any(r => r.Status is RowStatus.Wrong or RowStatus.Failed) ? ExitCode.Failure : ExitCode.Success;
    }

    private static string Line(RowResult row) => row.Full is not { } full
        ? $"{row.Status}: {row.Message}"
        : string.Join("  ", new[] { Part("full", full), Part("forward", row.Forward), Part("backward", row.Backward), row.Message }.Where(t => t is not null));

    private static string? Part(string name, Spread? time) => time is null ? null : FormattableString.Invariant($"{name} {time.Median * Microseconds:F1}");

    private static List<RowSpec> Select(string filter)
    {
        string[] alternatives = filter.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return
        [
            .. RowSpec.All.Where(r => alternatives.Length == 0 || alternatives.Any(a => $"{r.Id} {r.Title}".Contains(a, StringComparison.OrdinalIgnoreCase)))
        ];
    }

    private sealed record BenchOutcome(string Device, string Description, string Method, bool Small, IReadOnlyList<RowResult> Rows);
}
