using System.Text;

namespace HeteroAKD.Tensors;

/// <summary>
/// Every file of this program is written here, and is either the old one or the new one, whatever happens meanwhile: the content goes to a temporary file
/// beside the target, is forced to the disk and renamed over it. A symbolic link is followed first and stays; a device or FIFO is written to, never replaced.
/// </summary>
internal static class AtomicFile
{
    private const string TemporaryEnding = ".tmp";

    /// <summary>Where a file is prepared: one name a target, so a crash leaves at most one stale file and the next write clears it.</summary>
    public static string TemporaryPath(string path) =>
        Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, $".{Path.GetFileName(path)}{TemporaryEnding}");

    /// <summary>The name of the file that a temporary one was to become; null where the name is not of <see cref="TemporaryPath"/>.</summary>
    public static string? TargetOfTemporary(string name) =>
        name.Length > TemporaryEnding.Length + 1 && name[0] == '.' && name.EndsWith(TemporaryEnding, StringComparison.Ordinal)
            ? name[1..^TemporaryEnding.Length]
            : null;

    /// <summary>Replaces the file by what <paramref name="write"/> puts into the stream.</summary>
    /// <exception cref="StorageException">The disk is full or refuses; an earlier file is as it was.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        try
        {
            string target = RealPath.Of(path);
            if (IsSpecial(target))
            {
                WriteThrough(target, write);
            }
            else
            {
                Replace(target, TemporaryPath(target), write, flush: true);
            }
        }
        catch (Exception e) when (StorageException.IsRefusal(e))
        {
            throw StorageException.Of(path, e, File.Exists(path) && !IsSpecial(path) ? "; the earlier file is as it was" : "");
        }
    }

    /// <summary>Replaces the file by a text in UTF-8.</summary>
    /// <inheritdoc cref="Write"/>
    public static void WriteText(string path, string text) => Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)));

    /// <summary>
    /// Replaces an entry of a cache, which several threads and processes may write at once. Readers see it whole or not at all; it is not forced to the disk,
    /// since it can be made again.
    /// </summary>
    /// <exception cref="IOException">The disk is full or refuses.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written.</exception>
    public static void WriteCacheEntry(string path, Action<Stream> write)
    {
        try
        {
            Replace(path, $"{path}.{Environment.ProcessId}-{Environment.CurrentManagedThreadId}{TemporaryEnding}", write, flush: false);
        }
        catch (ArgumentOutOfRangeException e) when (StorageException.IsRefusal(e))
        {
            throw new IOException(StorageException.Of(path, e).Message, e); // as callers know a refusal
        }
    }

    // A device, a FIFO or a socket.
    private static bool IsSpecial(string path) => RegularFile.OtherKind(path) is not null;

    private static void Replace(string target, string temporary, Action<Stream> write, bool flush)
    {
        // Opened outside of the try: if this fails, the temporary file may be another writer's, and must not be removed.
        FileStream stream = new(temporary, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 1 << 16);
        try
        {
            using (stream)
            {
                write(stream);
                stream.Flush(flush);
            }

            File.Move(temporary, target, overwrite: true);
        }
        catch
        {
            RemoveTemporary(temporary);
            throw;
        }
    }

    private static void WriteThrough(string target, Action<Stream> write)
    {
        // What is written may want to know its place, which a FIFO does not have.
        using MemoryStream whole = new();
        write(whole);
        using FileStream stream = new(target, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        whole.WriteTo(stream);
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
