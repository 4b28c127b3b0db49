namespace HeteroAKD.Data;

/// <summary>The files of a folder that are taken for images.</summary>
internal static class ImageFiles
{
    private static readonly string[] Endings = [".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif", ".tif", ".tiff"]; // each is read by one of the codecs

    // What no codec here reads, but people keep pictures and masks in.
    private static readonly string[] UnreadEndings =
        [".heic", ".heif", ".avif", ".jp2", ".jxl", ".tga", ".ppm", ".pgm", ".pnm", ".exr", ".npy", ".npz", ".mat", ".raw", ".dcm"];

    // What systems leave in folders beside what begins with a dot.
    private static readonly string[] SystemNames = ["thumbs.db", "desktop.ini", "__macosx", "@eadir"];

    /// <summary>The endings, for error texts.</summary>
    public static string EndingText => string.Join(", ", Endings);

    /// <summary>Image files of a folder and of all folders below it, in the order of their paths: the same on every machine. Hidden files and folders are left out.</summary>
    public static IEnumerable<string> In(string folder) => Below(folder, Endings);

    /// <summary>Files that hold pictures, labels or arrays in a format that is not read, likewise.</summary>
    public static IEnumerable<string> UnreadIn(string folder) => Below(folder, UnreadEndings);

    /// <summary>Hidden files, likewise.</summary>
    public static IEnumerable<string> HiddenIn(string folder) => FilesBelow(folder).Where(IsHidden).Order(StringComparer.Ordinal);

    /// <summary>Whether a file or folder is one that people do not see: macOS writes "._photo.png" beside "photo.png".</summary>
    public static bool IsHidden(string path) =>
        Path.GetFileName(path) is var name && (name.StartsWith('.') || SystemNames.Contains(name, StringComparer.OrdinalIgnoreCase));

    /// <summary>The name of an image or mask: its path below the folder without the ending, its parts joined by a slash.</summary>
    public static string NameOf(string folder, string file)
    {
        var path = Path.GetRelativePath(folder, file).Replace(Path.DirectorySeparatorChar, '/');
        return path[..^Path.GetExtension(path).Length];
    }

    private static IEnumerable<string> Below(string folder, string[] endings) =>
        FilesBelow(folder).Where(file => !IsHidden(file) && endings.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase)).Order(StringComparer.Ordinal);

    private static IEnumerable<string> FilesBelow(string folder) =>
        Directory.EnumerateFiles(folder)
            .Concat(Directory.EnumerateDirectories(folder).Where(below => !IsHidden(below) && !LeadsBack(below)).SelectMany(FilesBelow));

    // A link to a folder above itself would be walked for ever.
    private static bool LeadsBack(string folder) =>
        new DirectoryInfo(folder).ResolveLinkTarget(returnFinalTarget: true) is { } target
        && (Path.GetFullPath(folder) + Path.DirectorySeparatorChar).StartsWith(Path.TrimEndingDirectorySeparator(target.FullName) + Path.DirectorySeparatorChar, StringComparison.Ordinal);
}
