using System.Collections.Concurrent;

namespace HeteroAKD.Reliability;

/// <summary>Which of all ways to break a call are tried.</summary>
/// <param name="Count">How many, spread evenly over all; 0 for every <paramref name="Parts"/>-th.</param>
/// <param name="First">The first of these, from 0.</param>
/// <param name="Parts">The step from one to the next.</param>
internal readonly record struct FaultShare(int Count, int First, int Parts)
{
    /// <summary>Some, spread evenly.</summary>
    public static FaultShare Spread(int count) => new(count, 0, 1);

    /// <summary>Part <paramref name="share"/>, from 1, of <paramref name="parts"/> that make up all.</summary>
    /// <exception cref="InvalidOperationException">There is no such part.</exception>
    public static FaultShare Part(int share, int parts) =>
        share <= parts ? new(0, share - 1, parts) : throw new InvalidOperationException($"--share {share} is more than --parts {parts}");

    /// <summary>Those of <paramref name="all"/> that are tried.</summary>
    public T[] Of<T>(IReadOnlyList<T> all)
    {
        (int count, int first, int parts) = this;
        return count > 0
            ? [.. Enumerable.Range(0, Math.Min(count, all.Count)).Select(i => all[(int)((long)i * all.Count / Math.Min(count, all.Count))])]
            : [.. all.Where((_, i) => i % parts == first)];
    }
}

/// <summary>Breaks an experiment at one file call, goes on, and holds what is left against the unbroken one.</summary>
internal sealed class FaultCheck(string root, int threads, int jobs)
{
    private const int Killed = 137;

    // Every call is broken in each of these ways; the last three tell the program, the first two do not.
    private static readonly string[] s_kinds = ["kill", "torn", "EIO", "ENOSPC", "EMFILE"];

    /// <summary>Runs the check; returns the number of failures.</summary>
    /// <param name="share">Which pairs of a call and a kind are tried.</param>
    public int Run(FaultShare share)
    {
        FaultShim shim = new(root);
        SmallExperiment unbroken = new(Path.Combine(root, "unbroken"), threads);
        IReadOnlyList<FileCall> calls = shim.Trace(unbroken, Path.Combine(root, "trace"));
        SmallExperiment again = new(Path.Combine(root, "again"), threads);
        again.Start().Well();
        if (again.DifferenceTo(unbroken) is { Length: > 0 } unlike)
        {
            Console.Error.WriteLine($"two unbroken experiments differ: {unlike}");
            return 1;
        }

        // Half a write differs from none for writes only; out of descriptors is an open's error.
        (FileCall Call, string Kind)[] all = [.. calls.SelectMany(call => s_kinds.Where(kind => Differs(call, kind)).Select(kind => (call, kind)))];
        (FileCall Call, string Kind)[] chosen = share.Of(all);
        Console.WriteLine($"{calls.Count} calls on files, {all.Length} ways to break one, {chosen.Length} tried");
        ConcurrentBag<(int Number, string Text)> failures = [];
        int done = 0;
        Parallel.ForEach(chosen, new ParallelOptions { MaxDegreeOfParallelism = jobs }, fault =>
        {
            if (Broken(shim, unbroken, fault.Call, fault.Kind) is { Length: > 0 } problem)
            {
                failures.Add(
                    (fault.Call.Number, $"{fault.Kind} at call {fault.Call.Number}, {fault.Call.Name} {Path.GetRelativePath(root, fault.Call.Path)}: "
                        + $"{problem}"));
            }

            if (Interlocked.Increment(ref done) is var n && (n % 50 == 0 || n == chosen.Length))
            {
                Console.WriteLine($"{n}/{chosen.Length}, {failures.Count} failed");
            }
        });
        foreach ((_, string text) in failures.OrderBy(f => f.Number))
        {
            Console.WriteLine(text);
        }

        Console.WriteLine($"faults: {chosen.Length - failures.Count} of {chosen.Length} ended with the bits of the unbroken experiment");
        return failures.Count;
    }

    private static bool Differs(FileCall call, string kind) => kind switch
    {
        "torn" => call.Name.Contains("write", StringComparison.Ordinal),
        "EMFILE" => call.Name == "open",
        _ => true,
    };

    private string Broken(FaultShim shim, SmallExperiment unbroken, FileCall call, string kind)
    {
        string folder = Path.Combine(root, $"{kind}-{call.Number}");
        SmallExperiment experiment = new(folder, threads);
        Ended first = experiment.Start(shim.Variables(experiment, call.Number, kind));
        string problem = Problem(first, kind);
        if (problem.Length == 0)
        {
            problem = first.Code == 0 ? experiment.DifferenceTo(unbroken) : experiment.GoOnTo(unbroken);
        }

        if (problem.Length == 0)
        {
            Directory.Delete(folder, recursive: true);
        }

        return problem;
    }

    // Errors end in one sentence, or not at all where the file is not needed.
    private static string Problem(Ended ended, string kind) => kind is "kill" or "torn"
        ? ended.Code is 0 or Killed ? "" : $"code {ended.Code}, {ended.LastError}"
        : ended.Code is not (0 or 1) ? $"code {ended.Code}, {ended.LastError}"
        : ended.IsInternal ? ended.LastError
        : "";
}
