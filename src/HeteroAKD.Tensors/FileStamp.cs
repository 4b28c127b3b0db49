using System.Globalization;
using HeteroAKD.Platform;

namespace HeteroAKD.Tensors;

/// <summary>Tells a file from what stood at its path before, without reading it.</summary>
internal static class FileStamp
{
    /// <summary>
    /// Size and time of the last write and, on Linux, of the last change, which <c>cp -p</c> cannot set. Elsewhere a file that is replaced by one of the same
    /// size and time has the same stamp.
    /// </summary>
    /// <param name="file">A file that exists.</param>
    public static string Of(FileInfo file)
    {
        string stamp = string.Create(CultureInfo.InvariantCulture, $"{file.Length} {file.LastWriteTimeUtc.Ticks}");
        return OperatingSystem.IsLinux() && LinuxFile.Changed(file.FullName) is { } changed
            ? string.Create(CultureInfo.InvariantCulture, $"{stamp} {changed.Seconds}.{changed.Nanoseconds:D9}")
            : stamp;
    }
}
