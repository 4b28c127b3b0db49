using HeteroAKD.Data;
using HeteroAKD.Nn;

namespace HeteroAKD.Cli.Tests;

/// <summary><c>heteroakd data check</c> from the command line to its files.</summary>
public sealed class DataCheckTests : IDisposable
{
    private const int Side = 32;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Good_set_is_counted()
    {
        string root = MakeLists(3);
        (int code, string text) = Run("data", "check", root, "--out", Out);
        Assert.Equal(0, code);
        Assert.Contains("list (list) in " + root + ", 3 classes, id 255 ignored", text, StringComparison.Ordinal);
        Assert.Contains("train       3    0     32      32      6.250", text, StringComparison.Ordinal);  // 64 of 1024 pixels are ignored

        // Every image: 512 pixels of a, 448 of b, none of c. Median frequency: (1/2 + 7/16) / 2 over each; ENet: 1 / ln(1.02 + share).
        Assert.Contains("a       0    1536   53.333         0.9375        2.271", text, StringComparison.Ordinal);
        Assert.Contains("b       1    1344   46.667          1.071        2.522", text, StringComparison.Ordinal);
        Assert.Contains("c       2       0    0.000              0         50.5", text, StringComparison.Ordinal);
        Assert.Contains("all 3 pairs are good", text, StringComparison.Ordinal);
        RgbImage sheet = SkiaImageCodec.Instance.ReadRgb(Path.Combine(Out, "contact-sheet.png"));
        Assert.Equal((3 * 322, 162), (sheet.Width, sheet.Height));
    }

    [Fact]
    public void Bad_pairs_are_all_named_and_left_out_of_the_fixed_list()
    {
        string root = MakeLists(6);
        byte[] ids = new byte[Side * Side];
        ids[33] = 9;
        LabelPng.Write(Path.Combine(root, "l0.png"), ids, Side, Side);
        File.WriteAllBytes(Path.Combine(root, "i1.png"), File.ReadAllBytes(Path.Combine(root, "i1.png"))[..60]);
        File.Delete(Path.Combine(root, "l2.png"));
        LabelPng.Write(Path.Combine(root, "l4.png"), new byte[Side * 2 * Side], 2 * Side, Side);
        string[] before = Contents(root);

        (int code, string text) = Run("data", "check", root, "--out", Out, "--fix-list", "--threads", "3");
        Assert.Equal(1, code);
        Assert.Contains("label id 9 at column 1, row 1", text, StringComparison.Ordinal);
        Assert.Contains("i1.png: the PNG file is cut short", text, StringComparison.Ordinal);
        Assert.Contains("l2.png: the file does not exist", text, StringComparison.Ordinal);
        Assert.Contains("the labels are 64x32", text, StringComparison.Ordinal);
        Assert.Contains("4 of 6 pairs are bad", text, StringComparison.Ordinal);
        Assert.Equal(before, Contents(root));

        ListFileDataset left = new(Out, "train.fixed.txt");
        Assert.Equal(["i3", "i5"], Enumerable.Range(0, left.Count).Select(i => left.Load(i).Id));
        Assert.Equal(["a", "b", "c"], left.Classes.Names);
        Assert.Equal(0, Run("data", "check", Relisted(), "--out", folder.Path).Code);
    }

    // A list separates paths by blanks; the report is worth more than the list.
    [Fact]
    public void Paths_with_blanks_are_left_out_of_the_fixed_list_and_said()
    {
        string root = folder.File("own");
        Directory.CreateDirectory(Path.Combine(root, "images"));
        Directory.CreateDirectory(Path.Combine(root, "masks"));
        File.WriteAllText(Path.Combine(root, "classes.txt"), "0 a 1 1 1\n1 b 2 2 2\n");
        foreach (string name in new[] { "one", "two", "three", "with blank" })
        {
            SkiaImageCodec.Instance.WritePng(Path.Combine(root, "images", name + ".png"), new RgbImage(Side, Side));
            LabelPng.Write(Path.Combine(root, "masks", name + ".png"), new byte[Side * Side], Side, Side);
        }

        (int code, string text) = Run("data", "check", root, "--out", Out, "--fix-list", "--set", "data.seed=4", "--set", "data.valFraction=0.5");
        Assert.Equal(0, code);
        Assert.Contains("1 good pairs of", text, StringComparison.Ordinal);
        Assert.Contains("their paths hold one", text, StringComparison.Ordinal);
        string[] listed = [.. File.ReadLines(Path.Combine(Out, "train.fixed.txt")).Concat(File.ReadLines(Path.Combine(Out, "val.fixed.txt")))];
        Assert.Equal(3, listed.Length);
        DatasetSplits set = DatasetLayout.Of("folder").Open(root, new LayoutOptions { Seed = 4, ValFraction = 0.5 });
        Assert.Equal(2, set.Require("val").Count);
        Assert.All(File.ReadLines(Path.Combine(Out, "val.fixed.txt")), line => Assert.Contains(set.Require("val").Pairs, pair => line.StartsWith(Path.GetFullPath(pair.Image), StringComparison.Ordinal)));
    }

