using MathNet.Numerics.Distributions;
using MathNet.Numerics.Statistics;

namespace HeteroAKD.Training.Evaluation;

/// <summary>
/// What one method gains over another on the same seeds. Pairs share seed, initial weights and data order, so the
/// deviation that counts is that of the differences, not of the scores.
/// </summary>
internal sealed class PairedComparison
{
    /// <summary>Compares scores of equal seeds, in equal order.</summary>
    /// <param name="scores">Scores of the method.</param>
    /// <param name="baseline">Scores of what it is held against.</param>
    public PairedComparison(IReadOnlyList<double> scores, IReadOnlyList<double> baseline)
    {
        if (scores.Count != baseline.Count || scores.Count == 0)
        {
            throw new ArgumentException($"{scores.Count} scores cannot be paired with {baseline.Count}; every seed needs both", nameof(baseline));
        }

        Differences = [.. scores.Zip(baseline, (s, b) => s - b)];
        Mean = Differences.Mean();
        StandardDeviation = Differences.Count > 1 ? Differences.StandardDeviation() : double.NaN;
        StandardError = StandardDeviation / Math.Sqrt(Differences.Count);
    }

    /// <summary>Score minus baseline, seed by seed.</summary>
    public IReadOnlyList<double> Differences { get; }

    /// <summary>Mean difference.</summary>
    public double Mean { get; }

    /// <summary>Sample standard deviation (n - 1) of the differences; NaN for one seed.</summary>
    public double StandardDeviation { get; }

    /// <summary>Standard error of the mean difference; NaN for one seed.</summary>
    public double StandardError { get; }

    /// <summary>Seeds on which the method is ahead.</summary>
    public int Wins => Differences.Count(d => d > 0);

    /// <summary>
    /// Two-sided p-value of Student's paired t-test: how often chance alone gives so large a mean difference.
    /// NaN for one seed or for differences that do not vary.
    /// </summary>
    public double PValue => StandardError > 0
        ? 2 * StudentT.CDF(0, 1, Differences.Count - 1, -Math.Abs(Mean / StandardError))
        : double.NaN;
}
