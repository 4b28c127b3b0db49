namespace HeteroAKD.Data;

/// <summary>
/// Pascal VOC 2012: JPEGImages, SegmentationClass and ImageSets/Segmentation, where the root may also be the folder above VOCdevkit/VOC2012 or VOC2012. Where
/// the list of the augmented set (Hariharan et al., ICCV 2011) and SegmentationClassAug are there, they are what is trained on.
/// </summary>
internal sealed class VocLayout : DatasetLayout
{
    private const string Lists = "ImageSets/Segmentation/";
    private const string Labels = "SegmentationClass";
    private const string AugmentedLabels = "SegmentationClassAug";
    private const int AugmentedSize = 10582;

    /// <summary>Background and 20 objects, in the colours of the colour map.</summary>
    public static ClassSet Classes { get; } = new(
        [
            "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable", "dog", "horse", "motorbike",
            "person",
            "pottedplant", "sheep", "sofa", "train", "tvmonitor",
        ],
        [.. Enumerable.Range(0, 21).Select(ColorMap.Voc)])
    {
        ServerPalette = true,
    };

    public override string Kind => "voc";

    public override string Name => "Pascal VOC";

    public override ClassSet? PublishedClasses => Classes;

    protected override IReadOnlyDictionary<string, int> OfficialSizes { get; } = new Dictionary<string, int> { ["val"] = 1449 };

    protected override string Marks => "JPEGImages/ and SegmentationClass/, also below VOCdevkit/VOC2012/ or VOC2012/";

    protected override bool IsAt(string root) => IsBase(BaseOf(root));

    protected override string BaseOf(string root) =>
        new[] { root, Path.Combine(root, "VOCdevkit", "VOC2012"), Path.Combine(root, "VOC2012") }.FirstOrDefault(IsBase) ?? root;

    private protected override void Find(SplitFinder finder, LayoutOptions options)
    {
        string? augmented = finder.FirstFile(Lists + "trainaug.txt", Lists + "train_aug.txt");
        if (augmented is not null && !Directory.Exists(finder.PathOf(AugmentedLabels)))
        {
            finder.Warnings.Add($"{Name} has the list {augmented} but no folder {AugmentedLabels}: train.txt is taken");
            augmented = null;
        }
        if (augmented is null && Directory.Exists(finder.PathOf(AugmentedLabels)) && finder.Warnings.Count == 0)
        {
            finder.Warnings.Add(
                $"{Name} has {AugmentedLabels} but neither {Lists}trainaug.txt nor {Lists}train_aug.txt: the images of train.txt alone are taken");
        }
        (string? trainList, int size) = augmented is null ? (Lists + "train.txt", 1464) : (augmented, AugmentedSize);
        Add(finder, "train", trainList, augmented is null ? Labels : AugmentedLabels);
        Add(finder, "val", Lists + "val.txt", Labels);
        if (finder.Splits.TryGetValue("train", out PairDataset? train) && train.Count != size)
        {
            finder.Warnings.Add($"{Name} train has {train.Count} of {size} images");
        }
    }

    private static bool IsBase(string folder) => Directory.Exists(Path.Combine(folder, "JPEGImages")) && Directory.Exists(Path.Combine(folder, Labels));

    private static void Add(SplitFinder finder, string split, string list, string labels) =>
        finder.Add(split, list, finder.ListLines(list).Select(fields => PairOf(finder, list, fields, labels)), Classes);

    /// <summary>A line is a name, or, as some lists of the augmented set have it, "/JPEGImages/NAME.jpg /SegmentationClassAug/NAME.png".</summary>
    private static FilePair PairOf(SplitFinder finder, string list, string[] fields, string labels) => fields switch
    {
        [var name] => new FilePair(finder.PathOf($"JPEGImages/{name}.jpg"), finder.PathOf($"{labels}/{name}.png")),
        [var image, var label] => new FilePair(finder.PathOf(image.TrimStart('/')), finder.PathOf(label.TrimStart('/'))),
        _ =>
            throw new DatasetException(
                finder.PathOf(list), $"a line is \"{string.Join(' ', fields)}\"", "A line holds a name, or the paths of image and label"),
    };
}
