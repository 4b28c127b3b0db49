using System.Diagnostics;
using System.Text.RegularExpressions;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Training.Checkpoints;

namespace HeteroAKD.Reliability;

/// <summary>How a process ended.</summary>
/// <param name="Code">Exit code; 137 after SIGKILL.</param>
/// <param name="Error">What it wrote to the standard error.</param>
internal sealed record Ended(int Code, string Error)
{
    /// <summary>Its last line that speaks of an error.</summary>
    public string LastError => Error.Split('\n').LastOrDefault(line => line.Contains("error", StringComparison.Ordinal), "").Trim();

    /// <summary>Whether it ended in what nobody should see: an exception that was not foreseen.</summary>
    public bool IsInternal => Error.Contains("internal error", StringComparison.Ordinal) || Error.Contains("Unhandled exception", StringComparison.Ordinal)
        || Error.Contains("   at ", StringComparison.Ordinal);

    /// <summary>This, for an experiment that nothing disturbs.</summary>
    /// <exception cref="InvalidOperationException">It did not end well.</exception>
    public Ended Well() => Code == 0 ? this : throw new InvalidOperationException($"the unbroken experiment ended with {Code}: {Error}");
}

/// <summary>
/// The smallest whole experiment: a teacher, the student alone, with plain KD and distilled, on two seeds, with checkpoints, evaluations and pictures. It takes
/// seconds.
/// </summary>
internal sealed partial class SmallExperiment
{
    private static readonly string s_program = Path.Combine(AppContext.BaseDirectory, "heteroakd.dll");

    /// <summary>Its settings, as <c>--set</c> takes them.</summary>
    public static IReadOnlyList<string> Settings { get; } =
    [
        "device=cpu", "data.size={width: 32, height: 32}", "data.trainCount=6", "data.valCount=2", "data.testCount=2", "data.studentLimit=4",
        "teacher.model=tiny-mit-student", "teacher.steps=3", "student.model=tiny-cnn-student",
        "training={steps: 5, batchSize: 2, evalEvery: 3, logEvery: 1, checkpointEvery: 2, ema: 0.5}",
    ];

    /// <summary>Prepares a run below a folder, with caches of its own.</summary>
    public SmallExperiment(string root, int threads)
    {
        Folder = Path.Combine(root, "run");
        Caches = Path.Combine(root, "caches");
        Threads = threads;
        Directory.CreateDirectory(root);
    }

    /// <summary>The run folder.</summary>
    public string Folder { get; }

    /// <summary>The folder of the program's caches.</summary>
    public string Caches { get; }

    private int Threads { get; }

    /// <summary>Runs it from the start.</summary>
    public Ended Start(params IEnumerable<(string Name, string Value)> variables) => Wait(Launch(resume: false, variables));

    /// <summary>Runs it from the start; does something to the process as soon as a file of its folder is there.</summary>
    public Ended Start(string file, Action<Process> disturb)
    {
        Process process = Launch(resume: false, []);
        while (!File.Exists(Path.Combine(Folder, file)) && !process.HasExited)
        {
            Thread.Sleep(1);
        }

        disturb(process);
        return Wait(process);
    }

    /// <summary>Goes on as a user does: <c>--resume</c> where something is there, the plain command where nothing is.</summary>
    public Ended GoOn(params IEnumerable<(string Name, string Value)> variables) => Wait(Launch(HasBegun, variables));

    /// <summary>Goes on and holds what is left against the unbroken experiment; returns what is wrong, empty where nothing is.</summary>
    /// <param name="unbroken">The other.</param>
    /// <param name="rowsInAnyOrder">As for <see cref="DifferenceTo"/>.</param>
    public string GoOnTo(SmallExperiment unbroken, bool rowsInAnyOrder = false)
    {
        Ended ended = GoOn();
        return ended.Code == 0 ? DifferenceTo(unbroken, rowsInAnyOrder) : $"it does not go on: code {ended.Code}, {ended.LastError}";
    }

    /// <summary>Begins or goes on, and kills it after a time.</summary>
    public void KillAfter(TimeSpan time)
    {
        using Process process = Launch(HasBegun, []);
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(time))
        {
            process.Kill();
            process.WaitForExit();
        }

