using System.IO.Hashing;
using System.Text;

namespace HeteroAKD.Data;

/// <summary>
/// Any data of one's own: images/, masks/ and classes.txt, an image and its mask with the same name without ending, folders below being part of the name.
/// Splits are, the first that is there: lists train.txt, val.txt and test.txt of names; folders of these names below images/ and masks/; a share of the images
/// by seed. What a list leaves out trains.
/// </summary>
internal sealed class FolderLayout : DatasetLayout
{
    private const string ClassFile = "classes.txt";

    private static readonly string[] s_names = ["train", "val", "test"];

    public override string Kind => "folder";

    public override string Name => "folder";

    protected override string Marks => "images/, masks/ and classes.txt";

    protected override bool IsAt(string root) =>
        Directory.Exists(Path.Combine(root, "images")) && Directory.Exists(Path.Combine(root, "masks")) && File.Exists(Path.Combine(root, ClassFile));

    private protected override void Find(SplitFinder finder, LayoutOptions options)
    {
        ClassSet classes = ClassSet.ReadFile(finder.PathOf(ClassFile));
        Dictionary<string, FilePair[]> splits = new();
        bool folders = s_names.Any(split => Directory.Exists(finder.PathOf($"images/{split}")));
        bool lists = s_names.Any(split => File.Exists(finder.PathOf($"{split}.txt")));
        foreach (string split in s_names)
        {
            splits[split] = lists ? [.. Listed(finder, $"{split}.txt")] : folders ? finder.SameNames($"images/{split}", $"masks/{split}") : [];
        }
        if (splits["train"].Length == 0)
        {
            HashSet<string> used = splits.Values.SelectMany(pairs => pairs).Select(pair => pair.Image).ToHashSet();
            splits["train"] = [.. finder.SameNames("images", "masks").Where(pair => !used.Contains(pair.Image))];
        }
        else if (folders && !lists)
        {
            WarnOfOthers(finder, splits);
        }
        if (splits["val"].Length == 0)
        {
            (splits["train"], splits["val"]) = Shares(splits["train"], options);
        }
        foreach (string split in s_names)
        {
            finder.Add(split, lists ? $"{split}.txt" : folders ? $"images/{split}" : "images", splits[split], classes, options.Map?.Invoke(classes));
        }
    }

    // Images beside the folders of the splits.
    private static void WarnOfOthers(SplitFinder finder, Dictionary<string, FilePair[]> splits)
    {
        HashSet<string> used = splits.Values.SelectMany(pairs => pairs).Select(pair => pair.Image).ToHashSet();
        string[] others = [.. finder.Images("images").Where(image => !used.Contains(image))];
        if (others.Length > 0)
        {
            finder.Warn(
                $"{others.Length} images in {Path.GetDirectoryName(others[0])} are in none of the folders train, val and test and are left out: first "
                    + $"{others[0]}");
        }
    }

    /// <summary>
    /// Takes a share out to validate on: the images whose names have the smallest numbers under the seed. A name's number does not depend on the others, so
    /// adding an image moves at most one from one side to the other.
    /// </summary>
    private static (FilePair[] Train, FilePair[] Validation) Shares(FilePair[] pairs, LayoutOptions options)
    {
        int count = pairs.Length < 2 ? 0 : Math.Clamp((int)Math.Round(pairs.Length * options.ValFraction), 1, pairs.Length - 1);
        HashSet<FilePair> chosen = pairs.OrderBy(pair => NumberOf(pair, options.Seed))
            .ThenBy(pair => pair.Image, StringComparer.Ordinal).Take(count).ToHashSet();
        return ([.. pairs.Where(pair => !chosen.Contains(pair))], [.. pairs.Where(chosen.Contains)]);
    }

    private static uint NumberOf(FilePair pair, ulong seed)
    {
        ulong hash = XxHash64.HashToUInt64(Encoding.UTF8.GetBytes(pair.Id));
        CounterRandom random = new(seed, RandomPurpose.Split, (uint)hash, (uint)(hash >> 32));
        return random.NextUInt();
    }

    /// <summary>A line is the name of an image, with or without its ending and the folder "images", or the paths of an image and its mask.</summary>
    private static IEnumerable<FilePair> Listed(SplitFinder finder, string list)
    {
        FilePair[] pairs = finder.SameNames("images", "masks");
        Dictionary<string, FilePair> byName = pairs.ToDictionary(pair => pair.Id);
        Dictionary<string, FilePair> byPath = pairs.ToDictionary(pair => Path.GetFullPath(pair.Image));
        bool flat = !pairs.Any(pair => pair.Id.Contains('/'));
        foreach (string[] fields in finder.ListLines(list))
        {
            string name = string.Join(' ', fields);
            yield return byName.TryGetValue(name, out FilePair pair) || byName.TryGetValue(Path.ChangeExtension(name, null), out pair)
                || byPath.TryGetValue(Path.GetFullPath(finder.PathOf(name)), out pair)
                ? pair
                : fields.Length == 2 ? Named(fields)
                : fields.Length == 1 && flat && byName.TryGetValue(Path.GetFileNameWithoutExtension(name), out pair) ? pair
                : throw new DatasetException(
                    finder.PathOf(list),
                    $"there is no image '{name}' in {finder.PathOf("images")}",
                    "Correct the list, or restore the image; a line holds the name of one image, or the paths of an image and its mask");
        }

        // The image's own mask where both are one pair; else the pair that the line says.
        FilePair Named(string[] fields)
        {
            (string? image, string? mask) = (finder.PathOf(fields[0]), finder.PathOf(fields[1]));
            string name = byPath.TryGetValue(Path.GetFullPath(image), out FilePair pair) ? pair.Id : ImageFiles.NameOf(finder.Root, image);
            return new FilePair(pair.Image ?? image, mask) { Name = name };
        }
    }
}
