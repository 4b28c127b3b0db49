using System.Diagnostics;

namespace HeteroAKD.Reliability;

/// <summary>One thing that a process does to a file.</summary>
/// <param name="Number">Its place in the sequence, from 1.</param>
/// <param name="Name">open, write, fsync, rename and so on.</param>
/// <param name="Path">The file.</param>
internal sealed record FileCall(int Number, string Name, string Path);

/// <summary>The preloaded library that counts calls and breaks one of them (<c>faults.c</c>).</summary>
internal sealed class FaultShim
{
    private readonly string _library;

    /// <summary>Compiles it.</summary>
    /// <exception cref="InvalidOperationException">There is no C compiler, or this is no Linux.</exception>
    public FaultShim(string folder)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new InvalidOperationException("faults are injected on Linux only (LD_PRELOAD)");
        }

        _library = Path.Combine(folder, "faults.so");
        string source = Path.Combine(AppContext.BaseDirectory, "faults.c");
        using Process compiler = Process.Start(
            new ProcessStartInfo("cc", ["-shared", "-fPIC", "-O1", "-o", _library, source, "-ldl"]) { RedirectStandardError = true })
            ?? throw new InvalidOperationException("no C compiler");
        string error = compiler.StandardError.ReadToEnd();
        compiler.WaitForExit();
        if (compiler.ExitCode != 0)
        {
            throw new InvalidOperationException($"faults.c does not compile: {error}");
        }
    }

    /// <summary>Environment of a process whose call of a number breaks.</summary>
    public IEnumerable<(string Name, string Value)> Variables(SmallExperiment experiment, int at, string kind) =>
    [
        ("LD_PRELOAD", _library), ("HETEROAKD_FAULT_BELOW", $"{experiment.Folder}:{experiment.Caches}"), ("HETEROAKD_FAULT_KIND", kind),
        ("HETEROAKD_FAULT_AT", at.ToString(System.Globalization.CultureInfo.InvariantCulture)),
    ];

    /// <summary>Runs an experiment unbroken and lists its calls.</summary>
    /// <exception cref="InvalidOperationException">It did not end well.</exception>
    public IReadOnlyList<FileCall> Trace(SmallExperiment experiment, string file)
    {
        experiment.Start([.. Variables(experiment, 0, ""), ("HETEROAKD_FAULT_TRACE", file)]).Well();
        FileCall[] calls =
        [
            .. File.ReadLines(file).Select(line => line.Split(' ', 3)).Select(
                p => new FileCall(int.Parse(p[0], System.Globalization.CultureInfo.InvariantCulture), p[1], p[2]))
        ];
        return [.. calls.OrderBy(c => c.Number)];
    }
}