        Task.WaitAll(output, error);
    }

    /// <summary>What differs from the unbroken experiment; empty where nothing does.</summary>
    /// <param name="unbroken">The other.</param>
    /// <param name="rowsInAnyOrder">Whether metrics.csv may name the networks in another order.</param>
    public string DifferenceTo(SmallExperiment unbroken, bool rowsInAnyOrder = false)
    {
        string[] expected = Files(unbroken);
        string[] found = Files(this);
        if (expected.Except(found).FirstOrDefault() is { } missing)
        {
            return $"{missing} is missing";
        }

        if (found.Except(expected).FirstOrDefault() is { } left)
        {
            return $"{left} is left";
        }

        return expected.Select(name => Difference(name, unbroken, rowsInAnyOrder)).FirstOrDefault(d => d.Length > 0, "");
    }

    // Before its first file a run is begun again: --resume says that there is none, and to leave it out.
    private bool HasBegun => Directory.Exists(Folder) && Directory.EnumerateDirectories(Folder).Any(RunFolder.HoldsRun);

    private static string[] Files(SmallExperiment experiment) =>
        Directory.Exists(experiment.Folder)
            ? [
                .. Directory.EnumerateFiles(
                    experiment.Folder, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(experiment.Folder, f)).Order(StringComparer.Ordinal)
            ]
            : [];

    // The log tells of the interruption, the summary of time and memory; paths and threads may differ.
    private string Difference(string name, SmallExperiment unbroken, bool rowsInAnyOrder)
    {
        (string expected, string found) = (Path.Combine(unbroken.Folder, name), Path.Combine(Folder, name));
        return Path.GetFileName(name) switch
        {
            "log.txt" or "seconds.json" => "",
            "metrics.csv" when rowsInAnyOrder =>
                Compare(name, [.. unbroken.Lines(expected).Order(StringComparer.Ordinal)], [.. Lines(found).Order(StringComparer.Ordinal)]),
            "config.yaml" => Compare(name, unbroken.Lines(expected, "threads"), Lines(found, "threads")),
            "report.html" => Compare(name, unbroken.PageLines(expected), PageLines(found)),
            "summary.json" =>
                Compare(name, unbroken.Lines(expected, "seconds", "peak", "threads", "device"), Lines(found, "seconds", "peak", "threads", "device")),
            _ when name.EndsWith(".safetensors", StringComparison.Ordinal) => Tensors(name, expected, found),
            _ => File.ReadAllBytes(expected).AsSpan().SequenceEqual(File.ReadAllBytes(found)) ? "" : $"{name} differs",
        };
    }

    private static string Compare(string name, string[] expected, string[] found) =>
        expected.SequenceEqual(found) ? ""
            : $"{name} differs: '{expected.Except(found).FirstOrDefault()?.Trim()}' became '{found.Except(expected).FirstOrDefault()?.Trim()}'";

    private string[] Lines(string path, params string[] without) =>
        [
            .. File.ReadAllLines(path).Where(
                line =>
                    !without.Any(word => KeyOf(line).StartsWith(word, StringComparison.OrdinalIgnoreCase))).Select(line =>
                        line.Replace(Folder, "RUN", StringComparison.Ordinal))
        ];

    // The page without the lines of time and memory.
    private string[] PageLines(string path)
    {
        List<string> lines = [];
        bool isCost = false;
        foreach (string line in Lines(path).Where(line => !line.StartsWith("<p class=\"facts\">", StringComparison.Ordinal)))
        {
            isCost = line switch { "<h2>Cost</h2>" => true, "</section>" => false, _ => isCost };
            if (!isCost && !line.StartsWith("<tr><td class=\"word\">threads<", StringComparison.Ordinal))
            {
                lines.Add(line);
            }
        }

        return [.. lines];
    }

    private static string KeyOf(string line) => Key().Match(line).Value;

    private static string Tensors(string name, string expected, string found)
    {
        Checkpoint a = Checkpoint.Load(expected);
        Checkpoint b = Checkpoint.Load(found);
        if (a.Info.Step != b.Info.Step || !a.Names.Order(StringComparer.Ordinal).SequenceEqual(b.Names.Order(StringComparer.Ordinal)))
        {
            return $"{name} holds other tensors or another step";
        }

        return a.Names.FirstOrDefault(tensor => !a[tensor].Bytes.AsSpan().SequenceEqual(b[tensor].Bytes)) is { } different ? $"{name}: {different} differs"
            : "";
    }

    private Process Launch(bool resume, IEnumerable<(string Name, string Value)> variables)
    {
        ProcessStartInfo start = new(
            "dotnet",
            [
                s_program, "quickstart", "--seeds", "2", "--out", Folder, "--threads", Threads.ToString(System.Globalization.CultureInfo.InvariantCulture),
                .. Settings.SelectMany(text => (string[])["--set", text]), .. resume ? (string[])["--resume"] : [],
            ])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["XDG_CACHE_HOME"] = Caches;
        start.Environment["DOTNET_gcServer"] = "0";
        foreach ((string name, string value) in variables)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    private static Ended Wait(Process process)
    {
        using (process)
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            string error = process.StandardError.ReadToEnd();
            process.WaitForExit();
            output.Wait();
            return new Ended(process.ExitCode, error);
        }
    }

    [GeneratedRegex("[A-Za-z]+\"?:")]
    private static partial Regex Key();
}
