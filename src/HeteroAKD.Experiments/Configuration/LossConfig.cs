using HeteroAKD.Tensors;

namespace HeteroAKD.Experiments.Configuration;

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
