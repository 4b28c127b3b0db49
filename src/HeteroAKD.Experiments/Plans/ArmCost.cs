using System.Globalization;

namespace HeteroAKD.Experiments.Plans;

/// <summary>What a step of an arm costs.</summary>
public sealed record ArmCost
{
    /// <summary>The arm.</summary>
    public required string Arm { get; init; }

    /// <summary>Milliseconds of a step: passes and update, without the making of its batch. Median.</summary>
    public required double Step { get; init; }

    /// <summary>The step in times the step of the same student alone, taken in turns with it: the median ratio, and the ratios of which a fifth is below and above.</summary>
    public required (double Low, double Median, double High) TimesAlone { get; init; }

    /// <summary>Milliseconds of the forward pass: teacher, student, losses. Launch by launch.</summary>
    public required double Forward { get; init; }

    /// <summary>Milliseconds of the backward pass.</summary>
    public required double Backward { get; init; }

    /// <summary>Milliseconds that asking the teacher adds to the student alone; 0 without one.</summary>
    public required double Teacher { get; init; }

    /// <summary>Milliseconds by which the step is shorter without a term, for each term. Noise may make one negative.</summary>
    public required IReadOnlyList<(string Name, double Milliseconds)> Terms { get; init; }

    /// <summary>Most bytes of tensors at a time.</summary>
    public required long PeakBytes { get; init; }

    /// <summary>Launches of a step; 0 where steps are not replayed.</summary>
    public required int Launches { get; init; }

    /// <summary>The terms in words: name, milliseconds, share of the step.</summary>
    public string TermsText => string.Join(", ", Terms.Select(t => string.Create(CultureInfo.InvariantCulture, $"{t.Name} {t.Milliseconds:F2} ({100 * t.Milliseconds / Step:F1} %)")));
}
