using System.Globalization;
using System.Text;
using HeteroAKD.Platform;

namespace HeteroAKD.Tensors;

/// <summary>
/// Opens input files. Links are followed. A path that is no regular file (a device, a pipe) is refused before it is opened, because reading it may never end.
/// A file that is larger than the caller can use is refused before it is read.
/// </summary>
internal static class RegularFile
{
    /// <summary>Opens a file for reading.</summary>
    /// <param name="path">The file, or a link to it.</param>
    /// <param name="maxBytes">A larger one is refused.</param>
    /// <exception cref="IOException">It is missing, cannot be read, is no regular file, or is larger; the text says which.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static FileStream OpenRead(string path, long maxBytes = long.MaxValue)
    {
        if (OtherKind(path) is { } kind)
        {
            throw new IOException($"it is {kind}, not a file");
        }

        FileStream stream = File.OpenRead(path);
        if (stream.Length <= maxBytes)
        {
            return stream;
        }

        using (stream)
        {
            throw new IOException(string.Create(CultureInfo.InvariantCulture, $"it has {stream.Length} bytes, and at most {maxBytes} are read"));
        }
    }

    /// <summary>Reads a text in UTF-8, or in UTF-16 or UTF-32 where it begins with their mark.</summary>
    /// <inheritdoc cref="OpenRead"/>
    public static string ReadText(string path, long maxBytes)
    {
        using StreamReader reader = new(OpenRead(path, maxBytes), Encoding.UTF8);
        return reader.ReadToEnd();
    }

    /// <summary>What a path leads to, in words, where that is there and neither a regular file nor a folder; null on systems that cannot be asked.</summary>
    public static string? OtherKind(string path) =>
        OperatingSystem.IsLinux() && !path.Contains('\0', StringComparison.Ordinal) ? LinuxFile.OtherKind(path) : null;
}
