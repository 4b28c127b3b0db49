using HeteroAKD.Nn;

namespace HeteroAKD.Data.Tests;

public class ClassStatisticsTests
{
    /// <summary>Two 4-pixel images: labels {0,0,0,255} with value 0, and {0,1,1,1} with value 255.</summary>
    private static ClassStatistics Small()
    {
        byte[][] labels = [[0, 0, 0, 255], [0, 1, 1, 1]];
        return ClassStatistics.Compute(new MemoryDataset(
            2, i => new Sample($"{i}", new RgbImage(2, 2, [.. Enumerable.Repeat((byte)(i * 255), 12)]), labels[i]), classes: 3));
    }

    [Fact]
    public void Compute_CountsPixelsAndMoments()
    {
        ClassStatistics statistics = Small();
        Assert.Equal([4, 3, 0], statistics.Pixels);
        Assert.Equal([8, 4, 0], statistics.PixelsOfImagesWith);
        Assert.Equal(1, statistics.IgnoredPixels);
        Assert.Equal([0.5, 0.5, 0.5], statistics.Mean);
        Assert.Equal([0.5, 0.5, 0.5], statistics.Std);
        Assert.Equal([4 / 7.0, 3 / 7.0, 0], statistics.Shares());
    }

    [Fact]
    public void Weights_FollowTheirFormulas()
    {
        ClassStatistics statistics = Small();
        Assert.Equal([0.625 / 0.5, 0.625 / 0.75, 0], statistics.MedianFrequencyWeights()); // frequencies 4/8 and 3/4, median 0.625
        Assert.Equal(1 / Math.Log(1.02 + 4 / 7.0), statistics.EnetWeights()[0]);
        Assert.Equal(1 / Math.Log(1.02), statistics.EnetWeights()[2]);
    }
}
