using HeteroAKD.Training.Evaluation;
using MathNet.Numerics.Distributions;

namespace HeteroAKD.Experiments.Statistics;

/// <summary>What a method gains over the control on the same seeds, with its uncertainty.</summary>
public sealed class PairedTest
{
    private const double Confidence = 0.95;

    private readonly PairedComparison _comparison;

    /// <summary>Compares scores of equal seeds, in equal order.</summary>
    /// <param name="scores">Scores of the method.</param>
    /// <param name="control">Scores of the control.</param>
    public PairedTest(IReadOnlyList<double> scores, IReadOnlyList<double> control)
    {
        _comparison = new PairedComparison(scores, control);
        double reach = Count > 1 ? StudentT.InvCDF(0, 1, Count - 1, (1 + Confidence) / 2) * _comparison.StandardError : double.NaN;
        Interval = (Mean - reach, Mean + reach);
        SignP = SignTest.PValue(Wins, Differences.Count(d => d < 0));
    }

    /// <summary>Score minus control, seed by seed.</summary>
    public IReadOnlyList<double> Differences => _comparison.Differences;

    /// <summary>Pairs.</summary>
    public int Count => _comparison.Differences.Count;

    /// <summary>Mean difference.</summary>
    public double Mean => _comparison.Mean;

    /// <summary>Sample standard deviation of the differences; NaN for one pair.</summary>
    public double StandardDeviation => _comparison.StandardDeviation;

    /// <summary>95 % interval of the mean difference by Student's t; NaN for one pair.</summary>
    public (double Low, double High) Interval { get; }

    /// <summary>Two-sided p-value of the paired t-test; NaN where the differences do not vary.</summary>
    public double TP => _comparison.PValue;

    /// <summary>Two-sided p-value of the exact sign test.</summary>
    public double SignP { get; }

    /// <summary>Pairs in which the method is ahead.</summary>
    public int Wins => _comparison.Wins;
}
