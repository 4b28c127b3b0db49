namespace HeteroAKD.Data;

/// <summary>How often each label and each value of a channel occurs in one sample.</summary>
/// <param name="Labels">[256].</param>
/// <param name="Values">[3, 256].</param>
internal readonly record struct SampleCounts(int[] Labels, int[,] Values)
{
    public static SampleCounts Of(Sample sample)
    {
        int[] labels = LabelsOf(sample.Labels);
        int[,] values = new int[3, 256];
        byte[] pixels = sample.Image.Pixels;
        for (int i = 0; i < pixels.Length; i += 3)
        {
            values[0, pixels[i]]++;
            values[1, pixels[i + 1]]++;
            values[2, pixels[i + 2]]++;
        }
        return new SampleCounts(labels, values);
    }

    /// <summary>[256], pixels of each label.</summary>
    public static int[] LabelsOf(ReadOnlySpan<byte> pixels)
    {
        int[] labels = new int[256];
        foreach (byte label in pixels)
        {
            labels[label]++;
        }
        return labels;
    }
}

/// <summary>Adds counts of samples up. Every sum is exact, so their order does not matter.</summary>
internal sealed class ClassCounter(ClassSet classes)
{
    private readonly long[] _pixels = new long[classes.Count];
    private readonly long[] _pixelsOfImagesWith = new long[classes.Count];
    private readonly long[,] _values = new long[3, 256];
    private long _ignored;

    public void Add(in SampleCounts counts)
    {
        int all = counts.Labels.Sum();
        for (int c = 0; c < classes.Count; c++)
        {
            _pixels[c] += counts.Labels[c];
            _pixelsOfImagesWith[c] += counts.Labels[c] > 0 ? all : 0;
        }
        _ignored += counts.Labels[classes.IgnoreIndex];
        for (int channel = 0; channel < 3; channel++)
        {
            for (int value = 0; value < 256; value++)
            {
                _values[channel, value] += counts.Values[channel, value];
            }
        }
    }

    public ClassStatistics ToStatistics()
    {
        (double[]? mean, double[]? std) = Moments(_values);
        return new ClassStatistics([.. _pixels], [.. _pixelsOfImagesWith], _ignored, mean, std);
    }

    private static (double[] Mean, double[] Std) Moments(long[,] histogram)
    {
        (double[]? mean, double[]? std) = (new double[3], new double[3]);
        for (int channel = 0; channel < 3; channel++)
        {
            double count = 0, sum = 0, squares = 0;
            for (int value = 0; value < 256; value++)
            {
                double n = histogram[channel, value];
                count += n;
                sum += n * value;
                squares += n * value * value;
            }
            count = Math.Max(1, count);
            mean[channel] = sum / count / 255;
            std[channel] = Math.Sqrt(Math.Max(0, squares / count - sum / count * (sum / count))) / 255;
        }
        return (mean, std);
    }
}
