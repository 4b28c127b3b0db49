using HeteroAKD.Bench.Machine;

namespace HeteroAKD.Bench.Peers;

/// <summary>How a row ended.</summary>
internal enum RowStatus
{
    /// <summary>Results agree; timed.</summary>
    Ok,

    /// <summary>Timed without a peer, hence unchecked.</summary>
    NoPeer,

    /// <summary>Results differ by more than the tolerance; not timed.</summary>
    Wrong,

    /// <summary>A side threw; not timed.</summary>
    Failed,
}

/// <summary>What a case uses beside its inputs during an iteration.</summary>
/// <param name="OursBytes">Our allocator's peak.</param>
/// <param name="TheirsBytes">Rise of the process's resident memory during libtorch's iteration; null where it cannot be told.</param>
/// <param name="OursGarbageBytes">Managed memory that our iteration leaves to the collector.</param>
internal sealed record MemoryUse(long OursBytes, long? TheirsBytes, long OursGarbageBytes);

/// <summary>The outcome of a case.</summary>
internal sealed record PeerRow
{
    /// <summary>The case's group.</summary>
    public required string Group { get; init; }

    /// <summary>The case.</summary>
    public required string Case { get; init; }

    /// <summary>Threads of both sides.</summary>
    public required int Threads { get; init; }

    /// <summary>How it ended.</summary>
    public required RowStatus Status { get; init; }

    /// <summary>What went wrong, if something did.</summary>
    public string? Message { get; init; }

    /// <summary>Agreement with libtorch.</summary>
    public Agreement? Agreement { get; init; }

    /// <summary>Our times.</summary>
    public Timing? Ours { get; init; }

    /// <summary>libtorch's times.</summary>
    public Timing? Theirs { get; init; }

    /// <summary>The ratio to reach, or null.</summary>
    public double? Goal { get; init; }

    /// <summary>The roofline.</summary>
    public required Work Work { get; init; }

    /// <summary>Whether the roofline is the arithmetic's rather than the memory's.</summary>
    public bool ComputeBound { get; init; }

    /// <summary>Share of the ceiling that our full iteration reaches.</summary>
    public double? OursShare { get; init; }

    /// <summary>Share of the ceiling that libtorch's reaches.</summary>
    public double? TheirsShare { get; init; }

    /// <summary>Memory of both.</summary>
    public MemoryUse? Memory { get; init; }

    /// <summary>libtorch's time over ours, forward.</summary>
    public double? ForwardRatio => Theirs?.Forward.Median / Ours?.Forward.Median;

    /// <summary>libtorch's time over ours, what follows the forward pass.</summary>
    public double? BackwardRatio => Ours?.Backward.Median > 0 ? Theirs?.Backward.Median / Ours.Backward.Median : null;

    /// <summary>libtorch's time over ours, full iteration: above 1 we are faster.</summary>
    public double? Ratio => Theirs?.Full.Median / Ours?.Full.Median;

    /// <summary>Whether the goal is met; null without a goal or a ratio.</summary>
    public bool? MeetsGoal => Ratio is { } ratio && Goal is { } goal ? ratio >= goal : null;
}
