using HeteroAKD.Kernels.Gemm;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Attention;

/// <summary>
/// Attention on host threads. Scores exist one block at a time in a worker's arena (after Dao et al., "FlashAttention", 2022), so that memory grows with N + M
/// and not with N·M. Specifications: <see cref="AttentionForwardKernel.Reference"/> and <see cref="AttentionQueryGradientKernel.Reference"/>.
/// </summary>
internal static class HostAttention
{
    /// <summary>Computes the output and the log-sum-exp of each query's row.</summary>
    /// <param name="pool">The threads.</param>
    /// <param name="shape">Sizes and layout.</param>
    /// <param name="q">[B, N, C].</param>
    /// <param name="kv">[B, M, 2C].</param>
    /// <param name="o">[B, N, C], overwritten; must not be <paramref name="q"/>.</param>
    /// <param name="lse">[B, heads, N], overwritten.</param>
    /// <param name="precision">What the memories hold.</param>
    public static void Forward(HostPool pool, in AttentionShape shape, Mem q, Mem kv, Mem o, Mem lse, HostPrecision precision)
    {
        ForwardWork work = new(pool, shape, q, kv, o, lse);
        HostLanes.Run(ref work, precision);
    }

    /// <summary>Computes the gradients for queries, keys and values.</summary>
    /// <param name="pool">The threads.</param>
    /// <param name="b">Sizes and buffers.</param>
    /// <param name="precision">What the memories hold.</param>
    public static void Backward(HostPool pool, in AttentionBackward b, HostPrecision precision)
    {
        BackwardWork work = new(pool, b);
        HostLanes.Run(ref work, precision);
    }

    private struct ForwardWork(HostPool pool, in AttentionShape shape, Mem q, Mem kv, Mem o, Mem lse) : ILaneWork
    {
        private readonly AttentionShape _shape = shape;

        public readonly void Run<TLane>()
            where TLane : unmanaged, ILane<TLane> => AttentionForwardJob<TLane>.Run(pool, _shape, q, kv, o, lse);
    }

    private struct BackwardWork(HostPool pool, in AttentionBackward backward) : ILaneWork
    {
        private readonly AttentionBackward _backward = backward;

        public readonly void Run<TLane>()
            where TLane : unmanaged, ILane<TLane> => AttentionGradientJob<TLane>.Run(pool, _backward);
    }
}

/// <summary>Sizes and buffers of the backward pass.</summary>
public readonly struct AttentionBackward
{
    /// <summary>Sizes and layout.</summary>
    public AttentionShape Shape { get; init; }

    /// <summary>[B, N, C].</summary>
    public Mem Q { get; init; }

    /// <summary>[B, M, 2C].</summary>
    public Mem Kv { get; init; }

    /// <summary>[B, N, C], from the forward pass.</summary>
    public Mem O { get; init; }

    /// <summary>[B, heads, N], from the forward pass.</summary>
    public Mem Lse { get; init; }

    /// <summary>[B, N, C].</summary>
    public Mem DO { get; init; }

    /// <summary>[B, heads, N], overwritten: do · o of each query; on an accelerator the first half of the pass leaves it for the second.</summary>
    public Mem Delta { get; init; }

    /// <summary>[B, N, C], overwritten.</summary>
    public Mem Dq { get; init; }

    /// <summary>[B, M, 2C], overwritten.</summary>
    public Mem Dkv { get; init; }
}

/// <summary>Cuts a worker's arena into pieces that begin at whole cache lines.</summary>
internal unsafe struct ArenaCut<TLane>
    where TLane : unmanaged, ILane<TLane>
{
    private const int Line = 64;
    private byte* _next;
    private nuint _bytes;

    /// <summary>Bytes taken so far: cut once without memory to learn how much to ask for.</summary>
    public readonly nuint Bytes => _bytes;

    /// <summary>Begins to cut.</summary>
    public ArenaCut(byte* start) => _next = start;

    /// <summary>The next <paramref name="elements"/> elements.</summary>
    public byte* Elements(int elements)
    {
        nuint bytes = ((nuint)elements * (nuint)RegisterTile<TLane>.ElementSize + Line - 1) / Line * Line;
        byte* piece = _next;
        _next += bytes;
        _bytes += bytes;
        return piece;
    }

    /// <summary>The next <paramref name="lanes"/> lanes.</summary>
    public TLane* Lanes(int lanes) => (TLane*)Elements(lanes * TLane.Width);
}
