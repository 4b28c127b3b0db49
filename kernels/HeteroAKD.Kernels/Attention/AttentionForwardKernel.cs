using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Attention;

/// <summary>
/// O = softmax(Q Kᵀ d^-½) V for each head (Vaswani et al., "Attention Is All You Need", 2017, Eq. 1; <c>F.scaled_dot_product_attention</c>) without storing
/// scores: what the backward pass needs of them is the log-sum-exp of each query's row (Dao et al., "FlashAttention", 2022). Launch on Pairs·Queries rows;
/// <see cref="HostAttention"/> is the host's algorithm.
/// </summary>
public readonly struct AttentionForwardKernel(
    Mem q, // [B, N, C]
    Mem kv, // [B, M, 2C]
    Mem o, // [B, N, C] overwritten
    Mem lse, // [B, heads, N] overwritten
    AttentionShape shape) : IRowKernel
{
    /// <summary>s_ij = d^-½ q_i·k_j;  lse_i = log Σ_j e^s_ij;  o_i = Σ_j e^(s_ij - lse_i) v_j.</summary>
    public static void Reference(ReadOnlySpan<double> q, ReadOnlySpan<double> kv, Span<double> o, Span<double> lse, in AttentionShape shape)
    {
        double[] s = new double[shape.Keys];
        for (int row = 0; row < shape.Pairs * shape.Queries; row++)
        {
            int pair = row / shape.Queries;
            int start = shape.QueryStart(pair) + (row % shape.Queries * shape.Channels);
            int keys = shape.KeyStart(pair);
            Scores(q.Slice(start, shape.HeadSize), kv[keys..], s, shape);
            double max = s.Max();
            double sum = s.Sum(v => Math.Exp(v - max));
            lse[row] = max + Math.Log(sum);
            for (int c = 0; c < shape.HeadSize; c++)
            {
                double value = 0;
                for (int j = 0; j < shape.Keys; j++)
                {
                    value += Math.Exp(s[j] - max) / sum * kv[keys + (j * 2 * shape.Channels) + shape.Channels + c];
                }

                o[start + c] = value;
            }
        }
    }

    /// <summary>s_j = d^-½ q·k_j for one query of a head and the head's keys.</summary>
    internal static void Scores(ReadOnlySpan<double> query, ReadOnlySpan<double> keys, Span<double> s, in AttentionShape shape)
    {
        for (int j = 0; j < shape.Keys; j++)
        {
            s[j] = 0;
            for (int c = 0; c < shape.HeadSize; c++)
            {
                s[j] += query[c] * keys[(j * 2 * shape.Channels) + c] / Math.Sqrt(shape.HeadSize);
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
        int stride = 2 * shape.Channels;
        TLane scale = shape.Scale<TLane>();
        TLane lowest = TLane.Splat(float.NegativeInfinity);
        TLane max = lowest;
        for (int j = group.Start; j < shape.Keys; j += group.Stride)
        {
            TokenLane<TLane> tokens = new(j, shape.Keys, stride);
            max = TLane.Max(max, tokens.Existing(tokens.Dot(kv, keys, q, query, shape.HeadSize), lowest));
        }

        max = group.Max(max) * scale;
        TLane sum = TLane.Splat(0f);
        for (int j = group.Start; j < shape.Keys; j += group.Stride)
        {
            TokenLane<TLane> tokens = new(j, shape.Keys, stride);
            TLane score = tokens.Dot(kv, keys, q, query, shape.HeadSize) * scale;
            sum += tokens.Existing(TLane.Exp(score - max), TLane.Splat(0f));
        }

        sum = group.Sum(sum);
        group.StoreOne(lse, row, max + TLane.Log(sum));
        for (int c = 0; c < shape.HeadSize; c += ColumnSums<TLane>.Count)
        {
            ColumnSums<TLane> sums = default;
            for (int j = group.Start; j < shape.Keys; j += group.Stride)
            {
                TokenLane<TLane> tokens = new(j, shape.Keys, stride);
                TLane score = tokens.Dot(kv, keys, q, query, shape.HeadSize) * scale;
                TLane weight = tokens.Existing(TLane.Exp(score - max), TLane.Splat(0f));
                sums.Add(weight, tokens, kv, keys + shape.Channels + c, keys + shape.Channels + shape.HeadSize);
            }

            sums.Store(group, TLane.Reciprocal(sum), o, query + c, query + shape.HeadSize);
        }
    }
}
