using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Bench.Machine;

/// <summary>What the machine could do at most on so many threads, measured in the same run as the cases.</summary>
/// <param name="Threads">Threads that computed.</param>
/// <param name="FlopsPerSecond">Peak of independent fused multiply-adds in registers.</param>
/// <param name="BytesPerSecond">Copy of memory far larger than the caches, bytes read plus bytes written.</param>
internal sealed record Ceilings(int Threads, double FlopsPerSecond, double BytesPerSecond)
{
    /// <summary>Measures both.</summary>
    public static Ceilings Measure(HostPool pool) => new(pool.ThreadCount, FmaPeak.Measure(pool), CopyBandwidth.Measure(pool));

    /// <summary>Whether computing, rather than moving, takes longer at the ceilings.</summary>
    public bool IsComputeBound(in Work work) => work.Flops / FlopsPerSecond > work.Bytes / BytesPerSecond;

    /// <summary>
    /// Least time at the ceilings over the time taken. Above 1 where data stays in a cache or an algorithm needs fewer operations than were counted.
    /// </summary>
    public double Share(in Work work, double seconds) => Math.Max(work.Flops / FlopsPerSecond, work.Bytes / BytesPerSecond) / seconds;
}
