namespace HeteroAKD.Data;

/// <summary>
/// COCO-Stuff 164K (Caesar et al., CVPR 2018): images/{train2017,val2017} with annotations/ or stuffthingmaps/. Stored ids 0 to 181 are the 182 classes, of
/// which eleven never occur; 255 is ignored. Colours are 1 to 182 of Pascal VOC's colour map.
/// </summary>
internal sealed class CocoStuffLayout : DatasetLayout
{
    /// <summary>The 182 classes.</summary>
    public static ClassSet Classes { get; } = new(ClassNames.CocoStuff, ColorMap.WithoutBlack(ClassNames.CocoStuff.Length));

    public override string Kind => "cocostuff";

    public override string Name => "COCO-Stuff";

    public override ClassSet? PublishedClasses => Classes;

    protected override IReadOnlyDictionary<string, int> OfficialSizes { get; } = new Dictionary<string, int> { ["train"] = 118287, ["val"] = 5000 };

    protected override string Marks => "annotations/train2017/, annotations/val2017/ or the same below stuffthingmaps/";

    protected override bool IsAt(string root) =>
        new[] { "annotations", "stuffthingmaps" }.Any(labels =>
            Directory.Exists(Path.Combine(root, labels, "train2017")) || Directory.Exists(Path.Combine(root, labels, "val2017")));

    private protected override void Find(SplitFinder finder, LayoutOptions options)
    {
        foreach ((string? split, string? folder) in new[] { ("train", "train2017"), ("val", "val2017") })
        {
            string images = finder.FirstFolder($"images/{folder}", folder);
            finder.Add(split, images, finder.SameNames(images, finder.FirstFolder($"stuffthingmaps/{folder}", $"annotations/{folder}")), Classes);
        }
    }
}
