namespace HeteroAKD.Data;

/// <summary>Collects the splits of one data set while its layout looks for them.</summary>
internal sealed class SplitFinder(DatasetLayout layout, string root)
{
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
    public IEnumerable<string> Images(string folder) => Directory.Exists(PathOf(folder)) ? ImageFiles.In(PathOf(folder)) : [];

    /// <summary>Each image of a folder with the PNG of the same name in another folder; a label that is not there keeps the path it should have.</summary>
    /// <exception cref="DatasetException">Two images, or two labels, have one name.</exception>
    public FilePair[] SameNames(string images, string labels)
    {
        var imageOf = ByName(Images(images), images);
        var labelOf = ByName(Images(labels).Where(file => Path.GetExtension(file).Equals(".png", StringComparison.OrdinalIgnoreCase)), labels);
        var leftOver = labelOf.Where(label => !imageOf.ContainsKey(label.Key)).Select(label => label.Value).Order(StringComparer.Ordinal).ToArray();
        if (leftOver.Length > 0)
        {
            Warn($"{leftOver.Length} labels have no image in {PathOf(images)}: first {leftOver[0]}");
        }
        return [.. imageOf.Select(image => new FilePair(image.Value, labelOf.GetValueOrDefault(image.Key) ?? PathOf(Path.Combine(labels, image.Key + ".png"))))];
    }

    /// <summary>Notes something unusual, once.</summary>
    public void Warn(string warning)
    {
        if (!Warnings.Contains(warning))
        {
            Warnings.Add(warning);
        }
    }

    /// <summary>The lines of a list that are not empty, as fields; none where the list is missing.</summary>
    public IEnumerable<string[]> ListLines(string list) =>
        !File.Exists(PathOf(list)) ? [] : TextLines.Read(PathOf(list))
            .Where(line => line.Length > 0)
            .Select(line => line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    // Names without endings, in the order of the files.
    private Dictionary<string, string> ByName(IEnumerable<string> files, string folder)
    {
        var named = new Dictionary<string, string>();
        foreach (var file in files)
        {
            var name = Path.GetFileNameWithoutExtension(file);
            if (!named.TryAdd(name, file))
            {
                throw new DatasetException(PathOf(folder), $"{Path.GetFileName(named[name])} and {Path.GetFileName(file)} have one name", "Rename or remove one of them");
            }
        }
        return named;
    }
}
