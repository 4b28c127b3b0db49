namespace HeteroAKD.Data;

/// <summary>
/// Cityscapes (Cordts et al., CVPR 2016): leftImg8bit/SPLIT/CITY/*_leftImg8bit.png with gtFine/SPLIT/CITY/*_gtFine_labelIds.png, or *_labelTrainIds.png where
/// only those are there. 19 of the 34 stored ids are evaluated.
/// </summary>
internal sealed class CityscapesLayout : DatasetLayout
{
    private const string ImageEnding = "_leftImg8bit.png";
    private const int LastStoredId = 33;

    /// <summary>[19], the stored id of each class.</summary>
    private static readonly byte[] s_storedIds = [7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33];

    /// <summary>The 19 evaluated classes.</summary>
    public static ClassSet Classes { get; } = new(
        [
            "road", "sidewalk", "building", "wall", "fence", "pole", "traffic light", "traffic sign", "vegetation", "terrain", "sky", "person", "rider", "car",
            "truck",
            "bus", "train", "motorcycle", "bicycle",
        ],
        [
            (128, 64, 128), (244, 35, 232), (70, 70, 70), (102, 102, 156), (190, 153, 153), (153, 153, 153), (250, 170, 30), (220, 220, 0), (107, 142, 35),
            (152, 251, 152),
            (70, 130, 180), (220, 20, 60), (255, 0, 0), (0, 0, 142), (0, 0, 70), (0, 60, 100), (0, 80, 100), (0, 0, 230), (119, 11, 32),
        ])
    {
        ServerIds = s_storedIds,
    };

    /// <summary>labelIds to classes.</summary>
    public static LabelMap LabelIds { get; } = LabelMap.Of("cityscapes", s_storedIds, LastStoredId, Classes.IgnoreIndex);

    public override string Kind => "cityscapes";

    public override string Name => "Cityscapes";

    public override ClassSet? PublishedClasses => Classes;

    protected override IReadOnlyDictionary<string, int> OfficialSizes { get; } = new Dictionary<string, int>
    {
        ["train"] = 2975,
        ["val"] = 500,
        ["test"] = 1525,
    };

    protected override bool HasTestTruth => false;

    protected override string Marks => "leftImg8bit/ and gtFine/";

    protected override bool IsAt(string root) => Directory.Exists(Path.Combine(root, "leftImg8bit")) && Directory.Exists(Path.Combine(root, "gtFine"));

    private protected override void Find(SplitFinder finder, LayoutOptions options)
    {
        foreach (string? split in new[] { "train", "val", "test" })
        {
            string[] images =
            [
                .. Cities(finder, $"leftImg8bit/{split}").SelectMany(finder.Images).Where(file => file.EndsWith(ImageEnding, StringComparison.Ordinal))
            ];
            bool trainIds = images.Length > 0
                && !File.Exists(LabelOf(finder, split, images[0], "labelIds")) && File.Exists(LabelOf(finder, split, images[0], "labelTrainIds"));
            string ending = trainIds ? "labelTrainIds" : "labelIds";
            IEnumerable<FilePair> pairs = images.Select(image => new FilePair(image, LabelOf(finder, split, image, ending)));
            finder.Add(split, $"leftImg8bit/{split}/*/*{ImageEnding}", pairs, Classes, trainIds ? null : LabelIds);
        }
    }

    private static IEnumerable<string> Cities(SplitFinder finder, string folder) =>
        !Directory.Exists(finder.PathOf(folder)) ? []
            : Directory.EnumerateDirectories(finder.PathOf(folder)).Where(city => !ImageFiles.IsHidden(city)).Order(StringComparer.Ordinal);

    private static string LabelOf(SplitFinder finder, string split, string image, string ending)
    {
        string city = Path.GetFileName(Path.GetDirectoryName(image))!;
        return finder.PathOf($"gtFine/{split}/{city}/{Path.GetFileName(image)[..^ImageEnding.Length]}_gtFine_{ending}.png");
    }
}
