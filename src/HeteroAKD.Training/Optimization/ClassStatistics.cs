using HeteroAKD.Training.Configuration;
using MathNet.Numerics.Statistics;

namespace HeteroAKD.Training.Optimization;

/// <summary>How often each class occurs in the training labels, and the loss weights that follow from it.</summary>
public sealed class ClassStatistics(int classes, int ignoreLabel)
{
    private readonly long[] pixels = new long[classes];            // [C] pixels of the class
    private readonly long[] pixelsOfImages = new long[classes];    // [C] labelled pixels of the images that hold the class
    private readonly long[] pixelsHere = new long[classes];        // [C] in the image being counted

    /// <summary>Counts one label map.</summary>
    public void Add(ReadOnlySpan<int> labels)
    {
        Array.Clear(pixelsHere);
        long labelled = 0;
        foreach (int label in labels)
        {
            if (label != ignoreLabel)
            {
                pixelsHere[label]++;
                labelled++;
            }
        }

        for (int c = 0; c < classes; c++)
        {
            pixels[c] += pixelsHere[c];
            pixelsOfImages[c] += pixelsHere[c] > 0 ? labelled : 0;
        }
    }

    /// <summary>[C] share of all labelled pixels.</summary>
    public double[] Shares()
    {
        long total = pixels.Sum();
        return [.. pixels.Select(p => total == 0 ? 0 : (double)p / total)];
    }

    /// <summary>[C] weights for the cross-entropy; a class that never occurs gets 0, as it has no pixel to weigh.</summary>
    /// <param name="loss">The <c>loss</c> section.</param>
    /// <exception cref="ArgumentException">A list of weights of another length.</exception>
    public double[] Weights(LossConfig loss) => loss.ClassWeights switch
    {
        // SegNet (Badrinarayanan et al. 2017): median frequency / frequency, each over the images that hold the class.
        ClassWeighting.Median => MedianFrequency(),

        // ENet (Paszke et al. 2016), with c = 1.02.
        ClassWeighting.Enet => [.. Shares().Select(share => share == 0 ? 0 : 1 / Math.Log(1.02 + share))],
        ClassWeighting.List when loss.ClassWeightList.Count != classes => throw new ArgumentException(
            $"loss.classWeightList has {loss.ClassWeightList.Count} weights for the data set's {classes} classes", nameof(loss)),
        ClassWeighting.List => [.. loss.ClassWeightList],
        _ => [.. Enumerable.Repeat(1.0, classes)],
    };

    private double[] MedianFrequency()
    {
        double[] frequency = [.. Enumerable.Range(0, classes).Select(c => pixelsOfImages[c] == 0 ? 0 : (double)pixels[c] / pixelsOfImages[c])];
        double median = frequency.Where(f => f > 0).Median();
        return [.. frequency.Select(f => f == 0 ? 0 : median / f)];
    }
}
