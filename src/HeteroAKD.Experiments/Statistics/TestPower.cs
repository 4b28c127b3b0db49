using MathNet.Numerics.Distributions;
using MathNet.Numerics.Integration;
using MathNet.Numerics.RootFinding;

namespace HeteroAKD.Experiments.Statistics;

/// <summary>
/// What a number of seeds can show. All figures are exact for Student's paired t-test: the power comes from the noncentral t distribution
/// (as R's <c>power.t.test(strict = TRUE)</c>), not from the normal approximation, which promises too much for few seeds.
/// </summary>
public static class TestPower
{
    /// <summary>Level of the two-sided test.</summary>
    public const double Level = 0.05;

    /// <summary>The power that "could have shown" means.</summary>
    public const double Wanted = 0.8;

    private const int Nodes = 512;  // of the quadrature; the integrand is smooth, so far more than enough

    /// <summary>
    /// The smallest true difference that the paired t-test at 5 % finds with a probability of 0.8; in the unit of <paramref name="deviation"/>. NaN for fewer
    /// than two seeds.
    /// </summary>
    /// <param name="seeds">Pairs.</param>
    /// <param name="deviation">Standard deviation of the paired difference.</param>
    public static double SmallestDifference(int seeds, double deviation)
    {
        const double Largest = 200;  // noncentrality; two seeds need 16.3
        return seeds < 2 || double.IsNaN(deviation)
            ? double.NaN
            : deviation * Brent.FindRoot(ncp => OfTwoSidedT(seeds - 1, ncp) - Wanted, 0, Largest, 1e-10) / Math.Sqrt(seeds);
    }

    /// <summary>Power of the two-sided t-test at 5 %: P(|T| > t₀.₉₇₅), T noncentral t.</summary>
    /// <param name="freedom">Degrees of freedom.</param>
    /// <param name="noncentrality">True difference over its standard error.</param>
    public static double OfTwoSidedT(int freedom, double noncentrality)
    {
        // T = (Z + noncentrality) / S with S = √(χ²/freedom): integrate over S, whose density falls to nothing outside these bounds.
        double critical = StudentT.InvCDF(0, 1, freedom, 1 - (Level / 2));
        ChiSquared square = new(freedom);
        double lowest = Math.Sqrt(square.InverseCumulativeDistribution(1e-12) / freedom);
        double highest = Math.Sqrt(square.InverseCumulativeDistribution(1 - 1e-12) / freedom);
        double missed = GaussLegendreRule.Integrate(
            s =>
                2 * freedom * s * square.Density(freedom * s * s) * (
                    Normal.CDF(0, 1, (critical * s) - noncentrality) - Normal.CDF(0, 1, (-critical * s) - noncentrality)),
            lowest, highest, Nodes);
        return 1 - missed;
    }
}
