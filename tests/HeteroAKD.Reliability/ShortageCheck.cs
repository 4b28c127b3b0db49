using System.Diagnostics;
using System.Globalization;
using HeteroAKD.Training.Checkpoints;

namespace HeteroAKD.Reliability;

/// <summary>
/// Takes something away from an experiment in its middle: the disk, the right to write, its folder, its files, descriptors, memory. It must end with 1 and one
/// sentence or do without, leave its last checkpoints whole, and go on to the bits of the unbroken one.
/// </summary>
internal sealed class ShortageCheck(string root, int threads)
{
    // The first checkpoint of the second network: something is finished, something is under way, something has not begun.
    private static readonly string s_middle = Path.Combine("seed-1", "student-last.safetensors");

    /// <summary>Runs the check; returns the number of failures.</summary>
    public int Run()
    {
        FaultShim shim = new(root);
        SmallExperiment unbroken = new(Path.Combine(root, "unbroken"), threads);
        IReadOnlyList<FileCall> calls = shim.Trace(unbroken, Path.Combine(root, "trace"));
        int middle = 1 + calls.First(call => call.Name == "rename" && call.Path.EndsWith(s_middle, StringComparison.Ordinal)).Number;
        (string Name, bool Ends, Func<SmallExperiment, Ended> Run)[] shortages =
        [
            ("disk full", true, e => e.Start(shim.Variables(e, middle, "ENOSPC"))),
            ("read-only", true, e => e.Start(shim.Variables(e, middle, "EROFS"))),
            // The teacher is trained again after the others, and its rows stand behind theirs.
            ("folder taken", false, e => e.Start(s_middle, _ => Directory.Move(Path.Combine(e.Folder, "seed-1"), e.Folder + "-taken"))),
            ("files replaced", false, e => e.Start(s_middle, _ => ReplaceFiles(e.Folder))),
            ("descriptors", true, e => e.Start(s_middle, process => Limit(process, "nofile", 64))),
            ("memory", true, e => e.Start(s_middle, process => Limit(process, "data", 1 << 20))),
            ("file size", true, e => e.Start(s_middle, process => Limit(process, "fsize", 1 << 10))),
        ];
        int failures = 0;
        foreach ((string name, bool ends, Func<SmallExperiment, Ended> run) in shortages)
        {
            SmallExperiment experiment = new(Path.Combine(root, name.Replace(' ', '-')), threads);
            Ended end = run(experiment);
            string problem = Problem(end, ends, experiment);
            if (problem.Length == 0)
            {
                bool anyOrder = name == "folder taken";
                problem = end.Code == 0 ? experiment.DifferenceTo(unbroken, anyOrder) : experiment.GoOnTo(unbroken, anyOrder);
            }

            failures += problem.Length > 0 ? 1 : 0;
            Console.WriteLine($"{name,-15} code {end.Code}  {(problem.Length > 0 ? $"FAILED: {problem}" : Sentence(end))}");
        }

        Console.WriteLine(
            $"shortages: {shortages.Length - failures} of {shortages.Length} left whole checkpoints and ended with the bits of the unbroken experiment");
        return failures;
    }

    private static string Problem(Ended end, bool ends, SmallExperiment experiment)
    {
        string[] errors = [.. end.Error.Split('\n').Where(line => line.StartsWith("error", StringComparison.Ordinal))];
        return end.Code is not (0 or 1) || (ends && end.Code == 0) ? $"it ended with code {end.Code}: {end.Error.Trim().Split('\n')[^1]}"
            : errors.Length != end.Code ? $"{errors.Length} sentences: {string.Join("; ", errors)}"
            : end.IsInternal ? "an internal error"
            : end.Code == 0 ? "" : Broken(experiment);
    }

    // A checkpoint that cannot be read, or names another digest than it has.
    private static string Broken(SmallExperiment experiment)
    {
        foreach (string file in Directory.EnumerateFiles(experiment.Folder, "*.safetensors", SearchOption.AllDirectories))
        {
            try
            {
                Checkpoint.Load(file);
            }
            catch (CheckpointException e)
            {
                return e.Message;
            }
        }

        return "";
    }

    private static string Sentence(Ended end) =>
        end.Error.Split('\n')
            .LastOrDefault(line => line.StartsWith("error", StringComparison.Ordinal) || line.StartsWith("warning", StringComparison.Ordinal), "")
            .Trim();

    // What the run still writes. The teacher is finished: nobody else has its weights.
    private static void ReplaceFiles(string folder)
    {
        IEnumerable<string> files = Directory.EnumerateFiles(Path.Combine(folder, "seed-1"))
            .Where(file => Path.GetFileName(file) is { } name && name[0] != '.' && !name.StartsWith("teacher", StringComparison.Ordinal));
        foreach (string file in files)
        {
            string other = file + ".other";
            File.WriteAllText(other, "not what was here");
            File.Move(other, file, overwrite: true);
        }
    }

    private static void Limit(Process process, string what, long value)
    {
        using Process limit = Process.Start(
            "prlimit", ["--pid", process.Id.ToString(CultureInfo.InvariantCulture), string.Create(CultureInfo.InvariantCulture, $"--{what}={value}")]);
        limit.WaitForExit();
    }
}
