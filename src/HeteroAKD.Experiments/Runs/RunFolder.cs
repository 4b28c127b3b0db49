using System.Globalization;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Weights;

namespace HeteroAKD.Experiments.Runs;

/// <summary>What to do with a run folder that already holds a run.</summary>
public enum RunMode
{
    /// <summary>Refuse.</summary>
    New,

    /// <summary>Go on with it.</summary>
    Resume,

    /// <summary>Delete the files that a run writes, keep all others, and start anew.</summary>
    Force,
}

/// <summary>The folder of one run: configuration, log, metrics, summary, checkpoints and pictures.</summary>
public sealed class RunFolder
{
    private static readonly string[] Written =
    [
        "config.yaml", "summary.json", "metrics.csv", "log.txt", "curves.png", "predictions.png", "knowledge.png",
        "reliability.csv", "reliability.png", "*.ckpt", "*.safetensors", ".*.tmp",
    ];

    private RunFolder(string path) => Path = path;

    /// <summary>The folder, absolute.</summary>
    public string Path { get; }

    /// <summary>A file in the folder.</summary>
    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Opens the folder of a run.</summary>
    /// <param name="path">The folder, or empty for the next free <c>runs/NAME-NNN</c> (with <see cref="RunMode.Resume"/>: the last used one).</param>
    /// <param name="name">Name of an automatic folder, usually the configuration's.</param>
    /// <param name="mode">What to do with a run that is there.</param>
    /// <exception cref="StorageException">The folder holds a run, or no run to resume, or cannot be made.</exception>
    public static RunFolder Open(string path, string name, RunMode mode)
    {
        string full = System.IO.Path.GetFullPath(path.Length > 0 ? path : AutomaticPath(name, mode));
        bool holdsRun = System.IO.File.Exists(System.IO.Path.Combine(full, "config.yaml"));
        switch (mode)
        {
            case RunMode.New when holdsRun:
                throw new StorageException($"{full} already holds a run; continue it with --resume, replace it with --force, or choose another --out");
            case RunMode.New when Directory.Exists(full) && Directory.EnumerateFileSystemEntries(full).Any():
                throw new StorageException($"{full} holds files that are not a run's; choose another --out, or add the run to them with --force");
            case RunMode.Resume when !holdsRun:
                throw new StorageException($"{full} holds no run to resume; leave out --resume, or name the run's folder with --out");
        }

        try
        {
            Directory.CreateDirectory(full);
            if (mode == RunMode.Force)
            {
                RemoveRun(full);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"the run folder {full} cannot be prepared: {e.Message}", e);
        }

        return new RunFolder(full);
    }

    /// <summary>Writes <c>config.yaml</c>, the mark of a run.</summary>
    public void WriteConfig(ExperimentConfig config) => AtomicFile.WriteText(File("config.yaml"), ConfigurationWriter.Write(config));

    /// <summary>Writes <c>summary.json</c>.</summary>
    public void WriteSummary(RunSummary summary) => AtomicFile.WriteText(File("summary.json"), summary.ToJson());

    private static string AutomaticPath(string name, RunMode mode)
    {
        const string runs = "runs";
        int last = 0;
        if (Directory.Exists(runs))
        {
            foreach (string folder in Directory.EnumerateDirectories(runs, name + "-*"))
            {
                string number = System.IO.Path.GetFileName(folder)[(name.Length + 1)..];
                if (int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int n))
                {
                    last = Math.Max(last, n);
                }
            }
        }

        int wanted = mode == RunMode.Resume ? Math.Max(last, 1) : last + 1;
        return System.IO.Path.Combine(runs, $"{name}-{wanted:D3}");
    }

    private static void RemoveRun(string folder)
    {
        foreach (string pattern in Written)
        {
            foreach (string file in Directory.EnumerateFiles(folder, pattern))
            {
                System.IO.File.Delete(file);
            }
        }
    }
}