    [Fact]
    public void Image_in_two_splits_is_a_warning()
    {
        string root = MakeLists(3);
        folder.File("data/val.txt", "copy.png l1.png\n");
        File.Copy(Path.Combine(root, "i1.png"), Path.Combine(root, "copy.png"));
        (int code, string text) = Run("data", "check", root, "--out", Out);
        Assert.Equal(0, code);
        Assert.Contains($"warning: 1 images of val are also in train, so its scores would measure memory: first {Path.Combine(root, "copy.png")} = {Path.Combine(root, "i1.png")}", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Fixed_list_of_another_layout_trains_by_what_it_stores()
    {
        foreach (string name in new[] { "a", "b" })
        {
            string image = folder.File($"ade/images/training/{name}.png", "");
            SkiaImageCodec.Instance.WritePng(image, new RgbImage(Side, Side));
            LabelPng.Write(folder.File($"ade/annotations/training/{name}.png", ""), Labels(name == "a" ? (byte)150 : (byte)151), Side, Side);
        }

        (int code, string text) = Run("data", "check", Path.Combine(folder.Path, "ade"), "--out", Out, "--fix-list");
        Assert.Equal(1, code);
        Assert.Contains("ADE20K (ade20k)", text, StringComparison.Ordinal);
        Assert.Contains("warning: ADE20K train has 2 of 20210 images", text, StringComparison.Ordinal);
        Assert.Contains("storedLabels: ade20k", text, StringComparison.Ordinal);
        ListFileDataset left = new(Out, "train.fixed.txt", map: LabelMap.FromOne);
        Assert.Equal("a", left.Load(0).Id);
        byte[] mapped = left.Load(0).Labels;
        Assert.Equal((255, 149, 0), (mapped[0], mapped[Side * Side / 2], mapped[^1]));
    }

    [Fact]
    public void Nothing_there_is_one_sentence()
    {
        (int code, string text) = Run("data", "check", folder.Path, "--out", Out);
        Assert.Equal(1, code);
        Assert.Contains("no known data set; looked for leftImg8bit/", text, StringComparison.Ordinal);
        Assert.Equal(2, Run("data", "check", folder.Path, "--kind", "vok").Code);
    }

    private string Out => Path.Combine(folder.Path, "out");

    private string Relisted()
    {
        File.Move(Path.Combine(Out, "train.fixed.txt"), Path.Combine(Out, "train.txt"));
        return Out;
    }

    // Pairs of 32x32, no image like another.
    private string MakeLists(int count)
    {
        string root = Path.Combine(folder.Path, "data");
        folder.File("data/classes.txt", "0 a 0 0 0\n1 b 9 9 9\n2 c 90 9 9\n255 Unlabelled 0 0 0\n");
        folder.File("data/train.txt", string.Concat(Enumerable.Range(0, count).Select(i => $"i{i}.png l{i}.png\n")));
        for (int i = 0; i < count; i++)
        {
            RgbImage image = new(Side, Side);
            image.Pixels[0] = (byte)i;
            SkiaImageCodec.Instance.WritePng(Path.Combine(root, $"i{i}.png"), image);
            byte[] labels = new byte[Side * Side];
            labels.AsSpan(512, 448).Fill(1);
            labels.AsSpan(960).Fill(255);
            LabelPng.Write(Path.Combine(root, $"l{i}.png"), labels, Side, Side);
        }

        return root;
    }

    // The first half 0, then one id, the last pixel 1.
    private static byte[] Labels(byte id)
    {
        byte[] labels = new byte[Side * Side];
        labels.AsSpan(Side * Side / 2).Fill(id);
        labels[^1] = 1;
        return labels;
    }

    private static string[] Contents(string root) =>
        [.. Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(path => path + Convert.ToHexString(File.ReadAllBytes(path)))];

    private static (int Code, string Text) Run(params string[] args)
    {
        using StringWriter text = new() { NewLine = "\n" };
        int code = new CommandLineApplication(CommandServices.Create(), new Terminal(text, text, Interactive: false)).Run(args);
        return (code, text.ToString());
    }
}
