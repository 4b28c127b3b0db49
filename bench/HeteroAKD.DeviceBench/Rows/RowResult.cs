using HeteroAKD.DeviceBench.Timing;

namespace HeteroAKD.DeviceBench.Rows;

/// <summary>How a row ended.</summary>
internal enum RowStatus
{
    /// <summary>Checked and timed.</summary>
    Ok,

    /// <summary>The results are off; not timed.</summary>
    Wrong,

    /// <summary>It threw; the message says what.</summary>
    Failed,

    /// <summary>This build or device does not have what the row needs; the message says what.</summary>
    Unavailable,
}

/// <summary>A measured row. Times in seconds, sizes in bytes.</summary>
internal sealed record RowResult
{
    /// <summary>The row's name.</summary>
    public required string Id { get; init; }

    /// <summary>How it ended.</summary>
    public required RowStatus Status { get; init; }

    /// <summary>Why it was not timed, or what a reader must know.</summary>
    public string? Message { get; init; }

    /// <summary>What products rounded to.</summary>
    public required string Precision { get; init; }

    /// <summary>All of an iteration.</summary>
    public Spread? Full { get; init; }

    /// <summary>The forward pass.</summary>
    public Spread? Forward { get; init; }

    /// <summary>The backward pass.</summary>
    public Spread? Backward { get; init; }

    /// <summary>Iterations timed.</summary>
    public int? Repetitions { get; init; }

    /// <summary>Device memory of an iteration beyond its inputs, at its highest.</summary>
    public long? PeakBytes { get; init; }

    /// <summary>Bytes that an iteration must move at the least; null where it is not moving that bounds it.</summary>
    public double? MinimalBytes { get; init; }

    /// <summary>Floating-point operations of an iteration; null where it is not computing that bounds it.</summary>
    public double? Flops { get; init; }

    /// <summary>How far the results are off, relative.</summary>
    public double? Error { get; init; }

    /// <summary>How far they may be.</summary>
    public double? Allowed { get; init; }
}
