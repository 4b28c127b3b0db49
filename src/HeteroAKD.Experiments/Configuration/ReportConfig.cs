namespace HeteroAKD.Experiments.Configuration;

/// <summary>What a run leaves beside its tables and pictures; the <c>report</c> section.</summary>
public sealed record ReportConfig
{
    /// <summary>Whether <c>events.out.tfevents.heteroakd</c> gets the numbers of <c>metrics.csv</c>, for TensorBoard.</summary>
    public bool Tensorboard { get; init; }
}
