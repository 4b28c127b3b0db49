namespace HeteroAKD.Data;

/// <summary>The files of a folder that are taken for images.</summary>
internal static class ImageFiles
{
    private static readonly string[] Endings = [".png", ".jpg", ".jpeg"];

    /// <summary>The endings, for error texts.</summary>
    public static string EndingText => string.Join(", ", Endings);

    /// <summary>PNG and JPEG files of a folder, without those of folders in it, in the order of their names: the same on every machine.</summary>
    public static IEnumerable<string> In(string folder) =>
        Directory.EnumerateFiles(folder)
            .Where(file => Endings.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase))
            .Order(StringComparer.Ordinal);
}
