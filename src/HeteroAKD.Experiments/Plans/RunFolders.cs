using System.Diagnostics;
using System.Globalization;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Checkpoints;

namespace HeteroAKD.Experiments.Plans;

/// <summary>The run folders of a plan: what lies in them, and who may write there.</summary>
internal sealed class RunFolders : IDisposable
{
    private static readonly TimeSpan s_mostWait = TimeSpan.FromSeconds(120);

    private readonly FileLock _hold;

    /// <summary>Takes the folder for this process.</summary>
    /// <exception cref="StorageException">Another process runs this plan, or the folder cannot be made.</exception>
    public RunFolders(string root)
    {
        try
        {
            Directory.CreateDirectory(root);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"the folder {root} cannot be made: {e.Message}", e);
        }

        _hold = FileLock.Take(
            Path.Combine(root, ".running"), owner => $"another 'heteroakd experiment' works in {root} ({owner}); wait for it, or choose another --out");
    }

    /// <summary>Lets other processes in.</summary>
    public void Dispose() => _hold.Dispose();

    /// <summary>How a run begins: anew, or where it was interrupted if its folder holds this very experiment.</summary>
    public static RunMode ModeFor(PlannedRun run) => RunFolder.HoldsRun(run.Folder) && Holds(run) ? RunMode.Resume : RunMode.New;

    /// <summary>
    /// Makes room for a run that begins anew. What an earlier one of other settings left goes; a folder with anything else in it is kept under another name.
    /// </summary>
    public static void MakeRoom(PlannedRun run)
    {
        // First, so that a kill on the way leaves nothing that claims to be this run.
        if (File.Exists(BeginFile(run)))
        {
            File.Delete(BeginFile(run));
        }

        RunFiles files = RunFiles.In(run.Folder);
        if (files.Foreign.Count > 0)
        {
            int number = 1;
            while (Directory.Exists($"{run.Folder}.earlier-{number}"))
            {
                number++;
            }

            Directory.Move(run.Folder, $"{run.Folder}.earlier-{number}");
            return;
        }

        foreach (string name in files.Own.Concat(files.Leftovers))
        {
            File.Delete(Path.Combine(run.Folder, name));
        }
    }

    /// <summary>Whether a shared teacher is trained and lies there.</summary>
    public static bool IsReady(PlannedRun teacher) =>
        File.Exists(Path.Combine(teacher.Folder, "summary.json")) && File.Exists(PlanLayout.Checkpoint(teacher)) && Holds(teacher);

    /// <summary>Writes beside the folder what began the run there: programs of two commits may work on it.</summary>
    public static void Begin(PlannedRun run, string commit)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(run.Folder))!);
        AtomicFile.WriteText(
            BeginFile(run), string.Create(CultureInfo.InvariantCulture, $"format {Checkpoint.FormatVersion}\ncommit {commit}\nsettings {run.Hash}\n"));
    }

    /// <summary>The commit of a run's result: the one that began it, and the one that ended it if that is another.</summary>
    public static string Commit(PlannedRun run, string now) => Begun(run) is { Commit: { Length: > 0 } first } && first != now ? $"{first}..{now}" : now;

    /// <summary>Waits for a child of a killed experiment to save and leave the folder.</summary>
    /// <exception cref="StorageException">It is still there after <paramref name="most"/>, two minutes unless said otherwise.</exception>
    public static async Task WaitUntilFree(PlannedRun run, CancellationToken cancellation, TimeSpan? most = null)
    {
        string path = Path.Combine(run.Folder, RunFiles.Lock);
        long start = Stopwatch.GetTimestamp();
        while (File.Exists(path))
        {
            using (FileLock? free = FileLock.TryTake(path, out string owner))
            {
                if (free is not null)
                {
                    return;
                }

                if (Stopwatch.GetElapsedTime(start) >= (most ?? s_mostWait))
                {
                    throw new StorageException($"another process still works in {run.Folder} ({owner}); wait for it or end it, and call again");
                }
            }

            await Task.Delay(100, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Whether the configuration in the folder is the one that was planned.</summary>
    public static bool HasConfigurationOf(PlannedRun run)
    {
        string config = Path.Combine(run.Folder, "config.yaml");
        if (!File.Exists(config))
        {
            return false;
        }

        try
        {
            ExperimentConfig found = SavedConfiguration.WithoutPlace(ConfigurationReader.ReadFile(config));
            return ConfigurationWriter.Write(found) == ConfigurationWriter.Write(SavedConfiguration.WithoutPlace(run.Config));
        }
        catch (ConfigurationException)
        {
            return false;  // of another version of the program
        }
    }

    /// <summary>
    /// Whether the folder holds the run as it was planned, at any stage: its settings and, by the hash, its teacher and the files that it starts from.
    /// </summary>
    private static bool Holds(PlannedRun run) =>
        Begun(run) is { Format: Checkpoint.FormatVersion, Hash: var hash } && (hash.Length == 0 || hash == run.Hash) && HasConfigurationOf(run);

    // Programs before this one wrote no hash: the configuration then speaks alone.
    private static (int Format, string Commit, string Hash)? Begun(PlannedRun run)
    {
        if (!File.Exists(BeginFile(run)))
        {
            return null;
        }

        string[] lines = File.ReadAllLines(BeginFile(run));
        return lines.Length >= 2 && int.TryParse(lines[0].AsSpan(lines[0].IndexOf(' ') + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int format)
            ? (format, lines[1][(lines[1].IndexOf(' ') + 1)..], lines.Length > 2 ? lines[2][(lines[2].IndexOf(' ') + 1)..] : "")
            : null;
    }

    private static string BeginFile(PlannedRun run) => run.Folder + ".begun";
}
