using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Runs;

/// <summary>What lies in a folder, sorted by whose it is. Only a run's own files are ever replaced or removed.</summary>
/// <param name="Own">Names of files that a run writes.</param>
/// <param name="Leftovers">Names of files that a kill left: temporary ones, and those that hold nothing yet.</param>
/// <param name="Foreign">Names of everything else, folders too.</param>
internal sealed record RunFiles(IReadOnlyList<string> Own, IReadOnlyList<string> Leftovers, IReadOnlyList<string> Foreign)
{
    /// <summary>The mark of a run: every option as it was resolved.</summary>
    public const string Config = "config.yaml";

    /// <summary>What happened.</summary>
    public const string Log = "log.txt";

    /// <summary>Every logged number.</summary>
    public const string Metrics = "metrics.csv";

    /// <summary>The result.</summary>
    public const string Summary = "summary.json";

    /// <summary>Seconds of training up to the last checkpoint of each network.</summary>
    public const string Seconds = "seconds.json";

    /// <summary>Held by the process that works in the folder.</summary>
    public const string Lock = ".lock";

    // The section that was added last. Configurations written before that have all the others.
    private const string NewestSection = "report";

    private static readonly HashSet<string> s_ownNames =
    [
        Config, Log, Metrics, Summary, Seconds, ReliabilityFile.Name, TensorBoardFile.Name, "reliability.png", "curves.png", "predictions.png", "knowledge.png",
        RunPage.Name,
        .. NetworkRoles.All.SelectMany(NetworkTrainer.Files),
    ];

    private static readonly HashSet<string> s_lockNames = [.. FileLock.Files(Lock)];

    /// <summary>Whether a run writes a file of this name.</summary>
    public static bool IsOwn(string name) => s_ownNames.Contains(name);

    /// <summary>Sorts the content of a folder; one that is not there holds nothing.</summary>
    public static RunFiles In(string folder)
    {
        RunFiles files = new([], [], []);
        if (!Directory.Exists(folder))
        {
            return files;
        }

        ILookup<int, string> sorted = Directory.EnumerateFileSystemEntries(folder).Order(StringComparer.Ordinal)
            .ToLookup(path => Directory.Exists(path) ? 2 : Kind(path), path => Path.GetFileName(path));
        return new RunFiles([.. sorted[0]], [.. sorted[1]], [.. sorted[2]]);
    }

    /// <summary>Nothing is there, or nothing but what a kill before the first file left.</summary>
    public bool IsBlank => Own.Count == 0 && Foreign.Count == 0;

    /// <summary>Names for a sentence: the first three, and how many there are more.</summary>
    public static string Some(IReadOnlyList<string> names) => string.Join(", ", names.Take(3)) + (names.Count > 3 ? $" and {names.Count - 3} more" : "");

    /// <summary>Whether a run wrote a configuration, and to its end: a person names a few options, a run those of every section.</summary>
    public static bool IsWrittenByARun(string path)
    {
        HashSet<string> keys = [.. File.ReadLines(path).Select(line => line.Split(':')[0])];
        string[] sections = [.. ConfigurationKeys.Of(typeof(ExperimentConfig)).Where(ConfigurationKeys.IsSection).Select(o => o.Key)];
        return sections.Where(section => section != NewestSection).All(keys.Contains);
    }

    // 0: own, 1: left over, 2: foreign, 3: a lock, which says nothing of a run.
    private static int Kind(string path)
    {
        string name = Path.GetFileName(path);
        string final = AtomicFile.TargetOfTemporary(name) ?? name;
        return s_lockNames.Contains(final) ? 3
            : final != name && IsOwn(final) ? 1
            : !IsOwn(name) ? 2
            : new FileInfo(path).Length == 0 ? 1
            : name == Config && !IsWrittenByARun(path) ? 2
            : 0;
    }
}
