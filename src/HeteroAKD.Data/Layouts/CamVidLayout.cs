namespace HeteroAKD.Data;

/// <summary>
/// CamVid as SegNet split it (Badrinarayanan et al.): train/ and trainannot/, val/ and valannot/, test/ and testannot/. Lists train.txt, val.txt and test.txt
/// name the pairs where they are there, with SegNet's own "/SegNet/CamVid/train/x.png" before the last two parts of each path or without. Id 11 is ignored.
/// </summary>
internal sealed class CamVidLayout : DatasetLayout
{
    /// <summary>The 11 classes.</summary>
    public static ClassSet Classes { get; } = new(
        ["Sky", "Building", "Pole", "Road", "Pavement", "Tree", "SignSymbol", "Fence", "Car", "Pedestrian", "Bicyclist"],
        [
            (128, 128, 128), (128, 0, 0), (192, 192, 128), (128, 64, 128), (60, 40, 222), (128, 128, 0), (192, 128, 128), (64, 64, 128), (64, 0, 128),
            (64, 64, 0),
            (0, 128, 192),
        ],
        ignoreIndex: 11);

    public override string Kind => "camvid";

    public override string Name => "CamVid";

    public override ClassSet? PublishedClasses => Classes;

    protected override IReadOnlyDictionary<string, int> OfficialSizes { get; } = new Dictionary<string, int> { ["train"] = 367, ["val"] = 101, ["test"] = 233 };

    protected override string Marks => "train/ and trainannot/";

    protected override bool IsAt(string root) => new[] { "train", "val", "test" }.Any(split => Directory.Exists(Path.Combine(root, split + "annot")));

    private protected override void Find(SplitFinder finder, LayoutOptions options)
    {
        foreach (string? split in new[] { "train", "val", "test" })
        {
            string list = $"{split}.txt";
            FilePair[] listed = [.. finder.ListLines(list).Select(fields => PairOf(finder, list, fields))];
            bool fromList = listed.Length > 0;
            finder.Add(split, fromList ? list : split, fromList ? listed : finder.SameNames(split, split + "annot"), Classes);
        }
    }

    private static FilePair PairOf(SplitFinder finder, string list, string[] fields) =>
        fields.Length == 2
            ? new FilePair(finder.PathOf(LastTwo(fields[0])), finder.PathOf(LastTwo(fields[1])))
            : throw new DatasetException(finder.PathOf(list), $"a line is \"{string.Join(' ', fields)}\"", "A line holds the paths of image and label");

    private static string LastTwo(string path) => Path.Combine([.. path.Split('/').TakeLast(2)]);
}
