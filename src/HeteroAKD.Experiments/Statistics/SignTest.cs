using MathNet.Numerics.Distributions;

namespace HeteroAKD.Experiments.Statistics;

/// <summary>The sign test: it asks only how often a method is ahead, so one outlier cannot decide it.</summary>
internal static class SignTest
{
    /// <summary>Two-sided p-value, exact by the binomial distribution. Ties count for neither side. NaN where nothing is left.</summary>
    /// <param name="wins">Pairs in which the method is ahead.</param>
    /// <param name="losses">Pairs in which it is behind.</param>
    public static double PValue(int wins, int losses)
    {
        int pairs = wins + losses;
        return pairs == 0 ? double.NaN : Math.Min(1, 2 * Binomial.CDF(0.5, pairs, Math.Min(wins, losses)));
    }
}
