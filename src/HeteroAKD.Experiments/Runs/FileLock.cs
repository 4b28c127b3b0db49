using System.Globalization;
using HeteroAKD.Tensors;

namespace HeteroAKD.Experiments.Runs;

/// <summary>
/// A lock for one process at a time. A process holds it while it keeps the file open; that the file exists means nothing. The system closes the file when the
/// process ends, however it ends, so a killed process blocks no other. A second file beside it names the owner, because a locked file cannot be read. The
/// lock's own file is never removed: otherwise two processes could hold the lock.
/// </summary>
internal sealed class FileLock : IDisposable
{
    private const string OwnerEnding = ".owner";
    private const int LinuxInUse = 11;                          // EWOULDBLOCK
    private const int MacInUse = 35;
    private const int WindowsInUse = unchecked((int)0x80070020);  // ERROR_SHARING_VIOLATION

    private readonly FileStream _hold;
    private readonly string _owner;
    private readonly string _self;

    private FileLock(FileStream hold, string owner)
    {
        (_hold, _owner) = (hold, owner);
        Left = Text(owner);
        _self = string.Create(
            CultureInfo.InvariantCulture, $"process {Environment.ProcessId} on {Environment.MachineName}, since {DateTime.UtcNow:yyyy-MM-dd HH:mm:ss.fff} UTC");
        AtomicFile.WriteText(owner, _self);
    }

    /// <summary>
    /// Who holds the lock by the file beside it now, where that is somebody else: the folder was removed and taken anew. Empty where nothing is said.
    /// </summary>
    public string Other => Text(_owner) is { } text && text != _self ? text : "";

    /// <summary>Which process held it last and was killed, such as "process 12 on host, since …"; empty where the last one left it in order.</summary>
    public string Left { get; }

    /// <summary>The files that a lock makes.</summary>
    public static IReadOnlyList<string> Files(string path) => [path, path + OwnerEnding];

    /// <summary>Takes the lock.</summary>
    /// <param name="path">Its file, in a folder that is there.</param>
    /// <param name="busy">What to say when another process holds it, from who that is.</param>
    /// <exception cref="StorageException">Another process holds it, or the folder cannot be written.</exception>
    public static FileLock Take(string path, Func<string, string> busy) => TryTake(path, out string owner) ?? throw new StorageException(busy(owner));

    /// <summary>Takes the lock; null where another process, which <paramref name="owner"/> names, holds it.</summary>
    /// <exception cref="StorageException">The folder cannot be written.</exception>
    public static FileLock? TryTake(string path, out string owner)
    {
        owner = "";
        FileStream? hold = null;
        try
        {
            hold = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
            return new FileLock(hold, path + OwnerEnding);
        }
        catch (IOException e) when (hold is null && e.HResult is LinuxInUse or MacInUse or WindowsInUse)
        {
            owner = Text(path + OwnerEnding) is { Length: > 0 } text ? text : "another process";
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            hold?.Dispose();
            throw new StorageException($"{path} could not be written: {e.Message}", e);
        }
        catch (StorageException)
        {
            hold?.Dispose();
            throw;
        }
    }

    /// <summary>Lets other processes in.</summary>
    public void Dispose()
    {
        // Tries twice, since a disk error may be temporary: an owner file that stays would make the next run report that this process was killed. If the folder
        // is gone or read-only now, nothing more is done; the next owner writes its own file.
        if (Other.Length == 0 && !TryDelete(_owner))
        {
            TryDelete(_owner);
        }

        _hold.Dispose();
    }

    private static bool TryDelete(string path)
    {
        try
        {
            File.Delete(path);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static string Text(string owner)
    {
        try
        {
            return File.Exists(owner) ? File.ReadAllText(owner) : "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return ""; // it was let go just now, or is nobody's to read
        }
    }
}
