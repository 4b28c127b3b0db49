namespace HeteroAKD.Data.Tests;

/// <summary>Data of one's own: images/, masks/, classes.txt.</summary>
public class FolderLayoutTests
{
    private static TemporaryFolder Make(int count, string below = "")
    {
        TemporaryFolder folder = new();
        folder.Place("classes.txt", "0 a 0 0 0\n1 b 9 9 9\n");
        for (int i = 0; i < count; i++)
        {
            folder.Image($"images/{below}{i:D2}.png");
            folder.Label($"masks/{below}{i:D2}.png", 1, 255);
        }
        return folder;
    }

    private static string[] Names(DatasetSplits set, string split) =>
        [.. set.Require(split).Pairs.Select(pair => Path.GetFileNameWithoutExtension(pair.Image))];

    [Fact]
    public void WithoutSplits_ASeedChooses()
    {
        using TemporaryFolder folder = Make(10);
        LayoutOptions options = new() { ValFraction = 0.3, Seed = 5 };
        DatasetSplits set = DatasetLayout.Detect(folder.Path).Open(folder.Path, options);
        Assert.Equal((7, 3), (set.Require("train").Count, set.Require("val").Count));
        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"{i:D2}"), Names(set, "train").Concat(Names(set, "val")).Order());
        Assert.Equal(Names(set, "val"), Names(DatasetLayout.Of("folder").Open(folder.Path, options), "val"));
        Assert.Contains(
            Enumerable.Range(6, 10),
            seed => !Names(set, "val").SequenceEqual(Names(DatasetLayout.Of("folder").Open(folder.Path, options with { Seed = (ulong)seed }), "val")));
        Assert.Equal([1, 255, 0], set.Require("train").Load(0).Labels[..3]);
    }

    [Fact]
    public void Lists_OfNamesWithOrWithoutEnding()
    {
        using TemporaryFolder folder = Make(3);
        folder.Place("train.txt", "02\n00.png\n");
        folder.Place("val.txt", "01\n");
        DatasetSplits set = DatasetLayout.Of("folder").Open(folder.Path);
        Assert.Equal(["02", "00"], Names(set, "train"));
        Assert.Equal(["01"], Names(set, "val"));
        folder.Place("val.txt", "17\n");
        DatasetException error = Assert.Throws<DatasetException>(() => DatasetLayout.Of("folder").Open(folder.Path));
        Assert.Contains("no image '17'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Subfolders_AreSplits()
    {
        using TemporaryFolder folder = Make(2, "train/");
        folder.Image("images/val/x.png");
        folder.Label("masks/val/x.png", 1);
        DatasetSplits set = DatasetLayout.Of("folder").Open(folder.Path);
        Assert.Equal(["00", "01"], Names(set, "train"));
        Assert.Equal(["x"], Names(set, "val"));
        Assert.False(set.Splits.ContainsKey("test"));
    }

    // Training goes on with the images it had when one is added.
    [Fact]
    public void AnAddedImage_MovesAtMostOneOther()
    {
        using TemporaryFolder folder = Make(20);
        string[] before = Names(DatasetLayout.Of("folder").Open(folder.Path), "val");
        folder.Image("images/0a.png");
        folder.Label("masks/0a.png", 1);
        string[] after = Names(DatasetLayout.Of("folder").Open(folder.Path), "val");
        Assert.Equal((2, 2), (before.Length, after.Length));
        Assert.True(before.Except(after).Count() <= 1);
    }

    [Fact]
    public void WhatAListLeavesOut_IsTrainedOnAndShared()
    {
        using TemporaryFolder folder = Make(12);
        folder.Place("test.txt", "03\n04\n");
        DatasetSplits set = DatasetLayout.Of("folder").Open(folder.Path);
        Assert.Equal(["03", "04"], Names(set, "test"));
        Assert.Equal((9, 1), (set.Require("train").Count, set.Require("val").Count));
        Assert.DoesNotContain("03", Names(set, "train").Concat(Names(set, "val")));
    }

    [Fact]
    public void Masks_AreFoundByNameWhateverTheCaseOfTheirEnding()
    {
        using TemporaryFolder folder = Make(2);
        File.Move(folder.File("masks/01.png"), folder.File("masks/01.PNG"));
        folder.Label("masks/lost.png", 1);
        DatasetSplits set = DatasetLayout.Of("folder").Open(folder.Path);
        set.Require("train").RequireFiles();
        set.Require("val").RequireFiles();
        Assert.Contains(
            set.Warnings,
            warning => warning.StartsWith("1 labels have no image", StringComparison.Ordinal) && warning.EndsWith("lost.png", StringComparison.Ordinal));
        folder.Image("images/00.jpg");
        Assert.Contains(
            "00.jpg and 00.png have one name",
            Assert.Throws<DatasetException>(() => DatasetLayout.Of("folder").Open(folder.Path)).Message,
            StringComparison.Ordinal);
    }

    private static DatasetSplits Open(TemporaryFolder folder) => DatasetLayout.Of("folder").Open(folder.Path, new LayoutOptions { ValFraction = 0.5 });

    private static string[] Ids(DatasetSplits set) =>
        [.. set.Splits.Values.SelectMany(split => split.Pairs).Select(pair => pair.Id).Order(StringComparer.Ordinal)];

    [Fact]
    public void FoldersBelow_ArePartOfTheName()
    {
        using TemporaryFolder folder = Make(1);
        foreach (string? name in new[] { "bonn/00", "ulm/00", "ulm/deep/er/x" })
        {
            folder.Image($"images/{name}.png");
            folder.Label($"masks/{name}.png", 1);
        }
        Directory.CreateSymbolicLink(folder.File("images/ulm/back"), folder.File("images")); // would be walked for ever
        DatasetSplits set = Open(folder);
        Assert.Equal(["00", "bonn/00", "ulm/00", "ulm/deep/er/x"], Ids(set));
        Assert.Equal($"3 images lie in folders below {folder.File("images")}; these folders are part of their names: first bonn/00", Assert.Single(set.Notes));
        Assert.Empty(set.Warnings);
        Assert.Contains(set.Splits.Values, split => split.Load(0).Id.Contains('/', StringComparison.Ordinal));

        folder.Place("train.txt", "ulm/00\nimages/bonn/00.png\n");
        folder.Place("val.txt", "ulm/deep/er/x.png\n");
        set = Open(folder);
        Assert.Equal(["ulm/00", "bonn/00"], set.Require("train").Pairs.Select(pair => pair.Id));
        folder.Place("val.txt", "bonn/x\n");
        Assert.Contains("there is no image 'bonn/x'", Assert.Throws<DatasetException>(() => Open(folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ImagesBesideTheFoldersOfSplits_AreSaid()
    {
        using TemporaryFolder folder = Make(2, "train/");
        folder.Image("images/val/x.png");
        folder.Label("masks/val/x.png", 1);
        folder.Image("images/extra/y.png");
        folder.Image("images/z.png");
        string warning = Assert.Single(Open(folder).Warnings);
        Assert.StartsWith("2 images in ", warning, StringComparison.Ordinal);
        Assert.Contains(
            "are in none of the folders train, val and test and are left out: first " + folder.File("images/extra/y.png"), warning, StringComparison.Ordinal);
    }

    // Without a folder train, what is left trains, and what validates does not.
    [Fact]
    public void FolderOfValidationAlone_LeavesTheOthersToTraining()
    {
        using TemporaryFolder folder = Make(2);
        folder.Image("images/val/x.png");
        folder.Label("masks/val/x.png", 1);
        DatasetSplits set = Open(folder);
        Assert.Equal(["00", "01"], Names(set, "train"));
        Assert.Equal(["x"], Names(set, "val"));
    }

    [Theory]
    [InlineData("images/._00.png")]
    [InlineData("images/.trashed-photo.jpg")]
    [InlineData("masks/._00.png")]
    [InlineData("masks/.DS_Store")]
    [InlineData("images/Thumbs.db")]
    [InlineData("images/desktop.ini")]
    public void HiddenFiles_AreNoImages(string path)
    {
        using TemporaryFolder folder = Make(2);
        folder.Place(path, "of the system");
        folder.Place("images/.cache/00.png", "of the system");
        folder.Place("images/__MACOSX/00.png", "of the system");
        DatasetSplits set = Open(folder);
        Assert.Equal(["00", "01"], Ids(set));
        Assert.Empty(set.Warnings);
        Assert.Equal($"1 hidden files are no images and are left out: first {folder.File(path)}", Assert.Single(set.Notes));
        folder.Place("more/._a.png", "of the system");
        folder.Image("more/a.png");
        folder.Image("more/below/b.png");
        Assert.Equal(["a", "below/b"], Enumerable.Range(0, 2).Select(i => ImageDataset.OfFolder(folder.File("more"), set.Classes).Load(i).Id));
    }

    [Theory]
    [InlineData(".tga")]
    [InlineData(".HEIC")]
    [InlineData(".npy")]
    public void ImagesThatAreNotRead_AreNamed(string ending)
    {
        using TemporaryFolder folder = Make(2);
        folder.Place($"images/00{ending}", "the same picture once more");
        folder.Place($"images/02{ending}", "a picture");
        string path = folder.File($"images/02{ending}");
        Assert.Equal(
            $"1 files in {folder.File("images")} end in {ending}, which is not read, and are left out: first {path}. Convert them to PNG or JPEG",
            Assert.Single(Open(folder).Warnings));

        foreach (string? name in new[] { "00", "01" })
        {
            File.Delete(folder.File($"images/{name}.png"));
        }
        Assert.Contains($"end in {ending}, which is not read", Assert.Throws<DatasetException>(() => Open(folder)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("images/00.png masks/02.png", "00", "masks/02.png")]
    [InlineData("images/00.png masks/00.png", "00", "masks/00.png")]
    [InlineData("images/02.png  \tother/m.png", "02", "other/m.png")]
    public void TwoFields_AreAPair(string line, string id, string mask)
    {
        using TemporaryFolder folder = Make(3);
        folder.Place("train.txt", line + "\n");
        folder.Place("val.txt", "01\n");
        FilePair pair = Assert.Single(Open(folder).Require("train").Pairs);
        Assert.Equal((id, folder.File(mask)), (pair.Id, pair.Label));
    }

    [Theory]
    [InlineData("images/00.png masks/00.png 3")]
    [InlineData("images/07.png")]
    [InlineData("00 01 02")]
    public void LinesThatAreNeitherNameNorPair_AreErrors(string line)
    {
        using TemporaryFolder folder = Make(3);
        folder.Place("train.txt", line + "\n");
        DatasetException error = Assert.Throws<DatasetException>(() => Open(folder));
        Assert.Contains($"there is no image '{line}'", error.Message, StringComparison.Ordinal);
        Assert.Contains("a line holds the name of one image, or the paths of an image and its mask", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void NamesWithBlanks_AreNames()
    {
        using TemporaryFolder folder = Make(1);
        folder.Image("images/a b.png");
        folder.Label("masks/a b.png", 1);
        folder.Place("train.txt", "a b\n");
        folder.Place("val.txt", "00\n");
        Assert.Equal(["a b"], Names(Open(folder), "train"));
    }
}
