namespace HeteroAKD.Data.Tests;

/// <summary>What is said before a training about labels that it cannot learn from.</summary>
public class LabelCensusTests
{
    private const string TwoClasses = "0 no 0 0 0\n1 yes 9 9 9\n";
    private const string Binary = ". Where the masks store 0 and anything else, set data.storedLabels: binary";

    private static (LabelCensus Census, string[] Warnings) Take(
        string classes, int count, Func<int, ushort[]> ids, Func<ClassSet, LabelMap>? map = null, int threads = 2)
    {
        using TemporaryFolder folder = new();
        folder.Place("classes.txt", classes);
        for (int i = 0; i < count; i++)
        {
            folder.Place($"m{i}.png", new PngBuilder { Width = 4, Height = 1 }.Encode(ids(i)));
        }
        folder.Place("list.txt", string.Concat(Enumerable.Range(0, count).Select(i => $"no-image.png m{i}.png\n"))); // images are not looked at
        LabelCensus census = LabelCensus.Take(
            "train", new ListFileDataset(folder.Path, "list.txt", map: map), [.. Enumerable.Range(0, count)], threads, _ => { }, CancellationToken.None);
        return (census, [.. census.Warnings()]);
    }

    // The commonest binary masks there are, and what else leaves a class without a pixel.
    [Theory]
    [InlineData(TwoClasses, "0 0 255 255", "train: 1 of 2 classes have no labelled pixel: yes (1); 50.0 % of the pixels are ignored" + Binary)]
    [InlineData(TwoClasses, "1 1 1 255", "train: 1 of 2 classes have no labelled pixel: no (0); 25.0 % of the pixels are ignored" + Binary)]
    [InlineData(TwoClasses, "0 0 0 0", "train: 1 of 2 classes have no labelled pixel: yes (1); 0.0 % of the pixels are ignored")]
    [InlineData(TwoClasses, "255 255 255 255", "train: no pixel is labelled, all are ignored (id 255)" + Binary)]
    [InlineData(TwoClasses, "0 1 255 255", "train: 50.0 % of the pixels are ignored")]
    [InlineData("0 a 0 0 0\n1 b 1 1 1\n2 c 2 2 2\n3 void 3 3 3\n", "3 3 3 1", "train: 2 of 3 classes have no labelled pixel: a (0), c (2); 75.0 % of the "
        + "pixels are ignored")]
    public void WhatCannotBeLearnt_IsSaid(string classes, string ids, string warning)
    {
        (LabelCensus? census, string[]? warnings) = Take(classes, 3, _ => [.. ids.Split(' ').Select(ushort.Parse)]);
        Assert.Equal([warning], warnings);
        Assert.Equal(warning.Contains("no pixel is labelled", StringComparison.Ordinal), census.IsEmpty);
    }

    [Fact]
    public void GoodSplits_AreNotMentioned()
    {
        Assert.Empty(Take(TwoClasses, 3, _ => [0, 0, 1, 1]).Warnings);
        Assert.Empty(Take(TwoClasses, 3, _ => [0, 0, 255, 255], LabelMap.Binary).Warnings);
    }

    [Fact]
    public void ManyImages_AreSampledUntilEveryClassWasSeen()
    {
        const int Count = 800;
        (LabelCensus? common, string[] _) = Take(TwoClasses, Count, _ => [0, 1, 255, 255]);
        Assert.Equal((512, Count), (common.Images, common.SplitImages));
        Assert.Equal("train: 50.0 % of the pixels are ignored in 512 of 800 images", Assert.Single(common.Warnings()));

        (LabelCensus? missing, string[]? warnings) = Take(TwoClasses, Count, _ => [0, 0, 0, 0]);
        Assert.Equal(Count, missing.Images);
        Assert.Contains("1 of 2 classes have no labelled pixel", Assert.Single(warnings), StringComparison.Ordinal);

        // A class in one image of all is found, and found the same by any number of threads.
        (LabelCensus? rare, string[]? none) = Take(TwoClasses, Count, i => [0, 0, 0, (ushort)(i == 777 ? 1 : 0)]);
        Assert.Empty(none);
        Assert.Equal(rare.Pixels, Take(TwoClasses, Count, i => [0, 0, 0, (ushort)(i == 777 ? 1 : 0)], threads: 1).Census.Pixels);
    }

    [Fact]
    public void DamagedMask_IsNamed()
    {
        DatasetException error = Assert.Throws<DatasetException>(() => Take(TwoClasses, 5, i => [0, 1, 0, (ushort)(i == 3 ? 2 : 0)]));
        Assert.Contains("m3.png: label id 2 at column 3, row 0", error.Message, StringComparison.Ordinal);
    }

    // PngBuilder's palette gives entry i the colour (111 i, 111 i + 37, 111 i + 74), modulo 256.
    [Theory]
    [InlineData("0 a 0 37 74\n1 b 111 148 185\n2 c 222 3 40\n", "0 1 2 1", null)]
    [InlineData("0 a 111 148 185\n1 b 0 37 74\n2 c 222 3 40\n", "0 1 2 1", "id 0 is a there and has the colour of b in")]
    [InlineData("0 a 0 37 74\n1 b 222 3 40\n2 c 111 148 185\n", "0 1 255 1", "id 1 is b there and has the colour of c in")]
    [InlineData("0 a 9 9 9\n1 b 0 37 74\n2 c 222 3 40\n", "0 1 2 1", null)] // colours of its own, which agree by chance in one
    public void PaletteInAnotherOrder_IsNoticed(string classes, string ids, string? warning)
    {
        using TemporaryFolder folder = new();
        folder.Place("classes.txt", classes);
        folder.Place("m.png", new PngBuilder { Width = 4, Height = 1, ColourType = 3 }.Encode([.. ids.Split(' ').Select(ushort.Parse)]));
        folder.Image("i.png", 4, 1);
        folder.Place("list.txt", "i.png m.png\n");
        ListFileDataset dataset = new(folder.Path, "list.txt");
        foreach (LabelCensus? census in new[]
        {
            LabelCensus.Take("train", dataset, [0], 1, _ => { }, CancellationToken.None),
            SplitCheck.Run("train", dataset, 1, _ => { }, CancellationToken.None).Census,
        })
        {
            string[] found = [.. census.Warnings().Where(w => w.Contains("palette", StringComparison.Ordinal))];
            Assert.Equal(warning is null ? 0 : 1, found.Length);
            Assert.All(found, text => Assert.Contains(warning!, text, StringComparison.Ordinal));
            Assert.All(
                found, text => Assert.Contains("train: 1 of 1 masks have a palette in another order than the class file", text, StringComparison.Ordinal));
        }
        if (warning is not null)
        {
            ListFileDataset byColors = new(folder.Path, "list.txt", map: Colors);
            Assert.DoesNotContain(
                LabelCensus.Take("train", byColors, [0], 1, _ => { }, CancellationToken.None).Warnings(),
                text => text.Contains("palette", StringComparison.Ordinal));
        }

        // The ignored entry 255 of this palette.
        static LabelMap Colors(ClassSet set) => LabelMap.Colors(new ClassSet(set.Names, set.Colors) { IgnoreColor = (145, 182, 219) });
    }
}
