using HeteroAKD.Kernels.Gemm;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Attention;

/// <summary>A worker's arena in the backward pass of attention.</summary>
internal readonly unsafe struct AttentionGradientScratch<TLane>
    where TLane : unmanaged, ILane<TLane>
{
    // Queries over which the products for keys and values are summed at a time: so many that loading and storing the accumulators costs little.
    private const int MaxBundle = 128;

    private readonly TLane* _columns; // [groups, 2, d, 2] queries and upstream gradients
    private readonly TLane* _gradients; // [groups, d, whole panels; 2]
    private readonly TLane* _numbers; // [groups, 2, 2] log-sum-exps and deltas
    private readonly int _headSize;

    public AttentionGradientScratch(in AttentionPartition partition, int headSize, HostPool pool, int worker)
    {
        this = new AttentionGradientScratch<TLane>(partition, headSize, default, out nuint bytes);
        this = new AttentionGradientScratch<TLane>(partition, headSize, new ArenaCut<TLane>(pool.Arena(worker, bytes)), out _);
    }

    private AttentionGradientScratch(in AttentionPartition partition, int headSize, ArenaCut<TLane> arena, out nuint bytes)
    {
        int groups = partition.AlongPerTile / RegisterTile<TLane>.MaxColumns;
        int packed = RegisterTile<TLane>.PackedRows(headSize);
        int padded = AttentionGradientJob<TLane>.Padded(headSize);
        _headSize = headSize;
        Bundle = Math.Min(partition.AlongPerTile, MaxBundle / RegisterTile<TLane>.MaxColumns * RegisterTile<TLane>.MaxColumns);
        KeyPanels = arena.Elements(partition.AcrossPerBlock * headSize);
        ValuePanels = arena.Elements(partition.AcrossPerBlock * headSize);
        SumPanels = arena.Elements(partition.AcrossPerBlock * packed);
        QueryRows = arena.Elements(partition.AlongPerTile * padded);
        UpstreamRows = arena.Elements(partition.AlongPerTile * padded);
        ProbabilityPanels = arena.Elements(partition.AcrossPerBlock * Bundle);
        GradientPanels = arena.Elements(partition.AcrossPerBlock * Bundle);
        Scores = arena.Lanes(partition.AcrossPerBlock * 2);
        Products = arena.Lanes(partition.AcrossPerBlock * 2);
        Outputs = arena.Lanes(headSize * 2);
        Tile = arena.Lanes(RegisterTile<TLane>.MaxRows * 2);
        Factors = arena.Lanes(2);
        _columns = arena.Lanes(groups * headSize * 4);
        _gradients = arena.Lanes(groups * packed * 2);
        _numbers = arena.Lanes(groups * 4);
        bytes = arena.Bytes;
    }

    public int Bundle { get; } // queries
    public byte* KeyPanels { get; } // panels of [d, keys]
    public byte* ValuePanels { get; } // panels of [d, keys]
    public byte* SumPanels { get; } // keys as panels of [keys, d]
    public byte* QueryRows { get; } // panels of [queries, two lanes of d]
    public byte* UpstreamRows { get; } // panels of [queries, two lanes of d]
    public byte* ProbabilityPanels { get; } // panels of [bundle, keys]
    public byte* GradientPanels { get; } // panels of [bundle, keys], of the scores' gradients
    public TLane* Scores { get; } // [keys, vectors]
    public TLane* Products { get; } // [keys, vectors]
    public TLane* Outputs { get; } // [d, vectors]
    public TLane* Tile { get; } // [rows, vectors]
    public TLane* Factors { get; } // [vectors]

    /// <summary>The queries from <paramref name="offset"/> on in the piece.</summary>
    public Group GroupAt(int offset)
    {
        int group = offset / RegisterTile<TLane>.MaxColumns;
        TLane* columns = _columns + (group * _headSize * 4);
        return new Group
        {
            Query = columns,
            Upstream = columns + (_headSize * 2),
            Gradient = _gradients + (group * RegisterTile<TLane>.PackedRows(_headSize) * 2),
            Lse = _numbers + (group * 4),
            Delta = _numbers + (group * 4) + 2,
        };
    }

    /// <summary>What is kept of the queries in one pair of vectors while the blocks of keys go by.</summary>
    public readonly struct Group
    {
        public required TLane* Query { get; init; } // [d, 2]
        public required TLane* Upstream { get; init; } // [d, 2]
        public required TLane* Gradient { get; init; } // [d, whole panels; 2]
        public required TLane* Lse { get; init; } // [2]
        public required TLane* Delta { get; init; } // [2]
    }
}
