using MathNet.Numerics.Statistics;

namespace HeteroAKD.Bench.Peers;

/// <summary>Median with the quantiles 0.2 and 0.8, in seconds.</summary>
internal readonly record struct Spread(double Low, double Median, double High)
{
    /// <summary>Of measurements in any order.</summary>
    public static Spread Of(IEnumerable<double> seconds)
    {
        double[] sorted = [.. seconds.Order()];
        return new Spread(SortedArrayStatistics.Quantile(sorted, 0.2), SortedArrayStatistics.Median(sorted), SortedArrayStatistics.Quantile(sorted, 0.8));
    }
}

/// <summary>How long an iteration takes: all of it, its forward pass, and what follows the forward pass.</summary>
internal sealed record Timing(Spread Forward, Spread Backward, Spread Full)
{
    /// <summary>Of the mean iterations of several samples.</summary>
    public static Timing Of(IReadOnlyList<(double Forward, double Full)> samples) => new(
        Spread.Of(samples.Select(s => s.Forward)), Spread.Of(samples.Select(s => s.Full - s.Forward)), Spread.Of(samples.Select(s => s.Full)));
}
