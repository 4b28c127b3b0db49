using MathNet.Numerics.Statistics;

namespace HeteroAKD.DeviceBench.Timing;

/// <summary>Median with the quantiles 0.2 and 0.8, in seconds.</summary>
internal sealed record Spread(double Low, double Median, double High)
{
    /// <summary>Of at least one measurement, in any order.</summary>
    public static Spread Of(IEnumerable<double> seconds)
    {
        double[] sorted = [.. seconds.Order()];
        return new Spread(Quantile(sorted, 0.2), Quantile(sorted, 0.5), Quantile(sorted, 0.8));
    }

    // Linear between neighbours, as torch.quantile has it.
    private static double Quantile(double[] sorted, double share) => SortedArrayStatistics.QuantileCustom(sorted, share, QuantileDefinition.R7);
}
