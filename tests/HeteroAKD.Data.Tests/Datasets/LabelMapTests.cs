using HeteroAKD.Nn;

namespace HeteroAKD.Data.Tests;

/// <summary>Masks that store something else than class ids.</summary>
public class LabelMapTests
{
    private static readonly ClassSet s_two = new(["no", "yes"], [(0, 0, 0), (255, 255, 255)]);

    private static readonly ClassSet s_three = new(["road", "sky", "car"], [(128, 64, 128), (70, 130, 180), (0, 0, 142)]) { IgnoreColor = (0, 0, 0) };

    [Theory]
    [InlineData(255, 255)]
    [InlineData(1, 1)]
    [InlineData(7, 65535)] // a soft mask of 16 bits
    public void Binary_IsZeroAndAnythingElse(int one, int other)
    {
        byte[] mapped = new byte[3];
        LabelMap.Binary(s_two).Apply(new LabelImage(3, 1, [0, (ushort)one, (ushort)other]), "x.png", mapped);
        Assert.Equal([0, 1, 1], mapped);
        DatasetException error = Assert.Throws<DatasetException>(() => LabelMap.Binary(s_three));
        Assert.Contains("data.storedLabels binary stands for two classes, the class file has 3", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Colors_AreClassesByExactMatch()
    {
        byte[] mapped = new byte[5];
        LabelMap.Colors(s_three).Apply(Picture((128, 64, 128), (0, 0, 142), (0, 0, 142), (0, 0, 0), (70, 130, 180)), "x.png", mapped);
        Assert.Equal([0, 2, 2, 255, 1], mapped);
    }

    [Theory]
    [InlineData(1, "1 pixels have a colour that the class file does not name: (1, 1, 1) in 1. Add what is missing")]
    [InlineData(3, "6 pixels have 3 colours that the class file does not name: (3, 3, 3) in 3, (2, 2, 2) in 2, (1, 1, 1) in 1.")]
    [InlineData(5, "15 pixels have 5 colours that the class file does not name: (5, 5, 5) in 5, (4, 4, 4) in 4, (3, 3, 3) in 3, ...")]
    public void UnknownColors_AreCountedAndNamed(int colors, string problem)
    {
        RgbImage picture = Picture([(0, 0, 142), .. Enumerable.Range(1, colors).SelectMany(v => Enumerable.Repeat(((byte)v, (byte)v, (byte)v), v))]);
        DatasetException error = Assert.Throws<DatasetException>(() => LabelMap.Colors(s_three).Apply(picture, "x.png", new byte[picture.Width]));
        Assert.StartsWith("x.png: " + problem, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void OneColorForTwoClasses_IsRefused()
    {
        DatasetException error = Assert.Throws<DatasetException>(() => LabelMap.Colors(new ClassSet(["a", "b", "c"], [(1, 1, 1), (2, 2, 2), (1, 1, 1)])));
        Assert.Contains("the class file gives a and c one colour, (1, 1, 1)", error.Message, StringComparison.Ordinal);
    }

    // RGB, RGBA and palette PNGs show colours; a JPEG shows nearly the same ones, which is not enough.
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void ColorMasks_AreReadFromEveryKindOfPng(int colourType)
    {
        using TemporaryFolder folder = new();
        // PngBuilder's
        (byte, byte, byte)[] palette = Enumerable.Range(0, 3).Select(i => ((byte)(i * 111), (byte)(i * 111 + 37), (byte)(i * 111 + 74))).ToArray();
        folder.Write("classes.txt", string.Concat(palette.Reverse().Select((c, i) => $"{i} c{i} {c.Item1} {c.Item2} {c.Item3}\n")));
        folder.Write("list.txt", "i.png l.png\n");
        folder.Image("i.png", 3, 1);
        ushort[] values = colourType == 3 ? [0, 1, 2] : [.. palette.SelectMany(c => new ushort[] { c.Item1, c.Item2, c.Item3 })];
        folder.Write("l.png", new PngBuilder { Width = 3, Height = 1, ColourType = colourType }.Encode(values));
        ListFileDataset dataset = new(folder.Path, "list.txt", map: LabelMap.Colors);
        Assert.Equal([2, 1, 0], dataset.Load(0).Labels);
        Assert.Equal([2, 1, 0], new DiskCachedDataset(dataset, folder.File("cache"), message => Assert.Fail(message)).Load(0).Labels);

        folder.Write("l.png", TestPictures.Encode(TestPictures.Quarters(), SkiaSharp.SKEncodedImageFormat.Jpeg));
        Assert.Contains(
            "a JPEG file, which does not keep label values exactly",
            Assert.Throws<ImageFormatException>(() => dataset.Load(0)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void ClassFile_KeepsTheColourOfTheIgnoredId()
    {
        using TemporaryFolder folder = new();
        ClassSet read = ClassSet.ReadFile(folder.Write("classes.txt", s_three.ToFileText()));
        Assert.Equal(s_three.IgnoreColor, read.IgnoreColor);
        LabelMap.Colors(ClassSet.ReadFile(folder.Write("classes.txt", s_two.ToFileText()))); // black and white are classes: the ignored id gets another colour
    }

    private static RgbImage Picture(params (byte R, byte G, byte B)[] colors) => new(colors.Length, 1, [.. colors.SelectMany(c => new[] { c.R, c.G, c.B })]);
}
