using System.Globalization;
using System.Text;
using System.Text.Json;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Tensors;

namespace HeteroAKD.Experiments.Runs;

/// <summary>What to do with a run folder that already holds a run.</summary>
public enum RunMode
{
    /// <summary>Refuse.</summary>
    New,

    /// <summary>Go on with it.</summary>
    Resume,

    /// <summary>Go on with it although its data, or files that it began from, are no longer the same.</summary>
    ResumeChanged,

    /// <summary>Replace the files that a run writes, and start anew; refuse where there is any other file.</summary>
    Force,
}

/// <summary>The folder of one run: configuration, log, metrics, summary, checkpoints and pictures. While it is open, no other process can work in it.</summary>
public sealed class RunFolder : IDisposable
{
    private readonly RunMode _mode;
    private FileLock _lock;
    private readonly SortedSet<string> _expected = new(StringComparer.Ordinal);
    private string _config = "";

    private RunFolder(string path, RunMode mode, FileLock hold) => (Path, _mode, _lock) = (path, mode, hold);

    /// <summary>The folder, absolute.</summary>
    public string Path { get; }

    /// <summary>Whether the run goes on.</summary>
    public bool Resumes => _mode is RunMode.Resume or RunMode.ResumeChanged;

    /// <summary>Whether it goes on although its inputs changed.</summary>
    public bool AcceptsChanges => _mode == RunMode.ResumeChanged;

    /// <summary>The process that worked here before and was killed; empty for none.</summary>
    public string Left => _lock.Left;

    /// <summary>A file in the folder.</summary>
    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Takes the folder of a run for this process. Nothing in it is changed before <see cref="Begin"/>.</summary>
    /// <param name="path">The folder, or empty for the next free <c>runs/NAME-NNN</c> (to resume: the last used one).</param>
    /// <param name="name">Name of an automatic folder, usually the configuration's.</param>
    /// <param name="mode">What to do with a run that is there.</param>
    /// <exception cref="StorageException">The folder holds a run, or no run to resume, or files that no run wrote; another process works in it; or it cannot be
    /// made.</exception>
    public static RunFolder Open(string path, string name, RunMode mode)
    {
        if (path.Length == 0 && mode is RunMode.New or RunMode.Force)
        {
            return OpenNext(name, mode);
        }

        string full = System.IO.Path.GetFullPath(path.Length > 0 ? path : AutomaticPath(name, Math.Max(LastNumber(name, HoldsRun), 1)));
        Require(full, mode);
        Make(full);
        FileLock hold = FileLock.Take(
            System.IO.Path.Combine(full, RunFiles.Lock), owner => $"a run is going on in {full} ({owner}); wait for it, or choose another --out");
        try
        {
            Require(full, mode); // again, now that nobody else can change it
        }
        catch
        {
            hold.Dispose();
            throw;
        }

        return new RunFolder(full, mode, hold);
    }

    /// <summary>Whether there is a run in a folder, or what is left of one.</summary>
    public static bool HoldsRun(string path) => RunFiles.In(path) is { } files && files.Own.Count + files.Leftovers.Count > 0;

    /// <summary>
    /// Begins the run, or goes on with it: removes what is to be replaced and what a kill left, and writes <c>config.yaml</c>, the mark of a run.
    /// </summary>
    /// <exception cref="StorageException">The disk is full or refuses.</exception>
    /// <param name="config">The run's configuration.</param>
    public void Begin(ExperimentConfig config)
    {
        _config = ConfigurationWriter.Write(config);
        RunFiles files = RunFiles.In(Path);
        // config.yaml is deleted last: if the process is killed in between, the folder still counts as a run.
        IEnumerable<string> replaced = _mode == RunMode.Force ? files.Own.OrderBy(name => name == RunFiles.Config) : [];
        try
        {
            foreach (string name in files.Leftovers.Where(name => AtomicFile.TargetOfTemporary(name) is not null).Concat(replaced))
            {
                System.IO.File.Delete(File(name));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"the run folder {Path} cannot be prepared: {e.Message}", e);
        }

        AtomicFile.WriteText(File(RunFiles.Config), _config);
    }

    /// <summary>Writes <c>summary.json</c>.</summary>
    public void WriteSummary(RunSummary summary) => AtomicFile.WriteText(File(RunFiles.Summary), summary.ToJson());

    /// <summary>Keeps the seconds that a network's training took up to its last checkpoint, which are no part of the result.</summary>
    public void WriteSeconds(string role, double seconds)
    {
        Dictionary<string, double> all = new(ReadSeconds(Path)) { [role] = seconds };
        AtomicFile.WriteText(File(RunFiles.Seconds), JsonSerializer.Serialize(all, JsonText.Options) + "\n");
    }

