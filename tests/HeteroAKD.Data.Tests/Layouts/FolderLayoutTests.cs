namespace HeteroAKD.Data.Tests;

/// <summary>Data of one's own: images/, masks/, classes.txt.</summary>
public class FolderLayoutTests
{
    private static TemporaryFolder Make(int count, string below = "")
    {
        var folder = new TemporaryFolder();
        folder.Place("classes.txt", "0 a 0 0 0\n1 b 9 9 9\n");
        for (var i = 0; i < count; i++)
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
        using var folder = Make(10);
        var options = new LayoutOptions { ValFraction = 0.3, Seed = 5 };
        var set = DatasetLayout.Detect(folder.Path).Open(folder.Path, options);
        Assert.Equal((7, 3), (set.Require("train").Count, set.Require("val").Count));
        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"{i:D2}"), Names(set, "train").Concat(Names(set, "val")).Order());
        Assert.Equal(Names(set, "val"), Names(DatasetLayout.Of("folder").Open(folder.Path, options), "val"));
        Assert.Contains(Enumerable.Range(6, 10), seed => !Names(set, "val").SequenceEqual(Names(DatasetLayout.Of("folder").Open(folder.Path, options with { Seed = (ulong)seed }), "val")));
        Assert.Equal([1, 255, 0], set.Require("train").Load(0).Labels[..3]);
    }

    [Fact]
    public void Lists_OfNamesWithOrWithoutEnding()
    {
        using var folder = Make(3);
        folder.Place("train.txt", "02\n00.png\n");
        folder.Place("val.txt", "01\n");
        var set = DatasetLayout.Of("folder").Open(folder.Path);
        Assert.Equal(["02", "00"], Names(set, "train"));
        Assert.Equal(["01"], Names(set, "val"));
        folder.Place("val.txt", "17\n");
        var error = Assert.Throws<DatasetException>(() => DatasetLayout.Of("folder").Open(folder.Path));
        Assert.Contains("no image '17'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Subfolders_AreSplits()
    {
        using var folder = Make(2, "train/");
        folder.Image("images/val/x.png");
        folder.Label("masks/val/x.png", 1);
        var set = DatasetLayout.Of("folder").Open(folder.Path);
        Assert.Equal(["00", "01"], Names(set, "train"));
        Assert.Equal(["x"], Names(set, "val"));
        Assert.False(set.Splits.ContainsKey("test"));
    }

    // Training goes on with the images it had when one is added.
    [Fact]
    public void AnAddedImage_MovesAtMostOneOther()
    {
        using var folder = Make(20);
        var before = Names(DatasetLayout.Of("folder").Open(folder.Path), "val");
        folder.Image("images/0a.png");
        folder.Label("masks/0a.png", 1);
        var after = Names(DatasetLayout.Of("folder").Open(folder.Path), "val");
        Assert.Equal((2, 2), (before.Length, after.Length));
        Assert.True(before.Except(after).Count() <= 1);
    }

    [Fact]
    public void WhatAListLeavesOut_IsTrainedOnAndShared()
    {
        using var folder = Make(12);
        folder.Place("test.txt", "03\n04\n");
        var set = DatasetLayout.Of("folder").Open(folder.Path);
        Assert.Equal(["03", "04"], Names(set, "test"));
        Assert.Equal((9, 1), (set.Require("train").Count, set.Require("val").Count));
        Assert.DoesNotContain("03", Names(set, "train").Concat(Names(set, "val")));
    }

    [Fact]
    public void Masks_AreFoundByNameWhateverTheCaseOfTheirEnding()
    {
        using var folder = Make(2);
        File.Move(folder.File("masks/01.png"), folder.File("masks/01.PNG"));
        folder.Label("masks/lost.png", 1);
        var set = DatasetLayout.Of("folder").Open(folder.Path);
        set.Require("train").RequireFiles();
        set.Require("val").RequireFiles();
        Assert.Contains(set.Warnings, warning => warning.StartsWith("1 labels have no image", StringComparison.Ordinal) && warning.EndsWith("lost.png", StringComparison.Ordinal));
        folder.Image("images/00.jpg");
        Assert.Contains("00.jpg and 00.png have one name", Assert.Throws<DatasetException>(() => DatasetLayout.Of("folder").Open(folder.Path)).Message, StringComparison.Ordinal);
    }
}
