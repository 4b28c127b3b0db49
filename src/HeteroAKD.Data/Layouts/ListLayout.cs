namespace HeteroAKD.Data;

/// <summary>Lists train.txt, val.txt and test.txt of "image label" pairs beside classes.txt (<see cref="ListFileDataset"/>).</summary>
internal sealed class ListLayout : DatasetLayout
{
    private static readonly string[] s_names = ["train", "val", "test"];

    public override string Kind => "list";

    public override string Name => "list";

    protected override string Marks => "train.txt, val.txt or test.txt beside classes.txt";

    protected override bool IsAt(string root) =>
        File.Exists(Path.Combine(root, "classes.txt")) && s_names.Any(split => File.Exists(Path.Combine(root, split + ".txt")));

    private protected override void Find(SplitFinder finder, LayoutOptions options)
    {
        foreach (string split in s_names)
        {
            string list = $"{split}.txt";
            if (File.Exists(finder.PathOf(list)))
            {
                finder.Splits.Add(split, new ListFileDataset(finder.Root, list, map: options.Map, codec: options.Codec));
            }
            else
            {
                finder.LookedFor[split] = finder.PathOf(list);
            }
        }
    }
}
