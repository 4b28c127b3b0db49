namespace HeteroAKD.Data;

/// <summary>Collects the splits of one data set while its layout looks for them.</summary>
internal sealed class SplitFinder(DatasetLayout layout, string root, LayoutOptions options)
{
    /// <summary>The folder that paths begin at.</summary>
    public string Root { get; } = root;

    /// <summary>The splits that are there, in the order in which they were added.</summary>
    public Dictionary<string, PairDataset> Splits { get; } = [];

    /// <summary>Where the missing ones were looked for.</summary>
    public Dictionary<string, string> LookedFor { get; } = [];

    /// <summary>Sentences on what is unusual.</summary>
    public List<string> Warnings { get; } = [];

    /// <summary>Sentences on what was found and how it is taken, for a report on the data set.</summary>
    public List<string> Notes { get; } = [];

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
            Splits.Add(split, new PairDataset($"{layout.Name} {split} ({PathOf(source)})", found, classes, map, options.Codec));
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
        foreach (string candidate in candidates)
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
        foreach (string candidate in candidates)
        {
            if (File.Exists(PathOf(candidate)))
            {
                return candidate;
            }
        }
        return null;
    }

    /// <summary>Images of a folder and of folders below it in the order of their paths, the same on every machine; none where the folder is missing.</summary>
    public IEnumerable<string> Images(string folder) => Directory.Exists(PathOf(folder)) ? ImageFiles.In(PathOf(folder), Codec) : [];

    /// <summary>
    /// Each image of a folder with the PNG of the same name in another folder. Folders below are part of the name. Where there is no such PNG, a file of the
    /// name in another format is taken, so that reading says what it is, or else the path that a label should have.
    /// </summary>
    /// <exception cref="DatasetException">Two images, or two labels, have one name.</exception>
    public FilePair[] SameNames(string images, string labels)
    {
        Dictionary<string, string> imageOf = ByName(Images(images), images);
        Dictionary<string, string> labelOf = LabelsByName(labels);
        string[] leftOver = labelOf.Where(label => !imageOf.ContainsKey(label.Key)).Select(label => label.Value).Order(StringComparer.Ordinal).ToArray();
        if (leftOver.Length > 0)
        {
            Warn($"{leftOver.Length} labels have no image in {PathOf(images)}: first {leftOver[0]}");
        }
        WarnOfUnread(images, imageOf);
        NoteHidden(images, labels);
        NoteNested(images, imageOf.Keys);
        return
        [
            .. imageOf.Select(
                image =>
                    new FilePair(image.Value, labelOf.GetValueOrDefault(image.Key) ?? PathOf(Path.Combine(labels, image.Key + ".png"))) { Name = image.Key }),
        ];
    }

    /// <summary>Adds a sentence on something unusual, once.</summary>
    public void Warn(string warning) => AddOnce(Warnings, warning);

    /// <summary>Adds a sentence to <see cref="Notes"/>, once.</summary>
    private void Note(string note) => AddOnce(Notes, note);

    private static void AddOnce(List<string> sentences, string sentence)
    {
        if (!sentences.Contains(sentence))
        {
            sentences.Add(sentence);
        }
    }

    /// <summary>The lines of a list that are not empty, as fields; none where the list is missing.</summary>
    public IEnumerable<string[]> ListLines(string list) =>
        !File.Exists(PathOf(list)) ? [] : TextLines.Read(PathOf(list))
            .Where(line => line.Length > 0)
            .Select(line => line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private void NoteHidden(string images, string labels)
    {
        string[] hidden = [.. new[] { images, labels }.Select(PathOf).Where(Directory.Exists).SelectMany(ImageFiles.HiddenIn)];
        if (hidden.Length > 0)
        {
            Note($"{hidden.Length} hidden files are no images and are left out: first {hidden[0]}");
        }
    }

    private void NoteNested(string images, IEnumerable<string> names)
    {
        string[] nested = [.. names.Where(name => name.Contains('/'))];
        if (nested.Length > 0)
        {
            Note($"{nested.Length} images lie in folders below {PathOf(images)}; these folders are part of their names: first {nested[0]}");
        }
    }

    // Warns of files in a folder of images whose format is not read, unless a readable image has the same name.
    private void WarnOfUnread(string images, Dictionary<string, string> imageOf)
    {
        string[] unread = [.. UnreadIn(images).Where(file => !imageOf.ContainsKey(ImageFiles.NameOf(PathOf(images), file)))];
        if (unread.Length > 0)
        {
            string[] endings = [.. unread.Select(file => Path.GetExtension(file)).Distinct(StringComparer.OrdinalIgnoreCase)];
            Warn(
                $"{unread.Length} files in {PathOf(images)} end in {string.Join(", ", endings)}, which is not read, and are left out: first {unread[0]}. "
                    + $"{ImageFiles.RemedyOf(endings, Codec)}");
        }
    }

    private ImageCodecKind Codec => (options.Codec ?? ImageCodec.Usual).Kind;

    private IEnumerable<string> UnreadIn(string folder) => Directory.Exists(PathOf(folder)) ? ImageFiles.UnreadIn(PathOf(folder), Codec) : [];

    private Dictionary<string, string> LabelsByName(string labels)
    {
        ILookup<bool, string> isPng = Images(labels).ToLookup(file => Path.GetExtension(file).Equals(".png", StringComparison.OrdinalIgnoreCase));
        Dictionary<string, string> labelOf = ByName(isPng[true], labels);
        foreach (string? other in isPng[false].Concat(UnreadIn(labels)))
        {
            labelOf.TryAdd(ImageFiles.NameOf(PathOf(labels), other), other);
        }
        return labelOf;
    }

    // Names without endings, in the order of the files.
    private Dictionary<string, string> ByName(IEnumerable<string> files, string folder)
    {
        Dictionary<string, string> named = new();
        foreach (string file in files)
        {
            string name = ImageFiles.NameOf(PathOf(folder), file);
            if (!named.TryAdd(name, file))
            {
                throw new DatasetException(
                    PathOf(folder), $"{Path.GetFileName(named[name])} and {Path.GetFileName(file)} have one name", "Rename or remove one of them");
            }
        }
        return named;
    }
}
