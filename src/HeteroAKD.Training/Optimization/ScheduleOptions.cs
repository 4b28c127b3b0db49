using HeteroAKD.Tensors;

namespace HeteroAKD.Training.Optimization;

/// <summary>Shape of the learning rate after warm-up.</summary>
public enum ScheduleKind
{
    /// <summary>(1 - t)^power.</summary>
    Poly,

    /// <summary>(1 + cos(pi t)) / 2.</summary>
    Cosine,

    /// <summary>Always the peak.</summary>
    Constant,
}

/// <summary>The learning rate over the steps; the <c>schedule</c> section of a configuration.</summary>
public sealed record ScheduleOptions
{
    /// <summary>poly, cosine or constant.</summary>
    public ScheduleKind Kind { get; init; } = ScheduleKind.Poly;

    /// <summary>Exponent of poly.</summary>
    [InRange("(0, 100]")]
    public double Power { get; init; } = 0.9;

    /// <summary>Steps of linear warm-up; 0 takes <see cref="WarmupFraction"/>.</summary>
    [InRange("[0, 100000000]")]
    public int WarmupSteps { get; init; }

    /// <summary>Warm-up as a share of all steps.</summary>
    [InRange("[0, 1)")]
    public double WarmupFraction { get; init; } = 0.05;

    /// <summary>Warm-up starts at this multiple of the peak.</summary>
    [InRange("[0, 1]")]
    public double WarmupFactor { get; init; }

    /// <summary>The rate never falls below this after warm-up.</summary>
    [InRange("[0, 100]")]
    public double MinLr { get; init; }
}
