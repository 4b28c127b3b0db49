using HeteroAKD.Nn;

namespace HeteroAKD.Data.Tests;

/// <summary>Pixel counts and moments that were measured on the real data sets with other tools.</summary>
public class RealDataTests
{
    /// <summary>Full-size CamVid shares in percent, ids 0 to 11, by list.</summary>
    private static readonly Dictionary<string, double[]> s_camVidShares = new()
    {
        ["train"] = [16.845, 23.259, 0.983, 31.658, 4.486, 9.724, 1.173, 1.127, 5.866, 0.639, 0.292, 3.948],
        ["val"] = [9.177, 25.962, 0.564, 28.953, 8.719, 16.336, 0.892, 3.078, 1.746, 0.651, 2.217, 1.703],
        ["test"] = [17.066, 24.605, 1.177, 25.807, 9.269, 11.253, 1.010, 1.184, 3.972, 0.634, 0.189, 3.833],
    };

    /// <summary>The shares above are rounded to three decimals, so the known distance of a reduced size comes on top of half a unit of the last.</summary>
    private const double Rounding = 0.0005;

    private static ClassStatistics Statistics(string folder, string list) =>
        ClassStatistics.Compute(new ListFileDataset(TestData.Require(folder), list + ".txt"));

    [Theory]
    [InlineData("camvid-128x96", "train", 0.016)]
    [InlineData("camvid-128x96", "val", 0.016)]
    [InlineData("camvid-128x96", "test", 0.016)]
    [InlineData("camvid-320x240", "val", 0.004)]
    public void CamVid_PixelShares(string folder, string list, double tolerance)
    {
        ClassStatistics statistics = Statistics(folder, list);
        double total = statistics.LabelledPixels + statistics.IgnoredPixels;
        long[] counts = [.. statistics.Pixels, statistics.IgnoredPixels];
        for (int id = 0; id < counts.Length; id++)
        {
            Assert.Equal(s_camVidShares[list][id], counts[id] / total * 100, tolerance + Rounding);
        }
    }

    [Fact]
    public void CamVidTrain_SharesMomentsAndWeights()
    {
        ClassStatistics statistics = Statistics("camvid-320x240", "train");
        double total = statistics.LabelledPixels + statistics.IgnoredPixels;
        for (int id = 0; id < 11; id++)
        {
            Assert.Equal(s_camVidShares["train"][id], statistics.Pixels[id] / total * 100, 0.004 + Rounding);
        }

        // The oracle was decoded by libjpeg; ImageSharp's JPEGs differ in last bits.
        AssertClose([0.4114, 0.4246, 0.4322], statistics.Mean, 3e-4);
        AssertClose([0.3036, 0.3080, 0.3037], statistics.Std, 3e-4);
        AssertClose([0.2793, 0.2017, 4.806, 0.149, 1.0, 0.4216, 3.8461, 1.9737, 0.7889, 6.3757, 8.8664], statistics.MedianFrequencyWeights(), 0.01);
    }

    [Fact]
    public void CamVidTrain_EnetWeights() =>
        AssertClose([5.60, 4.30, 33.5, 3.34, 15.5, 8.74, 31.6, 32.0, 12.8, 38.0, 43.9], Statistics("camvid-128x96", "train").EnetWeights(), 0.0025);

    [Theory]
    [InlineData("2007_004189", "0:145856 12:12154 255:8490")]
    [InlineData("2007_006449", "0:132550 2:32954 255:21996")]
    [InlineData("2010_005582", "0:99037 5:2598 15:58474 255:6391")]
    public void Voc_PaletteIndices(string name, string expected)
    {
        string root = TestData.Require("layouts", "VOCdevkit", "VOC2012");
        AssertPair(Path.Combine(root, "SegmentationClass", name + ".png"), Path.Combine(root, "JPEGImages", name + ".jpg"), expected, isPalette: true);
    }

    [Theory]
    [InlineData("ADE_val_00000001", "0:3613 1:14538 2:123406 3:134492 5:8784 7:1755 10:53099 18:10009")]
    [InlineData("ADE_val_00000002", "0:17280 1:8309 2:49211 3:85997 5:20293 14:341 18:569")]
    [InlineData("ADE_val_00000003", "0:2031 1:2901 2:9024 3:27749 5:2048 7:30083 12:22518 21:2330 44:153 81:1681 88:202 97:17664 103:1616")]
    public void Ade_GrayLevels(string name, string expected)
    {
        string root = TestData.Require("layouts", "ADEChallengeData2016");
        AssertPair(
            Path.Combine(
                root, "annotations", "validation", name + ".png"), Path.Combine(root, "images", "validation", name + ".jpg"), expected, isPalette: false);
    }

    private static void AssertPair(string labelPath, string imagePath, string expected, bool isPalette)
    {
        LabelImage label = LabelPng.Read(labelPath);
        IEnumerable<string> counts = label.Ids.GroupBy(id => id).OrderBy(g => g.Key).Select(g => $"{g.Key}:{g.Count()}");
        Assert.Equal(expected, string.Join(" ", counts));
        Assert.Equal(isPalette, label.Palette is not null);
        RgbImage image = SkiaImageCodec.Instance.ReadRgb(imagePath);
        Assert.Equal((label.Width, label.Height), (image.Width, image.Height));
    }

    /// <summary>The given figures are rounded and taken at full size, so they are compared relatively.</summary>
    private static void AssertClose(double[] expected, double[] actual, double relative)
    {
        for (int c = 0; c < expected.Length; c++)
        {
            Assert.Equal(expected[c], actual[c], expected[c] * relative);
        }
    }
}
