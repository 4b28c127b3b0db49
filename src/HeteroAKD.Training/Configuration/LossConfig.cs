namespace HeteroAKD.Training.Configuration;

/// <summary>Weights of the classes in the cross-entropy.</summary>
public enum ClassWeighting
{
    /// <summary>All 1.</summary>
    None,

    /// <summary>Median share divided by the class's share, over labelled training pixels.</summary>
    Median,

    /// <summary>1 / ln(1.02 + share), as ENet.</summary>
    Enet,

    /// <summary>As listed in <see cref="LossConfig.ClassWeightList"/>.</summary>
    List,
}

/// <summary>What a class that occurs nowhere does to the mean IoU.</summary>
public enum AbsentClasses
{
    /// <summary>A class in neither truth nor prediction is left out of the mean.</summary>
    LeaveOut,

    /// <summary>It counts as 0.</summary>
    Zero,
}

/// <summary>The <c>loss</c> section.</summary>
public sealed record LossConfig
{
    /// <summary>none, median, enet or list.</summary>
    public ClassWeighting ClassWeights { get; init; } = ClassWeighting.None;

    /// <summary>One weight a class, for <see cref="ClassWeighting.List"/>.</summary>
    [InRange("[0, inf)")]
    public IReadOnlyList<double> ClassWeightList { get; init; } = [];

    /// <summary>Share of the target spread over all classes.</summary>
    [InRange("[0, 1)")]
    public double LabelSmoothing { get; init; }

    /// <summary>Weight of the auxiliary head's loss, where a model has one.</summary>
    [InRange("[0, 100]")]
    public double AuxWeight { get; init; } = 0.4;
}

/// <summary>The <c>evaluation</c> section.</summary>
public sealed record EvaluationConfig
{
    /// <summary>leaveOut or zero.</summary>
    public AbsentClasses AbsentClasses { get; init; } = AbsentClasses.LeaveOut;

    /// <summary>Tolerance of the boundary F1 as a fraction of the image diagonal, rounded to whole pixels, at least 1.</summary>
    [InRange("(0, 1]")]
    public double BoundaryTolerance { get; init; } = 0.0075;

    /// <summary>Images evaluated at once.</summary>
    [InRange("[1, 4096]")]
    public int BatchSize { get; init; } = 16;
}
