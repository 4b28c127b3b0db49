namespace HeteroAKD.Data;

/// <summary>
/// Any data of one's own: images/, masks/ and classes.txt, an image and its mask with the same name without ending. Splits are, the first that is there: lists
/// train.txt, val.txt and test.txt of names; folders of these names below images/ and masks/; a share of the images by seed.
/// </summary>
internal sealed class FolderLayout : DatasetLayout
{
    private const string ClassFile = "classes.txt";

    private static readonly string[] Names = ["train", "val", "test"];

    public override string Kind => "folder";

    public override string Name => "folder";

    protected override string Marks => "images/, masks/ and classes.txt";

    protected override bool IsAt(string root) =>
        Directory.Exists(Path.Combine(root, "images")) && Directory.Exists(Path.Combine(root, "masks")) && File.Exists(Path.Combine(root, ClassFile));

    private protected override void Find(SplitFinder finder, LayoutOptions options)
    {
        var classes = ClassSet.ReadFile(finder.PathOf(ClassFile));
        if (finder.FirstFile("train.txt", "val.txt") is not null)
        {
            foreach (var split in Names)
            {
                finder.Add(split, $"{split}.txt", Listed(finder, $"{split}.txt"), classes);
            }
        }
        else if (Directory.Exists(finder.PathOf("images/train")))
        {
            foreach (var split in Names)
            {
                finder.Add(split, $"images/{split}", finder.SameNames($"images/{split}", $"masks/{split}"), classes);
            }
        }
        else
        {
            AddShares(finder, options, classes);
        }
    }

    /// <summary>Chooses by a permutation of the sorted names, so the choice depends on the names and the seed alone.</summary>
    private static void AddShares(SplitFinder finder, LayoutOptions options, ClassSet classes)
    {
        FilePair[] pairs = [.. finder.SameNames("images", "masks")];
        var order = new int[pairs.Length];
        var random = new CounterRandom(options.Seed, RandomPurpose.Split, 0, 0);
        random.Permute(order);
        var validating = pairs.Length < 2 ? 0 : Math.Clamp((int)Math.Round(pairs.Length * options.ValFraction), 1, pairs.Length - 1);
        finder.Add("train", "images", order.Skip(validating).Order().Select(i => pairs[i]), classes);
        finder.Add("val", "images", order.Take(validating).Order().Select(i => pairs[i]), classes);
    }

    /// <summary>A line is the name of an image, with or without its ending.</summary>
    private static IEnumerable<FilePair> Listed(SplitFinder finder, string list)
    {
        var byName = finder.SameNames("images", "masks").GroupBy(pair => Path.GetFileNameWithoutExtension(pair.Image)).ToDictionary(g => g.Key, g => g.First());
        foreach (var fields in finder.ListLines(list))
        {
            var name = string.Join(' ', fields);
            yield return byName.TryGetValue(name, out var pair) || byName.TryGetValue(Path.GetFileNameWithoutExtension(name), out pair)
                ? pair
                : throw new DatasetException(finder.PathOf(list), $"there is no image '{name}' in {finder.PathOf("images")}", "Correct the list, or restore the image");
        }
    }
}
