namespace HeteroAKD.Data;

/// <summary>Collects the splits of one data set while its layout looks for them.</summary>
internal sealed class SplitFinder(DatasetLayout layout, string root)
{
    private static readonly string[] ImageEndings = [".png", ".jpg", ".jpeg"];

    /// <summary>The folder that paths begin at.</summary>
    public string Root { get; } = root;

    /// <summary>The splits that are there, in the order in which they were added.</summary>
    public Dictionary<string, PairDataset> Splits { get; } = [];

    /// <summary>Where the missing ones were looked for.</summary>
    public Dictionary<string, string> LookedFor { get; } = [];

    /// <summary>Sentences on what is unusual.</summary>
    public List<string> Warnings { get; } = [];

    /// <summary>Adds a split, or notes that nothing of it is there.</summary>
    /// <param name="split">"train", "val" or "test".</param>
    /// <param name="source">The folder or list that names its pairs, relative to the root.</param>
    /// <param name="pairs">None where it is missing.</param>
    /// <param name="classes">Classes and ignored id.</param>
    /// <param name="map">What stored ids mean; null where they are class ids.</param>
    public void Add(string split, string source, IEnumerable<FilePair> pairs, ClassSet classes, LabelMap? map = null)
    {
        FilePair[] found = [.. pairs];
        if (found.Length > 0)
        {
            Splits.Add(split, new PairDataset($"{layout.Name} {split} ({PathOf(source)})", found, classes, map));
        }
        else
        {
            LookedFor[split] = PathOf(source);
        }
    }

    /// <summary>A path below the root.</summary>
    public string PathOf(string relative) => Path.Combine(Root, relative);

    /// <summary>The first of several folders that exists, or the first where none does.</summary>
    public string FirstFolder(params ReadOnlySpan<string> candidates)
    {
        foreach (var candidate in candidates)
        {
            if (Directory.Exists(PathOf(candidate)))
            {
                return candidate;
            }
        }
        return candidates[0];
    }

    /// <summary>The first of several files that exists, or null.</summary>
    public string? FirstFile(params ReadOnlySpan<string> candidates)
    {
        foreach (var candidate in candidates)
        {
            if (File.Exists(PathOf(candidate)))
            {
                return candidate;
            }
        }
        return null;
    }

    /// <summary>Images of a folder in the order of their names, the same on every machine; none where the folder is missing.</summary>
    public IEnumerable<string> Images(string folder) =>
        !Directory.Exists(PathOf(folder)) ? [] : Directory.EnumerateFiles(PathOf(folder))
            .Where(file => ImageEndings.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase))
            .Order(StringComparer.Ordinal);

    /// <summary>Each image of a folder with the PNG of the same name in another folder.</summary>
    public IEnumerable<FilePair> SameNames(string images, string labels) =>
        Images(images).Select(image => new FilePair(image, PathOf(Path.Combine(labels, Path.GetFileNameWithoutExtension(image) + ".png"))));

    /// <summary>The lines of a list that are not empty, as fields; none where the list is missing.</summary>
    public IEnumerable<string[]> ListLines(string list) =>
        !File.Exists(PathOf(list)) ? [] : TextLines.Read(PathOf(list))
            .Where(line => line.Length > 0)
            .Select(line => line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}
