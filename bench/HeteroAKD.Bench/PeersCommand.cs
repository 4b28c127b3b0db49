using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.Json;
using HeteroAKD.Bench.Cases;
using HeteroAKD.Bench.Libtorch;
using HeteroAKD.Bench.Machine;
using HeteroAKD.Bench.Peers;
using HeteroAKD.Bench.Reports;

namespace HeteroAKD.Bench;

/// <summary><c>peers</c>: every case, ours against libtorch's.</summary>
internal sealed class PeersCommand : Command
{
    private readonly Option<string> _filter = new("--filter")
    {
        Description = "Only cases whose group or name contains this; several, separated by commas, are alternatives.",
    };

    private readonly Option<FileInfo?> _json = new("--json") { Description = "Write everything to this file." };
    private readonly Option<FileInfo?> _markdown = new("--markdown") { Description = "Write the tables to this file." };
    private readonly Option<int[]> _threads = new("--threads")
    {
        Description = "Threads of both sides: a number, or several separated by commas, such as 1,2. Default: one a core.",
        CustomParser = ParseThreads,
        DefaultValueFactory = _ => [Environment.ProcessorCount],
    };

    private readonly Option<double> _seconds = new("--seconds")
    {
        Description = "Seconds that a case is timed after its warm-up.",
        DefaultValueFactory = _ => 2,
    };
    private readonly Option<FileInfo?> _compare = new("--compare")
    {
        Description = "A file of --json from before a change: name every row whose ratio fell by more than 10 %, and end with 1 if there is one.",
    };

    private readonly Option<bool> _list = new("--list") { Description = "Only list the cases." };

    /// <summary>Declares the command.</summary>
    public PeersCommand()
        : base("peers", "Time every case side by side with libtorch: results are compared first, then both take turns.")
    {
        foreach (Option option in new Option[] { _filter, _json, _markdown, _threads, _seconds, _compare, _list })
        {
            Add(option);
        }

        SetAction(Run);
    }

    private int Run(ParseResult arguments)
    {
        IReadOnlyList<PeerCase> cases = Select(arguments.GetValue(_filter) ?? "");
        if (cases.Count == 0)
        {
            Console.Error.WriteLine("no case matches the filter; --list shows them all");
            return 1;
        }

        if (arguments.GetValue(_list))
        {
            foreach (PeerCase @case in cases)
            {
                Console.WriteLine($"{@case.Group}: {@case.Name}{(@case.Goal is { } goal ? $" (goal {Figures.Ratio(goal)})" : "")}");
            }

            return 0;
        }

        return Measure(arguments, cases);
    }

    private int Measure(ParseResult arguments, IReadOnlyList<PeerCase> cases)
    {
        // Read before anything is measured: a run of half an hour must not end at a name with a typo.
        IReadOnlyDictionary<(string, string, int), double>? before = null;
        if (arguments.GetValue(_compare) is { } file)
        {
            try
            {
                before = Comparison.Read(file.FullName);
            }
            catch (Exception e) when (e is IOException or JsonException or UnauthorizedAccessException)
            {
                Console.Error.WriteLine($"--compare: '{file}' cannot be read as a report of --json: {e.Message}");
                return 1;
            }
        }

        bool hasPeer = LibtorchLibrary.TryLoad(out string peer);
        MachineInfo machine = MachineInfo.Read(peer);
        ConsoleReport console = new(Console.Out, cases.Max(c => c.Name.Length));
        console.Begin(machine);
        List<Ceilings> ceilings = [];
        List<PeerRow> rows = [];
        foreach (int threads in arguments.GetValue(_threads)!)
        {
            using PeerRunner runner = new(threads, hasPeer, arguments.GetValue(_seconds));
            ceilings.Add(runner.Ceilings);
            console.BeginThreads(runner.Ceilings);
            foreach (IGrouping<string, PeerCase> group in cases.GroupBy(c => c.Group))
            {
                console.BeginGroup(group.Key);
                foreach (PeerCase @case in group)
                {
                    rows.Add(runner.Run(@case));
                    console.Add(rows[^1]);
                }
            }
        }

        IReadOnlyList<string> verdict = Verdict.Of(rows);
        console.End(verdict);
        Save(arguments, new RunReport(machine, ceilings, rows), verdict);
        bool wrong = rows.Any(r => r.Status is RowStatus.Wrong or RowStatus.Failed);
        return wrong || (before is not null && HasFallen(before, rows)) ? 1 : 0;
    }

    private static bool HasFallen(IReadOnlyDictionary<(string Group, string Case, int Threads), double> before, IReadOnlyList<PeerRow> rows)
    {
        IReadOnlyList<string> falls = Comparison.Falls(before, rows);
        int compared = rows.Count(r => r.Ratio is not null && before.ContainsKey((r.Group, r.Case, r.Threads)));
        if (compared == 0)
        {
            Console.Error.WriteLine("--compare: no row of this run has a ratio in the file, so nothing was compared");
            return true;
        }

        Console.WriteLine($"compared {compared} rows: {(falls.Count == 0 ? "no ratio fell by more than 10 %" : $"{falls.Count} fell by more than 10 %")}");
        foreach (string fall in falls)
        {
            Console.WriteLine($"  {fall}");
        }

        return falls.Count > 0;
    }

    private void Save(ParseResult arguments, RunReport report, IReadOnlyList<string> verdict)
    {
        if (arguments.GetValue(_json) is { } json)
        {
            JsonReport.Write(json.FullName, report);
        }

        if (arguments.GetValue(_markdown) is { } markdown)
        {
            MarkdownReport.Write(
                markdown.FullName, report, $"dotnet run -c Release --project bench/HeteroAKD.Bench -- peers {Repeatable(arguments)}".Trim(), verdict);
        }
    }

    private string Repeatable(ParseResult arguments)
    {
        List<string> words = [];
        if (arguments.GetValue(_filter) is { Length: > 0 } filter)
        {
            words.Add($"--filter {filter}");
        }

        words.Add($"--threads {string.Join(',', arguments.GetValue(_threads)!)}");
        words.Add(Figures.Text($"--seconds {arguments.GetValue(_seconds)}"));
        return string.Join(' ', words);
    }

    private static IReadOnlyList<PeerCase> Select(string filter)
    {
        string[] alternatives = filter.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return [.. Catalog.All.Where(c => alternatives.Length == 0
            || alternatives.Any(a => $"{c.Group} {c.Name}".Contains(a, StringComparison.OrdinalIgnoreCase)))];
    }

    private static int[]? ParseThreads(ArgumentResult result)
    {
        string[] words = result.Tokens.Count == 0 ? [] : result.Tokens[0].Value.Split(',');
        int[] threads = [.. words.Select(w => int.TryParse(w, CultureInfo.InvariantCulture, out int count) ? count : 0)];
        if (threads.Length == 0 || threads.Any(t => t is < 1 or > 1024))
        {
            result.AddError($"--threads takes numbers from 1 to 1024 separated by commas, not '{string.Join(' ', result.Tokens.Select(t => t.Value))}'");
            return null;
        }

        return threads;
    }
}
