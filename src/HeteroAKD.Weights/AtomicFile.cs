using System.Text;

namespace HeteroAKD.Weights;

/// <summary>
/// Files that are either the old one or the new one, whatever happens while they are written: the content goes to a temporary
/// file beside the target, is forced to the disk and renamed over it.
/// </summary>
public static class AtomicFile
{
    private const int LinuxNoSpace = 28;                           // ENOSPC
    private const int LinuxQuota = 122;                            // EDQUOT
    private const int WindowsDiskFull = unchecked((int)0x80070070);  // ERROR_DISK_FULL

    /// <summary>Where a file is prepared: one name a target, so a crash leaves at most one stale file and the next write clears it.</summary>
    public static string TemporaryPath(string path) =>
        Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, $".{Path.GetFileName(path)}.tmp");

    /// <summary>Replaces the file by what <paramref name="write"/> puts into the stream.</summary>
    /// <exception cref="StorageException">The disk is full or refuses; an earlier file is as it was.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        string temporary = TemporaryPath(path);
        try
        {
            using (var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 1 << 16))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception e)
        {
            RemoveTemporary(temporary);
            if (e is IOException or UnauthorizedAccessException)
            {
                throw new StorageException(Sentence(path, e), e);
            }

            throw;
        }
    }

    /// <summary>Replaces the file by a text in UTF-8.</summary>
    /// <inheritdoc cref="Write"/>
    public static void WriteText(string path, string text) => Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)));

    private static string Sentence(string path, Exception e)
    {
        string reason = e.HResult is LinuxNoSpace or LinuxQuota or WindowsDiskFull ? "the disk is full; free some space or choose another --out" : e.Message;
        string earlier = File.Exists(path) ? "; the earlier file is as it was" : "";
        return $"{path} could not be written: {reason}{earlier}";
    }

    private static void RemoveTemporary(string temporary)
    {
        try
        {
            File.Delete(temporary);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The failure that brought us here is the one to report; the next write replaces this file.
        }
    }
}