    /// <summary>The seconds that <see cref="WriteSeconds"/> kept, by network; none where the file is not there or broken.</summary>
    public static IReadOnlyDictionary<string, double> ReadSeconds(string folder)
    {
        try
        {
            string path = System.IO.Path.Combine(folder, RunFiles.Seconds);
            return System.IO.File.Exists(path)
                ? JsonSerializer.Deserialize<Dictionary<string, double>>(System.IO.File.ReadAllText(path), JsonText.Options) ?? []
                : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return new Dictionary<string, double>(); // only a time is lost
        }
    }

    /// <summary>
    /// Writes the configuration again if somebody removed it, the whole folder perhaps, or put another file there, and takes the folder again; returns whether
    /// it had to.
    /// </summary>
    /// <exception cref="StorageException">It cannot be written, or another process works there now.</exception>
    public bool Restore()
    {
        if (_lock.Other is { Length: > 0 } other)
        {
            throw new StorageException(
                $"{Path} was removed while a run went on in it, and is in use again ({other}); this run ends, and the files are that one's");
        }

        if (_config.Length == 0 || (new FileInfo(File(RunFiles.Config)) is { Exists: true } there && there.Length == Encoding.UTF8.GetByteCount(_config)))
        {
            return false;
        }

        Make(Path);
        if (!System.IO.File.Exists(File(RunFiles.Lock)))
        {
            _lock.Dispose();
            _lock = FileLock.Take(File(RunFiles.Lock), owner => $"{Path} was removed while a run went on in it, and is in use again ({owner})");
        }

        AtomicFile.WriteText(File(RunFiles.Config), _config);
        return true;
    }

    /// <summary>Notes a checkpoint that is about to be written and should be there at the end of the run.</summary>
    public void Expect(string file) => _expected.Add(file);

    /// <summary>Checkpoints of this run that somebody removed while it went on.</summary>
    public IReadOnlyList<string> Missing() => [.. _expected.Where(file => !System.IO.File.Exists(File(file)))];

    /// <summary>Lets other processes in.</summary>
    public void Dispose() => _lock.Dispose();

    // Several runs may start at the same time: a number belongs to the run that holds the lock of its folder.
    private static RunFolder OpenNext(string name, RunMode mode)
    {
        for (int number = LastNumber(name) + 1; ; number++)
        {
            string full = System.IO.Path.GetFullPath(AutomaticPath(name, number));
            Make(full);
            FileLock? hold = FileLock.TryTake(System.IO.Path.Combine(full, RunFiles.Lock), out _);
            if (hold is not null && RunFiles.In(full).IsBlank)
            {
                return new RunFolder(full, mode, hold);
            }

            hold?.Dispose();
        }
    }

    private static void Require(string full, RunMode mode)
    {
        RunFiles files = RunFiles.In(full);
        switch (mode)
        {
            case RunMode.New when files.Own.Contains(RunFiles.Config):
                throw new StorageException($"{full} already holds a run; continue it with --resume, replace it with --force, or choose another --out");
            case RunMode.New when !files.IsBlank:
                throw new StorageException(
                    $"{full} holds files that are not a run's ({RunFiles.Some([.. files.Foreign, .. files.Own])}); choose another --out");
            case RunMode.Resume or RunMode.ResumeChanged when files.Own.Count == 0 && files.Leftovers.Count == 0:
                throw new StorageException($"{full} holds no run to resume; leave out --resume, or name the run's folder with --out");
            case RunMode.Force when files.Foreign.Count > 0:
                throw new StorageException(
                    $"--force replaces the files of a run alone, and {full} holds others ({RunFiles.Some(files.Foreign)}); move them away, or choose "
                        + "another --out. Nothing was changed");
            case RunMode.Force when files.Own.Count > 0 && !files.Own.Contains(RunFiles.Config):
                throw new StorageException(
                    $"--force replaces a run, and {full} has no {RunFiles.Config} of one beside {RunFiles.Some(files.Own)}; move them away, or choose "
                        + "another --out. Nothing was changed");
        }
    }

    private static void Make(string full)
    {
        try
        {
            Directory.CreateDirectory(full);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"the run folder {full} cannot be prepared: {e.Message}", e);
        }
    }

    private static string AutomaticPath(string name, int number) => System.IO.Path.Combine("runs", $"{name}-{number:D3}");

    private static int LastNumber(string name, Predicate<string>? counts = null) =>
        !Directory.Exists("runs") ? 0 : Directory.EnumerateDirectories("runs", name + "-*")
        .Where(folder => counts?.Invoke(folder) ?? true)
        .Select(
            folder => int.TryParse(System.IO.Path.GetFileName(folder)[(name.Length + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out int n) ? n : 0)
        .DefaultIfEmpty().Max();
}
