using System.CommandLine;
using HeteroAKD.Reliability;

// What docs/reliability.md reports: each command is a check that anyone can run again. Code 1 where something failed; its folder is left for a look.
Option<bool> full = new("--full") { Description = "All of it: hours", Recursive = true };
Option<string> place = new("--out")
{
    Description = "Folder for the experiments; removed where all went well",
    DefaultValueFactory = _ => Path.Combine(Path.GetTempPath(), $"reliability-{Environment.ProcessId}"),
    Recursive = true,
};
Option<int> threads = new("--threads") { Description = "Threads of each experiment", DefaultValueFactory = _ => 2, Recursive = true };

Option<int> points = new("--points") { Description = "Calls that are broken, spread over all", DefaultValueFactory = _ => 20 };
Option<int> jobs = new("--jobs") { Description = "Experiments side by side", DefaultValueFactory = _ => 1 };
Option<int> parts = new("--parts") { Description = "With --full: in how many parts, which may run at different times", DefaultValueFactory = _ => 1 };
Option<int> share = new("--share") { Description = "Which of the --parts this is, from 1", DefaultValueFactory = _ => 1 };
parts.Validators.Add(AtLeastOne);
share.Validators.Add(AtLeastOne);
Command faults = new("faults", "Kill an experiment at file calls, or let them fail, and go on (Linux, needs a C compiler)") { points, jobs, parts, share };
faults.SetAction(result => In(result, root => new FaultCheck(root, result.GetValue(threads), result.GetValue(jobs))
    .Run(result.GetValue(full) ? FaultShare.Part(result.GetValue(share), result.GetValue(parts)) : FaultShare.Spread(result.GetValue(points)))));

Option<int> count = new("--count") { Description = "Experiments that are killed", DefaultValueFactory = _ => 10 };
Option<int> seed = new("--seed") { Description = "Seed of the times", DefaultValueFactory = _ => 1 };
Command kills = new("kills", "Kill an experiment at random times, one to three in a row, and go on") { count, seed };
kills.SetAction(
    result =>
        In(result, root => new KillCheck(root, result.GetValue(threads)).Run(result.GetValue(full) ? 200 : result.GetValue(count), result.GetValue(seed))));

Command shortages = new(
    "shortages", "Take disk, rights, files, descriptors or memory away in the middle of an experiment, and go on (Linux, needs a C compiler and prlimit)");
shortages.SetAction(result => In(result, root => new ShortageCheck(root, result.GetValue(threads)).Run()));

Option<double> part = new("--part")
{
    Description = "Part of the full counts: 10,000 steps, 1,000 evaluations, 300 exports and imports",
    DefaultValueFactory = _ => 0.05,
};
Command soak = new("soak", "Do one thing many times in one process and look whether its memory grows") { part };
soak.SetAction(result => In(result, root => new SoakCheck(root).Run(result.GetValue(full) ? 1 : result.GetValue(part))));

return new RootCommand("Checks of what a run survives") { full, place, threads, faults, kills, shortages, soak }.Parse(args).Invoke();

static void AtLeastOne(System.CommandLine.Parsing.OptionResult option)
{
    if (option.GetValueOrDefault<int>() < 1)
    {
        option.AddError($"{option.Option.Name} must be at least 1");
    }
}

int In(ParseResult result, Func<string, int> check)
{
    string root = Path.GetFullPath(result.GetValue(place)!);
    if (Directory.Exists(root) && Directory.EnumerateFileSystemEntries(root).Any())
    {
        Console.Error.WriteLine($"error: {root} holds files; choose another --out");
        return 1;
    }

    Directory.CreateDirectory(root);
    int failures;
    try
    {
        failures = check(root);
    }
    catch (InvalidOperationException e)
    {
        Console.Error.WriteLine($"error: {e.Message}");
        return 1;
    }

    if (failures == 0)
    {
        Directory.Delete(root, recursive: true);
    }

    return failures == 0 ? 0 : 1;
}
