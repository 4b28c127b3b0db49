namespace HeteroAKD.Data;

/// <summary>
/// ADE20K as SceneParse150 has it (Zhou et al., CVPR 2017): images/{training,validation} and annotations/{training,validation}, also below
/// ADEChallengeData2016. Stored id 0 is ignored, k is class k-1. Names come from objectInfo150.txt where it is there; colours are 1 to 150 of Pascal VOC's
/// colour map.
/// </summary>
internal sealed class Ade20kLayout : DatasetLayout
{
    private const string InfoFile = "objectInfo150.txt";
    private const int NameColumn = 4;

    /// <summary>The classes with built-in names.</summary>
    public static ClassSet Classes { get; } = new(ClassNames.Ade20k, ColorMap.WithoutBlack(ClassNames.Ade20k.Length))
    {
        ServerIds = [.. Enumerable.Range(1, ClassNames.Ade20k.Length).Select(id => (byte)id)],
    };

    public override string Kind => "ade20k";

    public override string Name => "ADE20K";

    public override ClassSet? PublishedClasses => Classes;

    protected override IReadOnlyDictionary<string, int> OfficialSizes { get; } = new Dictionary<string, int> { ["train"] = 20210, ["val"] = 2000 };

    protected override string Marks => "annotations/training/ or annotations/validation/, also below ADEChallengeData2016/";

    protected override bool IsAt(string root) => IsBase(BaseOf(root));

    protected override string BaseOf(string root) => Path.Combine(root, "ADEChallengeData2016") is var below && IsBase(below) ? below : root;

    private protected override void Find(SplitFinder finder, LayoutOptions options)
    {
        ClassSet classes = ReadClasses(finder.PathOf(InfoFile));
        LabelMap map = LabelMap.FromOne(classes);
        foreach ((string? split, string? folder) in new[] { ("train", "training"), ("val", "validation") })
        {
            finder.Add(split, $"images/{folder}", finder.SameNames($"images/{folder}", $"annotations/{folder}"), classes, map);
        }
    }

    private static bool IsBase(string folder) =>
        Directory.Exists(Path.Combine(folder, "annotations", "training")) || Directory.Exists(Path.Combine(folder, "annotations", "validation"));

    /// <summary>Lines of tab-separated "Idx Ratio Train Val Name", where Name may be several words for one thing.</summary>
    private static ClassSet ReadClasses(string path)
    {
        if (!File.Exists(path))
        {
            return Classes;
        }
        string[] names = TextLines.Read(path)
            .Select(line => line.Split('\t'))
            .Where(fields => fields.Length > NameColumn && int.TryParse(fields[0], out _))
            .Select(fields => fields[NameColumn].Split(',')[0].Trim())
            .ToArray();
        return names.Length == Classes.Count
            ? new ClassSet(names, Classes.Colors) { ServerIds = Classes.ServerIds }
            : throw new DatasetException(
                path, $"it names {names.Length} classes, not {Classes.Count}", "Restore the file, or remove it: the names are then built in");
    }
}
