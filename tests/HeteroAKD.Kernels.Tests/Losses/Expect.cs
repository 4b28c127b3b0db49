namespace HeteroAKD.Kernels.Tests.Losses;

/// <summary>Comparisons that say where and by how much.</summary>
public static class Expect
{
    /// <summary>Equal within the tolerance, relative for numbers above 1.</summary>
    public static void Close(ReadOnlySpan<double> expected, ReadOnlySpan<double> actual, double tolerance, string what) =>
        CloseSums(expected, expected, actual, tolerance, what);

    /// <summary>For sums whose terms cancel: equal within the tolerance relative to <paramref name="magnitudes"/>, the sums of the absolute terms.</summary>
    public static void CloseSums(ReadOnlySpan<double> expected, ReadOnlySpan<double> magnitudes, ReadOnlySpan<double> actual, double tolerance, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            double difference = Math.Abs(expected[i] - actual[i]);
            Assert.True(difference <= tolerance * Math.Max(1, Math.Abs(magnitudes[i])), $"{what}[{i}]: expected {expected[i]:g9}, got {actual[i]:g9}");
        }
    }
}
