namespace HeteroAKD.Data.Tests;

/// <summary>Official layouts, on files in the same encodings and on genuine ones where they are at hand.</summary>
public class LayoutTests
{
    private static string Counts(Sample sample) =>
        string.Join(" ", sample.Labels.GroupBy(id => id).OrderBy(g => g.Key).Select(g => $"{g.Key}:{g.Count()}"));

    private static DatasetSplits Open(string kind, string root)
    {
        Assert.Equal(kind, DatasetLayout.Detect(root).Kind);
        return DatasetLayout.Of(kind).Open(root);
    }

    private static TemporaryFolder MakeCityscapes(string labels = "labelIds")
    {
        TemporaryFolder folder = new();
        foreach ((string? split, string? city) in new[] { ("train", "ulm"), ("train", "aachen"), ("val", "lindau"), ("test", "bonn") })
        {
            string name = $"{city}_000000_000019";
            folder.Image($"leftImg8bit/{split}/{city}/{name}_leftImg8bit.png");
            folder.Label($"gtFine/{split}/{city}/{name}_gtFine_{labels}.png", labels == "labelIds" ? [7, 33, 26, 9, 0, 24] : [0, 18, 13, 255, 255, 11]);
        }
        return folder;
    }

    [Theory]
    [InlineData("labelIds", "0:1 11:1 13:1 18:1 255:20")]
    [InlineData("labelTrainIds", "0:19 11:1 13:1 18:1 255:2")]
    public void Cityscapes_StoredIdsBecomeClasses(string labels, string expected)
    {
        using TemporaryFolder folder = MakeCityscapes(labels);
        DatasetSplits set = Open("cityscapes", folder.Path);
        Assert.Equal(["train", "val", "test"], set.Splits.Keys);
        Assert.Equal(["Cityscapes train has 2 of 2975 images", "Cityscapes val has 1 of 500 images", "Cityscapes test has 1 of 1525 images"], set.Warnings);
        Assert.False(set.HasTestTruth);
        Sample sample = set.Require("train").Load(1);
        Assert.Equal("ulm_000000_000019_leftImg8bit", sample.Id); // cities in the order of their names
        Assert.Equal(expected, Counts(sample));
        Assert.Equal((19, "bicycle", (119, 11, 32)), (set.Classes.Count, set.Classes.Names[18], set.Classes.Colors[18]));
    }

    [Fact]
    public void Cityscapes_EveryStoredIdByThePublishedTable()
    {
        Dictionary<int, int> published = new()
        {
            [7] = 0,
            [8] = 1,
            [11] = 2,
            [12] = 3,
            [13] = 4,
            [17] = 5,
            [19] = 6,
            [20] = 7,
            [21] = 8,
            [22] = 9,
            [23] = 10,
            [24] = 11,
            [25] = 12,
            [26] = 13,
            [27] = 14,
            [28] = 15,
            [31] = 16,
            [32] = 17,
            [33] = 18,
        };
        ushort[] stored = Enumerable.Range(0, 34).Select(id => (ushort)id).ToArray();
        byte[] mapped = new byte[34];
        CityscapesLayout.LabelIds.Apply(new LabelImage(34, 1, stored), "x.png", mapped);
        Assert.Equal(stored.Select(id => (byte)published.GetValueOrDefault(id, 255)), mapped);
    }

