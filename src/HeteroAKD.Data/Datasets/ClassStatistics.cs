namespace HeteroAKD.Data;

/// <summary>How often each class occurs in a data set and how its pixels are distributed; from it class weights and normalisation follow.</summary>
public sealed class ClassStatistics
{
    internal ClassStatistics(long[] pixels, long[] presentIn, long ignored, double[] mean, double[] std)
    {
        (Pixels, PixelsOfImagesWith, IgnoredPixels, Mean, Std) = (pixels, presentIn, ignored, mean, std);
    }

    /// <summary>[C], labelled pixels of each class.</summary>
    public long[] Pixels { get; }

    /// <summary>[C], pixels (ignored ones included) of all images in which the class occurs.</summary>
    public long[] PixelsOfImagesWith { get; }

    /// <summary>Pixels with the ignored id.</summary>
    public long IgnoredPixels { get; }

    /// <summary>[3], mean of R, G, B on [0, 1].</summary>
    public double[] Mean { get; }

    /// <summary>[3], standard deviation of R, G, B on [0, 1] over all pixels of all images.</summary>
    public double[] Std { get; }

    /// <summary>Labelled pixels of all classes.</summary>
    public long LabelledPixels => Pixels.Sum();

    /// <summary>Reads every sample once.</summary>
    public static ClassStatistics Compute(ISegmentationDataset dataset)
    {
        ClassCounter counter = new(dataset.Classes);
        Sample? sample = null;
        for (int index = 0; index < dataset.Count; index++)
        {
            sample = dataset.Load(index, sample);
            counter.Add(SampleCounts.Of(sample));
        }
        return counter.ToStatistics();
    }

    /// <summary>[C], share of the labelled pixels.</summary>
    public double[] Shares()
    {
        long total = Math.Max(1, LabelledPixels);
        return [.. Pixels.Select(count => (double)count / total)];
    }

    /// <summary>
    /// [C], median-frequency weights (Eigen and Fergus, ICCV 2015): median(f) / f with f = class pixels / pixels of the images that show it; 0 for a class that
    /// never occurs.
    /// </summary>
    public double[] MedianFrequencyWeights()
    {
        double[] frequencies = Pixels.Select((count, c) => count == 0 ? 0 : (double)count / PixelsOfImagesWith[c]).ToArray();
        double[] sorted = frequencies.Where(f => f > 0).Order().ToArray();
        if (sorted.Length == 0)
        {
            return frequencies;
        }
        double median = (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
        return [.. frequencies.Select(f => f > 0 ? median / f : 0)];
    }

    /// <summary>[C], ENet's weights (Paszke et al. 2016): 1 / ln(1.02 + share).</summary>
    public double[] EnetWeights() => [.. Shares().Select(share => 1 / Math.Log(1.02 + share))];
}
