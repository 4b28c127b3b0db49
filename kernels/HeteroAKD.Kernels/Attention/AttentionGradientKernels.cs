using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Attention;

/// <summary>
/// delta_i = do_i · o_i for each query and head: what the softmax's gradient subtracts, a number a row instead of a sum over the keys
/// (Dao et al., "FlashAttention", 2022, Eq. 4). First stage of the backward pass. Launch on Pairs·Queries rows.
/// </summary>
public readonly struct AttentionDeltaKernel(
    Mem o, // [B, N, C]
    Mem dO, // [B, N, C]
    Mem delta, // [B, heads, N] overwritten
    AttentionShape shape) : IRowKernel
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane, TGroup>(TGroup group, int row)
        where TLane : unmanaged, ILane<TLane>
        where TGroup : struct, IGroup<TLane>
    {
        int pair = row / shape.Queries;
        int start = shape.QueryStart(pair) + ((row - (pair * shape.Queries)) * shape.Channels);
        TLane zero = TLane.Splat(0f);
        TLane sum = zero;
        for (int c = group.Start; c < shape.HeadSize; c += group.Stride)
        {
            int count = shape.HeadSize - c;
            sum = TLane.Fma(TLane.LoadPart(o, start + c, count, zero), TLane.LoadPart(dO, start + c, count, zero), sum);
        }

        group.StoreOne(delta, row, group.Sum(sum));
    }
}

/// <summary>
/// The gradient for the queries; probabilities are formed again from scores and log-sum-exps. Launch on Pairs·Queries rows after
/// <see cref="AttentionDeltaKernel"/>.
/// </summary>
public readonly struct AttentionQueryGradientKernel(
    Mem q, // [B, N, C]
    Mem kv, // [B, M, 2C]
    Mem lse, // [B, heads, N]
    Mem delta, // [B, heads, N]
    Mem dO, // [B, N, C]
    Mem dq, // [B, N, C] overwritten
    AttentionShape shape) : IRowKernel
{
    /// <summary>
    /// The whole backward pass: with p_ij = e^(s_ij - lse_i) and ds_ij = p_ij (do_i·v_j - do_i·o_i),
    /// dq_i = d^-½ Σ_j ds_ij k_j;  dk_j = d^-½ Σ_i ds_ij q_i;  dv_j = Σ_i p_ij do_i.
    /// </summary>
    public static void Reference(
        ReadOnlySpan<double> q, ReadOnlySpan<double> kv, ReadOnlySpan<double> dO, Span<double> dq, Span<double> dkv, in AttentionShape shape)
    {
        double[] o = new double[q.Length];
        double[] lse = new double[shape.Pairs * shape.Queries];
        AttentionForwardKernel.Reference(q, kv, o, lse, shape);
        dq.Clear();
        dkv.Clear();
        double[] s = new double[shape.Keys];
        for (int row = 0; row < lse.Length; row++)
        {
            int pair = row / shape.Queries;
            int query = shape.QueryStart(pair) + (row % shape.Queries * shape.Channels);
            AttentionForwardKernel.Scores(q.Slice(query, shape.HeadSize), kv[shape.KeyStart(pair)..], s, shape);
            for (int j = 0; j < shape.Keys; j++)
            {
                int key = shape.KeyStart(pair) + (j * 2 * shape.Channels);
                int value = key + shape.Channels;
                double p = Math.Exp(s[j] - lse[row]);
                double dp = 0;
                for (int c = 0; c < shape.HeadSize; c++)
                {
                    dp += dO[query + c] * (kv[value + c] - o[query + c]);
                }

                double ds = p * dp / Math.Sqrt(shape.HeadSize);
                for (int c = 0; c < shape.HeadSize; c++)
                {
                    dq[query + c] += ds * kv[key + c];
                    dkv[key + c] += ds * q[query + c];
                    dkv[value + c] += p * dO[query + c];
                }
            }
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane, TGroup>(TGroup group, int row)
        where TLane : unmanaged, ILane<TLane>
        where TGroup : struct, IGroup<TLane>
    {
        int pair = row / shape.Queries;
        int query = shape.QueryStart(pair) + ((row - (pair * shape.Queries)) * shape.Channels);
        int keys = shape.KeyStart(pair);
        TLane scale = shape.Scale<TLane>();
        TLane normalizer = TLane.LoadSplat(lse, row);
        TLane center = TLane.LoadSplat(delta, row);
        for (int c = 0; c < shape.HeadSize; c += ColumnSums<TLane>.Count)
        {
            ColumnSums<TLane> sums = default;
            for (int j = group.Start; j < shape.Keys; j += group.Stride)
            {
                TokenLane<TLane> tokens = new(j, shape.Keys, 2 * shape.Channels);
                TLane score = tokens.Dot(kv, keys, q, query, shape.HeadSize) * scale;
                TLane dp = tokens.Dot(kv, keys + shape.Channels, dO, query, shape.HeadSize);
                TLane ds = tokens.Existing(TLane.Exp(score - normalizer) * (dp - center), TLane.Splat(0f));
                sums.Add(ds, tokens, kv, keys + c, keys + shape.HeadSize);
            }

            sums.Store(group, scale, dq, query + c, query + shape.HeadSize);
        }
    }
}

/// <summary>
/// The gradient for keys and values. Launch on Pairs·Keys rows after <see cref="AttentionDeltaKernel"/>; <see cref="AttentionQueryGradientKernel.Reference"/>
/// specifies it.
/// </summary>
public readonly struct AttentionKeyValueGradientKernel(
    Mem q, // [B, N, C]
    Mem kv, // [B, M, 2C]
    Mem lse, // [B, heads, N]
    Mem delta, // [B, heads, N]
    Mem dO, // [B, N, C]
    Mem dkv, // [B, M, 2C] overwritten
    AttentionShape shape) : IRowKernel
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane, TGroup>(TGroup group, int row)
        where TLane : unmanaged, ILane<TLane>
        where TGroup : struct, IGroup<TLane>
    {
        int pair = row / shape.Keys;
        int key = shape.KeyStart(pair) + ((row - (pair * shape.Keys)) * 2 * shape.Channels);
        int value = key + shape.Channels;
        int queries = shape.QueryStart(pair);
        int numbers = pair * shape.Queries;
        TLane zero = TLane.Splat(0f);
        TLane scale = shape.Scale<TLane>();
        for (int c = 0; c < shape.HeadSize; c += ColumnSums<TLane>.Count)
        {
            ColumnSums<TLane> keySums = default;
            ColumnSums<TLane> valueSums = default;
            for (int i = group.Start; i < shape.Queries; i += group.Stride)
            {
                TokenLane<TLane> tokens = new(i, shape.Queries, shape.Channels);
                TLane score = tokens.Dot(q, queries, kv, key, shape.HeadSize) * scale;
                TLane p = tokens.Existing(TLane.Exp(score - tokens.Number(lse, numbers)), zero);
                TLane dp = tokens.Dot(dO, queries, kv, value, shape.HeadSize);
                keySums.Add(p * (dp - tokens.Number(delta, numbers)), tokens, q, queries + c, queries + shape.HeadSize);
                valueSums.Add(p, tokens, dO, queries + c, queries + shape.HeadSize);
            }

            keySums.Store(group, scale, dkv, key + c, key + shape.HeadSize);
            valueSums.Store(group, TLane.Splat(1f), dkv, value + c, value + shape.HeadSize);
        }
    }
}