    [Theory]
    [InlineData(34)]
    [InlineData(300)]
    public void UnknownStoredId_IsRefusedWithItsPlace(int id)
    {
        DatasetException error = Assert.Throws<DatasetException>(
            () => CityscapesLayout.LabelIds.Apply(new LabelImage(2, 2, [7, 7, 7, (ushort)id]), "x.png", new byte[4]));
        Assert.Equal("x.png", error.File);
        Assert.Contains($"label id {id} at column 1, row 1 is neither a stored id of this data set (0 to 33)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Cityscapes_MissingLabelIsNamed()
    {
        using TemporaryFolder folder = MakeCityscapes();
        string label = folder.File("gtFine/train/ulm/ulm_000000_000019_gtFine_labelIds.png");
        File.Delete(label);
        DatasetException error = Assert.Throws<DatasetException>(() => Open("cityscapes", folder.Path).Require("train").RequireFiles());
        Assert.Equal(label, error.File);
        Assert.Contains("1 of 4 files", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Voc_GenuinePairs()
    {
        string[] expected = ["0:145856 12:12154 255:8490", "0:132550 2:32954 255:21996", "0:99037 5:2598 15:58474 255:6391"];
        foreach (string? root in new[] { TestData.Require("layouts"), TestData.Require("layouts", "VOCdevkit", "VOC2012") })
        {
            DatasetSplits set = DatasetLayout.Of("voc").Open(root);
            PairDataset val = set.Require("val");
            Assert.Equal(expected, Enumerable.Range(0, val.Count).Select(i => Counts(val.Load(i))));
            Assert.Equal(["Pascal VOC val has 3 of 1449 images"], set.Warnings);
            DatasetException error = Assert.Throws<DatasetException>(() => set.Require("train"));
            Assert.Contains(Path.Combine("ImageSets/Segmentation/train.txt"), error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Voc_PaletteOfAGenuineFileIsTheFormula()
    {
        string root = TestData.Require("layouts", "VOCdevkit", "VOC2012");
        (byte R, byte G, byte B)[] palette = LabelPng.Read(Path.Combine(root, "SegmentationClass", "2007_004189.png")).Palette!;
        Assert.Equal(VocLayout.Classes.Colors, palette[..21]);
    }

    [Theory]
    [InlineData("trainaug.txt", "a\n", true)]
    [InlineData("train_aug.txt", "/JPEGImages/a.jpg /SegmentationClassAug/a.png\n", true)]
    [InlineData("trainaug.txt", "a\n", false)]
    public void Voc_AugmentedListIsTakenWithItsLabels(string list, string text, bool hasLabels)
    {
        using TemporaryFolder folder = new();
        folder.Image("JPEGImages/a.jpg");
        folder.Label("SegmentationClass/a.png", 1);
        folder.Place("ImageSets/Segmentation/train.txt", "a\n");
        folder.Place($"ImageSets/Segmentation/{list}", text);
        if (hasLabels)
        {
            folder.Label("SegmentationClassAug/a.png", 20, 20);
        }
        DatasetSplits set = Open("voc", folder.Path);
        Assert.Equal(hasLabels ? "0:22 20:2" : "0:23 1:1", Counts(set.Require("train").Load(0)));
        Assert.Contains(set.Warnings, w => w.Contains(hasLabels ? "1 of 10582" : "1 of 1464", StringComparison.Ordinal));
        Assert.Equal(!hasLabels, set.Warnings.Any(w => w.Contains("no folder SegmentationClassAug", StringComparison.Ordinal)));
    }

    [Fact]
    public void Ade_GenuinePairsShiftByOne()
    {
        // Class k-1 for stored k, 255 for stored 0.
        string[] expected =
        [
            "0:14538 1:123406 2:134492 4:8784 6:1755 9:53099 17:10009 255:3613",
            "0:8309 1:49211 2:85997 4:20293 13:341 17:569 255:17280",
            "0:2901 1:9024 2:27749 4:2048 6:30083 11:22518 20:2330 43:153 80:1681 87:202 96:17664 102:1616 255:2031",
        ];
        string root = TestData.Require("layouts", "ADEChallengeData2016");
        DatasetSplits set = Open("ade20k", root);
        PairDataset val = set.Require("val");
        Assert.Equal(expected, Enumerable.Range(0, val.Count).Select(i => Counts(val.Load(i))));
        Assert.Equal(["ADE20K val has 3 of 2000 images"], set.Warnings);
        Assert.Equal(Ade20kLayout.Classes.Names, set.Classes.Names); // the names built in are those of objectInfo150.txt
        Assert.Equal((150, "wall", "flag"), (set.Classes.Count, set.Classes.Names[0], set.Classes.Names[149]));
    }

    [Fact]
    public void CamVid_SegNetListsAndFolders()
    {
        using TemporaryFolder folder = new();
        foreach (string? split in new[] { "train", "val", "test" })
        {
            folder.Image($"{split}/0001.png");
            folder.Label($"{split}annot/0001.png", 10, 11);
        }
        folder.Place("train.txt", "/SegNet/CamVid/train/0001.png /SegNet/CamVid/trainannot/0001.png\n");
        folder.Place("val.txt", "val/0001.png valannot/0001.png\n");
        DatasetSplits set = Open("camvid", folder.Path);
        Assert.Equal(["train", "val", "test"], set.Splits.Keys);
        Assert.All(set.Splits.Values, split => Assert.Equal("0:22 10:1 11:1", Counts(split.Load(0))));
        Assert.Equal((11, 11), (set.Classes.Count, set.Classes.IgnoreIndex));
    }

    [Fact]
    public void CamVid_BuiltInClassesAreThoseOfTheClassFile()
    {
        ClassSet classes = ClassSet.ReadFile(Path.Combine(TestData.Require("camvid-128x96"), "classes.txt"));
        Assert.Equal(classes.Names, CamVidLayout.Classes.Names);
        Assert.Equal(classes.Colors, CamVidLayout.Classes.Colors);
    }

    [Theory]
    [InlineData("images/", "annotations/")]
    [InlineData("", "stuffthingmaps/")]
    public void CocoStuff_StoresClassIds(string images, string labels)
    {
        using TemporaryFolder folder = new();
        folder.Image($"{images}train2017/000000000009.jpg");
        folder.Label($"{labels}train2017/000000000009.png", 181, 255, 91);
        DatasetSplits set = Open("cocostuff", folder.Path);
        Assert.Equal("0:21 91:1 181:1 255:1", Counts(set.Require("train").Load(0)));
        Assert.Equal(
            (182, "person", "hair brush", "banner", "wood"),
            (set.Classes.Count, set.Classes.Names[0], set.Classes.Names[90], set.Classes.Names[91], set.Classes.Names[181]));
        Assert.Equal(182, set.Classes.Names.Distinct().Count());
    }

    [Fact]
    public void NothingKnown_SaysWhatWasLookedFor()
    {
        using TemporaryFolder folder = new();
        DatasetException error = Assert.Throws<DatasetException>(() => DatasetLayout.Detect(folder.Path));
        Assert.All(DatasetLayout.All, layout => Assert.Contains($"({layout.Kind})", error.Message, StringComparison.Ordinal));
        error = Assert.Throws<DatasetException>(() => DatasetLayout.Of("cityscapes").Open(folder.Path));
        Assert.Contains("leftImg8bit/train", error.Message, StringComparison.Ordinal);
        Assert.Contains("does not exist", Assert.Throws<DatasetException>(() => DatasetLayout.Detect(folder.File("no"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ColourMap_DealsBitsInTurn()
    {
        // Known entries of Pascal VOC's map.
        Assert.Equal((0, 0, 0), ColorMap.Voc(0));
        Assert.Equal((128, 0, 0), ColorMap.Voc(1));
        Assert.Equal((192, 128, 128), ColorMap.Voc(15));
        Assert.Equal((0, 64, 128), ColorMap.Voc(20));
        Assert.Equal((224, 224, 192), ColorMap.Voc(255));
        Assert.Equal(256, Enumerable.Range(0, 256).Select(ColorMap.Voc).Distinct().Count());
    }
}
