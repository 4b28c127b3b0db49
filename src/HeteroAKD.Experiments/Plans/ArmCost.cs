using System.Globalization;
using MathNet.Numerics.Statistics;

namespace HeteroAKD.Experiments.Plans;

/// <summary>By how many milliseconds one step is longer than another, taken in turns.</summary>
/// <param name="Milliseconds">Median of the differences; noise may make it negative.</param>
/// <param name="HalfWidth">Half of an interval that holds the true median with about 95 %: 1.82 times the interquartile range over the root of the number of
/// rounds, as 1.96 · 1.2533 / 1.349 is for normal differences.</param>
public readonly record struct CostDifference(double Milliseconds, double HalfWidth)
{
    /// <summary>Of differences in seconds.</summary>
    public static CostDifference Of(IEnumerable<double> seconds)
    {
        const double Factor = 1.82;
        double[] all = [.. seconds];
        double range = all.QuantileCustom(0.75, QuantileDefinition.R7) - all.QuantileCustom(0.25, QuantileDefinition.R7);
        return new CostDifference(1000 * all.Median(), 1000 * Factor * range / Math.Sqrt(all.Length));
    }
}

/// <summary>What a step of an arm costs.</summary>
public sealed record ArmCost
{
    /// <summary>The arm.</summary>
    public required string Arm { get; init; }

    /// <summary>Milliseconds of a step: passes and update, without the making of its batches. Median.</summary>
    public required double Step { get; init; }

    /// <summary>
    /// The step in times the step of the same student alone, taken in turns with it: the median ratio, and the ratios of which a fifth is below and above.
    /// </summary>
    public required (double Low, double Median, double High) TimesAlone { get; init; }

    /// <summary>Milliseconds of the forward pass of one batch: teacher, student, losses. Launch by launch.</summary>
    public required double Forward { get; init; }

    /// <summary>Milliseconds of the backward pass.</summary>
    public required double Backward { get; init; }

    /// <summary>What asking the teacher adds to the student alone; 0 without one.</summary>
    public required CostDifference Teacher { get; init; }

    /// <summary>By how much the step is longer than without a term, for each term.</summary>
    public required IReadOnlyList<(string Name, CostDifference Difference)> Terms { get; init; }

    /// <summary>Most bytes of tensors at a time.</summary>
    public required long PeakBytes { get; init; }

    /// <summary>Launches of a pass over one batch; 0 where steps are not replayed.</summary>
    public required int Launches { get; init; }

    /// <summary>The terms in words: name, milliseconds with their interval, share of the step.</summary>
    public string TermsText => string.Join(", ", Terms.Select(t => string.Create(
        CultureInfo.InvariantCulture,
        $"{t.Name} {t.Difference.Milliseconds:F2} ± {t.Difference.HalfWidth:F2} ({100 * t.Difference.Milliseconds / Step:F1} %)")));
}
