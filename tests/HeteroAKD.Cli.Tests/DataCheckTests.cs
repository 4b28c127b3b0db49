using HeteroAKD.Data;
using HeteroAKD.Nn;
using SkiaSharp;

namespace HeteroAKD.Cli.Tests;

/// <summary><c>heteroakd data check</c> from the command line to its files.</summary>
public sealed class DataCheckTests : IDisposable
{
    private const int Side = 32;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

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
        Assert.Contains("warning: train: 1 of 3 classes have no labelled pixel: c (2); 6.2 % of the pixels are ignored\n", text, StringComparison.Ordinal);
        Assert.Contains("all 3 pairs can be read; see the warnings", text, StringComparison.Ordinal);
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
        Assert.Equal(0, Run("data", "check", Relisted(), "--out", _folder.Path).Code);
    }

    // A list separates paths by blanks; the report is worth more than the list.
    [Fact]
    public void Paths_with_blanks_are_left_out_of_the_fixed_list_and_said()
    {
        string root = _folder.File("own");
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
        Assert.All(
            File.ReadLines(Path.Combine(Out, "val.fixed.txt")),
            line => Assert.Contains(set.Require("val").Pairs, pair => line.StartsWith(Path.GetFullPath(pair.Image), StringComparison.Ordinal)));
    }

    [Fact]
    public void Image_in_two_splits_is_a_warning()
    {
        string root = MakeLists(3);
        _folder.File("data/val.txt", "copy.png l1.png\n");
        File.Copy(Path.Combine(root, "i1.png"), Path.Combine(root, "copy.png"));
        (int code, string text) = Run("data", "check", root, "--out", Out);
        Assert.Equal(0, code);
        Assert.Contains(
            $"warning: 1 images of val are also in train, so its scores would measure memory: first {Path.Combine(root, "copy.png")} = "
                + $"{Path.Combine(root, "i1.png")}",
            text,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Fixed_list_of_another_layout_trains_by_what_it_stores()
    {
        foreach (string name in new[] { "a", "b" })
        {
            string image = _folder.File($"ade/images/training/{name}.png", "");
            SkiaImageCodec.Instance.WritePng(image, new RgbImage(Side, Side));
            LabelPng.Write(_folder.File($"ade/annotations/training/{name}.png", ""), Labels(name == "a" ? (byte)150 : (byte)151), Side, Side);
        }

        (int code, string text) = Run("data", "check", Path.Combine(_folder.Path, "ade"), "--out", Out, "--fix-list");
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
        (int code, string text) = Run("data", "check", _folder.Path, "--out", Out);
        Assert.Equal(1, code);
        Assert.Contains("no known data set; looked for leftImg8bit/", text, StringComparison.Ordinal);
        Assert.Equal(2, Run("data", "check", _folder.Path, "--kind", "vok").Code);
    }

    // What people bring, all in one folder: each thing has its line, and the whole fits on a screen.
    [Fact]
    public void Mixed_folder_is_explained_on_one_screen()
    {
        string root = MakeMixed();
        (int code, string text) = Run("data", "check", root, "--out", Out, "--set", "data.valFraction=0.2");
        Assert.Equal(1, code);
        string[] lines = text.TrimEnd('\n').Split('\n');
        Assert.InRange(
            lines.Count(line => !line.StartsWith("folder train  ", StringComparison.Ordinal) && !line.StartsWith("folder val  ", StringComparison.Ordinal)),
            1,
            40);
        Assert.All(
            new[]
            {
                $"note: 4 hidden files are no images and are left out: first {root}/images/.DS_Store",
                $"note: 2 images lie in folders below {root}/images; these folders are part of their names: first street/a",
                "note: 4 of 7 PNG masks show colours instead of class ids and are checked by the colours of the class file. To train on them, set "
                    + "data.storedLabels: color",
                $"warning: 1 files in {root}/images end in .heic, which is not read, and are left out: first {root}/images/scan.heic. Convert them to PNG "
                    + "or JPEG",
                "images have an EXIF orientation, first",
                "where the masks were drawn on the pixels as they are stored, set data.exifOrientation: false",
                "jpeg.jpg: a JPEG file, which does not keep label values exactly. Export the masks again as PNG",
                "bmp.bmp: not a PNG file but BMP.",
                "smooth.png: 32 pixels have a colour that the class file does not name: (60, 60, 60) in 32.",
                "turned.png: the labels are 32x16, their image",
            },
            expected => Assert.Contains(expected, text, StringComparison.Ordinal));
    }

    [Fact]
    public void Color_masks_train_by_the_option_that_the_check_names()
    {
        string root = MakeFolder("0 a 250 0 0\n1 b 0 0 250\n", 4, (path, i) => SkiaImageCodec.Instance.WritePng(path, Colored((250, 0, 0), (0, 0, 250))));
        (int code, string text) = Run("data", "check", root, "--out", Out, "--fix-list");
        Assert.Equal(0, code);
        Assert.Contains("note: 4 of 4 PNG masks show colours", text, StringComparison.Ordinal);
        Assert.Contains("storedLabels: color", text, StringComparison.Ordinal);
        Assert.Contains("all 4 pairs are good", text, StringComparison.Ordinal);
        Assert.Equal([0, 1], new ListFileDataset(Out, "train.fixed.txt", map: LabelMap.Colors).Load(0).Labels.Distinct().Order().Select(id => (int)id));

        // Two classes of one colour cannot be told apart: said, and the masks stay bad.
        File.WriteAllText(Path.Combine(root, "classes.txt"), "0 a 250 0 0\n1 b 250 0 0\n");
        (code, text) = Run("data", "check", root, "--out", Out);
        Assert.Equal(1, code);
        Assert.Contains("the class file gives a and b one colour", text, StringComparison.Ordinal);
        Assert.Contains(
            "this is an RGB picture. Where the masks show the colours of the class file, set data.storedLabels: color", text, StringComparison.Ordinal);
        Assert.Contains("... and 1 more of this kind", text, StringComparison.Ordinal);
    }

    // The commonest binary masks there are: the check says what a training would lose, and what to do.
    [Fact]
    public void Masks_of_0_and_255_are_explained_on_one_screen()
    {
        string root = MakeFolder(
            "0 background 0 0 0\n1 object 9 9 9\n",
            4,
            (path, i) => LabelPng.Write(path, [.. Enumerable.Repeat((byte)0, 512), .. Enumerable.Repeat((byte)255, 512)], Side, Side));
        (int code, string text) = Run("data", "check", root, "--out", Out);
        Assert.Equal(0, code);
        Assert.InRange(text.Count(c => c == '\n'), 1, 24);
        Assert.Contains(
            "warning: train: 1 of 2 classes have no labelled pixel: object (1); 50.0 % of the pixels are ignored. Where the masks store 0 and anything "
                + "else, set data.storedLabels: binary\n",
            text, StringComparison.Ordinal);
        Assert.Contains("all 4 pairs can be read; see the warnings", text, StringComparison.Ordinal);

        (code, text) = Run("data", "check", root, "--out", Out, "--set", "data.storedLabels=binary");
        Assert.Equal(0, code);
        Assert.Contains("object       1", text, StringComparison.Ordinal);
        Assert.Contains("all 4 pairs are good", text, StringComparison.Ordinal);
        Assert.DoesNotContain("warning", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_labelled_is_no_success()
    {
        string root = MakeFolder("0 a 0 0 0\n1 b 9 9 9\n", 3, (path, i) => LabelPng.Write(path, [.. Enumerable.Repeat((byte)255, Side * Side)], Side, Side));
        (int code, string text) = Run("data", "check", root, "--out", Out);
        Assert.Equal(1, code);
        Assert.Contains("warning: train: no pixel is labelled, all are ignored (id 255)", text, StringComparison.Ordinal);
        Assert.Contains("all 3 pairs can be read, but there is nothing to learn: see the warnings", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Published_sets_know_what_they_store()
    {
        string root = Path.Combine(_folder.Path, "ade");
        SkiaImageCodec.Instance.WritePng(_folder.File("ade/images/training/a.png", ""), new RgbImage(Side, Side));
        LabelPng.Write(_folder.File("ade/annotations/training/a.png", ""), Labels(1), Side, Side);
        (int code, string text) = Run(
            "data", "check", root, "--out", Out, "--set", "data.kind=list", "--set", $"data.root={root}", "--set", "data.storedLabels=binary");
        Assert.Equal(1, code);
        Assert.Contains("ADE20K knows what its labels store. Leave data.storedLabels out", text, StringComparison.Ordinal);
    }

    private string Out => Path.Combine(_folder.Path, "out");

    private string Relisted()
    {
        File.Move(Path.Combine(Out, "train.fixed.txt"), Path.Combine(Out, "train.txt"));
        return Out;
    }

    // Pairs of 32x32, no image like another.
    private string MakeLists(int count)
    {
        string root = Path.Combine(_folder.Path, "data");
        _folder.File("data/classes.txt", "0 a 0 0 0\n1 b 9 9 9\n2 c 90 9 9\n255 Unlabelled 0 0 0\n");
        _folder.File("data/train.txt", string.Concat(Enumerable.Range(0, count).Select(i => $"i{i}.png l{i}.png\n")));
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

    // Images of one's own with the masks that a test writes.
    private string MakeFolder(string classes, int count, Action<string, int> mask)
    {
        string root = Path.Combine(_folder.Path, "own");
        _folder.File("own/classes.txt", classes);
        for (int i = 0; i < count; i++)
        {
            RgbImage image = new(Side, Side);
            image.Pixels[0] = (byte)i;
            SkiaImageCodec.Instance.WritePng(_folder.File($"own/images/{i}.png", ""), image);
            mask(_folder.File($"own/masks/{i}.png", ""), i);
        }

        return root;
    }

    private string MakeMixed()
    {
        (byte, byte, byte) red = (250, 0, 0);
        string root = MakeFolder("0 road 250 0 0\n1 car 0 0 250\n", 2, (path, _) => SkiaImageCodec.Instance.WritePng(path, Colored(red, (0, 0, 250))));
        void Image(string name, byte[]? file = null) => Write($"own/images/{name}", file ?? File.ReadAllBytes(Path.Combine(root, "images", "0.png")));
        void Write(string name, byte[] file) => File.WriteAllBytes(_folder.File(name, ""), file);
        byte[] mask = File.ReadAllBytes(Path.Combine(root, "masks", "0.png"));

        // Folders below, one of them deep.
        Image("street/a.png");
        Image("street/night/b.png");
        Write("own/masks/street/a.png", mask);
        LabelPng.Write(_folder.File("own/masks/street/night/b.png", ""), new byte[Side * Side], Side, Side);

        // What systems leave behind.
        Image("._0.png", "mac"u8.ToArray());
        Image(".DS_Store", "mac"u8.ToArray());
        Image("Thumbs.db", "windows"u8.ToArray());
        Image("desktop.ini", "windows"u8.ToArray());

        // Other formats.
        Image("scan.heic", [0, 0, 0, 24, .. "ftypheic"u8, 0, 0, 0, 0]);
        Image("jpeg.png");
        Write("own/masks/jpeg.jpg", Photo(Side, Side, orientation: 1));
        Image("bmp.png");
        Write("own/masks/bmp.bmp", [.. "BM"u8, .. new byte[60]]);

        // Colours that the class file does not name, ids among colours, photos that are turned.
        Image("smooth.png");
        RgbImage smooth = Colored(red, (0, 0, 250));
        smooth.Pixels.AsSpan(0, 3 * Side).Fill(60);
        SkiaImageCodec.Instance.WritePng(_folder.File("own/masks/smooth.png", ""), smooth);
        foreach ((string name, int orientation) in new[] { ("turned", 6), ("upside-down", 3) })
        {
            Image($"{name}.jpg", Photo(Side, Side / 2, orientation));
            LabelPng.Write(_folder.File($"own/masks/{name}.png", ""), new byte[Side * Side / 2], Side, Side / 2, [red]);
        }

        return root;
    }

    // One colour above another.
    private static RgbImage Colored((byte R, byte G, byte B) above, (byte R, byte G, byte B) below) =>
        RgbImage.OfLabels([.. Enumerable.Repeat((byte)0, Side * Side / 2), .. Enumerable.Repeat((byte)1, Side * Side / 2)], Side, Side, [above, below]);

    // A gray JPEG with an EXIF orientation.
    private static byte[] Photo(int width, int height, int orientation)
    {
        using SKBitmap bitmap = new(width, height);
        using SKData data = bitmap.Encode(SKEncodedImageFormat.Jpeg, 90);
        byte[] exif = [.. "Exif\0\0II*\0"u8, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, (byte)orientation, 0, 0, 0, 0, 0, 0, 0];
        return [0xFF, 0xD8, 0xFF, 0xE1, 0, (byte)(exif.Length + 2), .. exif, .. data.ToArray()[2..]];
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
        [
            .. Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(
                path => path + Convert.ToHexString(File.ReadAllBytes(path)))
        ];

    private static (int Code, string Text) Run(params string[] args)
    {
        using StringWriter text = new() { NewLine = "\n" };
        int code = new CommandLineApplication(CommandServices.Create(), new Terminal(text, text, Interactive: false)).Run(args);
        return (code, text.ToString());
    }
}
