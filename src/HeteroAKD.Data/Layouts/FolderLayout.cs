using System.IO.Hashing;
using System.Text;

namespace HeteroAKD.Data;

/// <summary>
/// Any data of one's own: images/, masks/ and classes.txt, an image and its mask with the same name without ending. Splits are, the first that is there: lists
/// train.txt, val.txt and test.txt of names; folders of these names below images/ and masks/; a share of the images by seed. What a list leaves out trains.
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
        var splits = new Dictionary<string, FilePair[]>();
        var folders = Directory.Exists(finder.PathOf("images/train"));
        var lists = Names.Any(split => File.Exists(finder.PathOf($"{split}.txt")));
        foreach (var split in Names)
        {
            splits[split] = lists ? [.. Listed(finder, $"{split}.txt")] : folders ? finder.SameNames($"images/{split}", $"masks/{split}") : [];
        }
        if (splits["train"].Length == 0)
        {
            var used = splits.Values.SelectMany(pairs => pairs).ToHashSet();
            splits["train"] = [.. finder.SameNames("images", "masks").Where(pair => !used.Contains(pair))];
        }
        if (splits["val"].Length == 0)
        {
            (splits["train"], splits["val"]) = Shares(splits["train"], options);
        }
        foreach (var split in Names)
        {
            finder.Add(split, lists ? $"{split}.txt" : folders ? $"images/{split}" : "images", splits[split], classes);
        }
    }

    /// <summary>
    /// Takes a share out to validate on: the images whose names have the smallest numbers under the seed. A name's number does not depend on the others, so adding an
    /// image moves at most one from one side to the other.
    /// </summary>
    private static (FilePair[] Train, FilePair[] Validation) Shares(FilePair[] pairs, LayoutOptions options)
    {
        var count = pairs.Length < 2 ? 0 : Math.Clamp((int)Math.Round(pairs.Length * options.ValFraction), 1, pairs.Length - 1);
        var chosen = pairs.OrderBy(pair => NumberOf(pair, options.Seed)).ThenBy(pair => pair.Image, StringComparer.Ordinal).Take(count).ToHashSet();
        return ([.. pairs.Where(pair => !chosen.Contains(pair))], [.. pairs.Where(chosen.Contains)]);
    }

    private static uint NumberOf(FilePair pair, ulong seed)
    {
        var hash = XxHash64.HashToUInt64(Encoding.UTF8.GetBytes(Path.GetFileNameWithoutExtension(pair.Image)));
        var random = new CounterRandom(seed, RandomPurpose.Split, (uint)hash, (uint)(hash >> 32));
        return random.NextUInt();
    }

    /// <summary>A line is the name of an image, with or without its ending.</summary>
    private static IEnumerable<FilePair> Listed(SplitFinder finder, string list)
    {
        var byName = finder.SameNames("images", "masks").ToDictionary(pair => Path.GetFileNameWithoutExtension(pair.Image));
        foreach (var fields in finder.ListLines(list))
        {
            var name = string.Join(' ', fields);
            yield return byName.TryGetValue(name, out var pair) || byName.TryGetValue(Path.GetFileNameWithoutExtension(name), out pair)
                ? pair
                : throw new DatasetException(finder.PathOf(list), $"there is no image '{name}' in {finder.PathOf("images")}", "Correct the list, or restore the image");
        }
    }
}
