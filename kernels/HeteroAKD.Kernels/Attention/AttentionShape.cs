using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;

namespace HeteroAKD.Kernels.Attention;

/// <summary>
/// Sizes and layout of multi-head attention over tokens. Queries, output and their gradients are [B, N, C]; keys and values share [B, M, 2C], keys in
/// columns 0 … C-1, values in C … 2C-1; head h owns columns h·d … of each. Log-sum-exps and deltas are [B, heads, N]. Scores are scaled by d^-½.
/// </summary>
public readonly struct AttentionShape
{
    /// <summary>B.</summary>
    public readonly int Batch;

    /// <summary>h.</summary>
    public readonly int Heads;

    /// <summary>N, query tokens.</summary>
    public readonly int Queries;

    /// <summary>M, key and value tokens; fewer than N where the map was reduced.</summary>
    public readonly int Keys;

    /// <summary>d = C / h.</summary>
    public readonly int HeadSize;

    /// <summary>All sizes at least 1, the channels divisible by the heads.</summary>
    public AttentionShape(int batch, int heads, int queries, int keys, int channels)
    {
        if (batch < 1 || heads < 1 || queries < 1 || keys < 1 || channels < 1)
        {
            throw new ArgumentOutOfRangeException(
                nameof(batch), $"attention: sizes must be at least 1, got batch {batch}, heads {heads}, queries {queries}, keys {keys}, channels {channels}");
        }

        if (channels % heads != 0)
        {
            throw new ArgumentException($"attention: {channels} channels do not divide into {heads} heads", nameof(heads));
        }

        Batch = batch;
        Heads = heads;
        Queries = queries;
        Keys = keys;
        HeadSize = channels / heads;
    }

    /// <summary>
    /// Whether the row kernels can compute it: their lanes hold the places of one image's queries, keys and values as floats, which are exact below 2^24.
    /// </summary>
    public bool FitsRowKernels => Math.Max(Queries, 2L * Keys) * Channels < 1 << 24;

    /// <summary>C.</summary>
    public int Channels => Heads * HeadSize;

    /// <summary>(image, head) pairs, each an attention of its own.</summary>
    public int Pairs => Batch * Heads;

    /// <summary>Where a pair's queries begin; outputs lie alike. Rows are C elements apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int QueryStart(int pair) => (pair / Heads * Queries * Channels) + (pair % Heads * HeadSize);

    /// <summary>Where a pair's keys begin; its values lie C further. Rows are 2C elements apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int KeyStart(int pair) => (pair / Heads * Keys * 2 * Channels) + (pair % Heads * HeadSize);

    /// <summary>The factor of the scores, d^-½.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Scale<TLane>()
        where TLane : unmanaged, ILane<TLane> => TLane.Rsqrt(TLane.Splat(HeadSize));
}
