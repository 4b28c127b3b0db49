namespace HeteroAKD.Data;

/// <summary>What a layout may be asked for beyond its folder.</summary>
public sealed record LayoutOptions
{
    /// <summary>Share of the images that validate where a folder names no splits, above 0 and below 1.</summary>
    public double ValFraction { get; init; } = 0.1;

    /// <summary>Seed of that choice.</summary>
    public ulong Seed { get; init; }

    /// <summary>What stored labels mean, given the classes; null where they are class ids. For layouts whose classes a file names.</summary>
    public Func<ClassSet, LabelMap>? Map { get; init; }

    /// <summary>Decodes the images; null for <see cref="ImageCodec.Usual"/>, which turns them upright.</summary>
    public IImageCodec? Codec { get; init; }
}

/// <summary>The official folder structure of a data set: where images and labels lie, which classes they show and how many there should be.</summary>
public abstract class DatasetLayout
{
    /// <summary>Every layout, the ones with the clearest marks first.</summary>
    public static IReadOnlyList<DatasetLayout> All { get; } =
        [new CityscapesLayout(), new VocLayout(), new Ade20kLayout(), new CocoStuffLayout(), new CamVidLayout(), new FolderLayout(), new ListLayout()];

    /// <summary>The word that options use.</summary>
    public abstract string Kind { get; }

    /// <summary>The name that reports use.</summary>
    public abstract string Name { get; }

    /// <summary>The classes where the set has the same ones everywhere; null where a file beside the images names them.</summary>
    public virtual ClassSet? PublishedClasses => null;

    /// <summary>Images of each split of the published set; a split that is not here may have any number.</summary>
    protected virtual IReadOnlyDictionary<string, int> OfficialSizes => new Dictionary<string, int>();

    /// <summary>False where the labels of "test" are kept secret.</summary>
    protected virtual bool HasTestTruth => true;

    /// <summary>The layout of a word.</summary>
    /// <exception cref="DatasetException">There is none.</exception>
    public static DatasetLayout Of(string kind) =>
        All.FirstOrDefault(layout => layout.Kind == kind)
        ?? throw new DatasetException(null, $"there is no kind of data set '{kind}'", "Take one of " + string.Join(", ", All.Select(layout => layout.Kind)));

    /// <summary>The layout that a folder has.</summary>
    /// <exception cref="DatasetException">The folder does not exist, or has none of the layouts.</exception>
    public static DatasetLayout Detect(string root)
    {
        RequireFolder(root);
        return All.FirstOrDefault(layout => layout.IsAt(root))
            ?? throw new DatasetException(
                root,
                "no known data set; looked for " + string.Join("; ", All.Select(layout => $"{layout.Marks} ({layout.Kind})")),
                "Give the folder that holds these, or make train.txt, val.txt and classes.txt for it");
    }

    /// <summary>Finds the files of every split. No image is read.</summary>
    /// <exception cref="DatasetException">Nothing of the data set is there; the text lists what was looked for.</exception>
    public DatasetSplits Open(string root, LayoutOptions? options = null)
    {
        RequireFolder(root);
        options ??= new LayoutOptions();
        if (options.Map is not null && PublishedClasses is not null)
        {
            throw new DatasetException(root, $"{Name} knows what its labels store", "Leave data.storedLabels out");
        }
        SplitFinder finder = new(this, BaseOf(root), options);
        Find(finder, options);
        if (finder.Splits.Count == 0)
        {
            throw new DatasetException(
                root,
                string.Join("; ", [$"no image of {Name} is there", "looked for " + string.Join("; ", finder.LookedFor.Values.Distinct()), .. finder.Warnings]),
                "Give the folder that holds these, or another data.kind");
        }
        foreach ((string? split, int size) in OfficialSizes)
        {
            if (finder.Splits.TryGetValue(split, out PairDataset? found) && found.Count != size)
            {
                finder.Warnings.Add($"{Name} {split} has {found.Count} of {size} images");
            }
        }
        return new DatasetSplits(Name, root, finder.Splits.Values.First().Classes, finder.Splits, finder.Warnings)
        {
            HasTestTruth = HasTestTruth,
            LookedFor = finder.LookedFor,
            Notes = finder.Notes,
        };
    }

    /// <summary>What tells the layout from others, in words.</summary>
    protected abstract string Marks { get; }

    /// <summary>Whether a folder has the layout.</summary>
    protected abstract bool IsAt(string root);

    /// <summary>The folder that paths begin at, where the one that is given may be one above it.</summary>
    protected virtual string BaseOf(string root) => root;

    /// <summary>Adds every split that is there.</summary>
    private protected abstract void Find(SplitFinder finder, LayoutOptions options);

    private static void RequireFolder(string root)
    {
        if (!Directory.Exists(root))
        {
            throw new DatasetException(root, "the data set's folder does not exist", "Correct the path, or fetch the data set first");
        }
    }
}
