namespace HeteroAKD.Data;

/// <summary>The files of a folder that are taken for images.</summary>
internal static class ImageFiles
{
    private static readonly string[] s_endings = [".png", ".jpg", ".jpeg", ".bmp", ".webp"];

    // What one of the codecs reads.
    private static readonly string[] s_managedEndings = [".tif", ".tiff"], s_skiaEndings = [".gif"];

    // What no codec here reads, but people keep pictures and masks in.
    private static readonly string[] s_unreadEndings =
        [".heic", ".heif", ".avif", ".jp2", ".jxl", ".tga", ".ppm", ".pgm", ".pnm", ".exr", ".npy", ".npz", ".mat", ".raw", ".dcm"];

    // What systems leave in folders beside what begins with a dot.
    private static readonly string[] s_systemNames = ["thumbs.db", "desktop.ini", "__macosx", "@eadir"];

    /// <summary>The endings, for error texts.</summary>
    public static string EndingText(ImageCodecKind codec) => string.Join(", ", EndingsOf(codec));

    /// <summary>
    /// Image files of a folder and of all folders below it, in the order of their paths: the same on every machine. Hidden files and folders are left out.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="codec">What reads them.</param>
    public static IEnumerable<string> In(string folder, ImageCodecKind codec) => Below(folder, EndingsOf(codec));

    /// <summary>Files that hold pictures, labels or arrays in a format that is not read, likewise.</summary>
    public static IEnumerable<string> UnreadIn(string folder, ImageCodecKind codec) => Below(folder, [.. s_unreadEndings, .. OthersEndings(codec)]);

    /// <summary>What to do about files of some endings: the codec that reads them, or a conversion.</summary>
    public static string RemedyOf(IEnumerable<string> endings, ImageCodecKind codec) =>
        endings.All(ending => OthersEndings(codec).Contains(ending, StringComparer.OrdinalIgnoreCase))
            ? $"Convert them to PNG or JPEG, or set data.codec: {(codec == ImageCodecKind.Skia ? "imageSharp" : "skia")}"
            : "Convert them to PNG or JPEG";

    /// <summary>Hidden files, likewise.</summary>
    public static IEnumerable<string> HiddenIn(string folder) => FilesBelow(folder).Where(IsHidden).Order(StringComparer.Ordinal);

    /// <summary>Whether a file or folder is one that people do not see: macOS writes "._photo.png" beside "photo.png".</summary>
    public static bool IsHidden(string path) =>
        Path.GetFileName(path) is var name && (name.StartsWith('.') || s_systemNames.Contains(name, StringComparer.OrdinalIgnoreCase));

    /// <summary>The name of an image or mask: its path below the folder without the ending, its parts joined by a slash.</summary>
    public static string NameOf(string folder, string file)
    {
        string path = Path.GetRelativePath(folder, file).Replace(Path.DirectorySeparatorChar, '/');
        return path[..^Path.GetExtension(path).Length];
    }

    private static string[] EndingsOf(ImageCodecKind codec) => [.. s_endings, .. codec == ImageCodecKind.Skia ? s_skiaEndings : s_managedEndings];

    private static string[] OthersEndings(ImageCodecKind codec) => codec == ImageCodecKind.Skia ? s_managedEndings : s_skiaEndings;

    private static IEnumerable<string> Below(string folder, string[] endings) =>
        FilesBelow(folder)
            .Where(file => !IsHidden(file) && endings.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase))
            .Order(StringComparer.Ordinal);

    private static IEnumerable<string> FilesBelow(string folder) =>
        Directory.EnumerateFiles(folder)
            .Concat(Directory.EnumerateDirectories(folder).Where(below => !IsHidden(below) && !LeadsBack(below)).SelectMany(FilesBelow));

    // A link to a folder above itself would be walked for ever.
    private static bool LeadsBack(string folder) =>
        new DirectoryInfo(folder).ResolveLinkTarget(returnFinalTarget: true) is { } target
        && (Path.GetFullPath(folder) + Path.DirectorySeparatorChar).StartsWith(
            Path.TrimEndingDirectorySeparator(target.FullName) + Path.DirectorySeparatorChar, StringComparison.Ordinal);
}
