using HeteroAKD.Kernels.Gemm;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Attention;

/// <summary>Second half of the backward pass: the gradients for keys and values. Keys along the lanes, queries across in blocks; every sum over the queries stays in one tile.</summary>
internal sealed unsafe class AttentionKeyValueGradientJob<TLane> : KernelJob<AttentionKeyValueGradientJob<TLane>>
    where TLane : unmanaged, ILane<TLane>
{
    private AttentionBackward _b;
    private AttentionPartition _partition;
    private HostPool _pool = null!;

    public static void Run(HostPool pool, in AttentionBackward b)
    {
        AttentionKeyValueGradientJob<TLane> job = Take();
        AttentionShape shape = b.Shape;
        job._b = b;
        job._partition = new AttentionPartition(
            shape.Pairs,
            shape.Keys,
            shape.Queries,
            shape.HeadSize,
            RegisterTile<TLane>.MaxColumns,
            RegisterTile<TLane>.MaxRows,
            AttentionQueryGradientJob<TLane>.MaxBlock);
        job._pool = pool;
        pool.Run(job, job._partition.Tiles);
    }

    public override void Tile(int tile, int worker)
    {
        _partition.Bounds(tile, out int pair, out int endPair, out int first, out int end);
        Scratch scratch = new(_partition, _b.Shape.HeadSize, _pool, worker);
        for (; pair < endPair; pair++)
        {
            Pair(pair, first, end, scratch);
        }
    }

    private void Pair(int pair, int first, int end, in Scratch scratch)
    {
        AttentionShape shape = _b.Shape;
        int d = shape.HeadSize;
        TokenRows<TLane> queries = new(_b.Q, shape.QueryStart(pair), shape.Channels, d);
        TokenRows<TLane> upstream = new(_b.DO, shape.QueryStart(pair), shape.Channels, d);
        TokenRows<TLane> keys = new(_b.Kv, shape.KeyStart(pair), 2 * shape.Channels, d);
        TokenRows<TLane> values = new(_b.Kv, shape.KeyStart(pair) + shape.Channels, 2 * shape.Channels, d);
        for (int query = 0; query < shape.Queries; query += _partition.AcrossPerBlock)
        {
            int count = Math.Min(_partition.AcrossPerBlock, shape.Queries - query);
            queries.PackForScores(query, count, scratch.QueryPanels);
            upstream.PackForScores(query, count, scratch.UpstreamPanels);
            queries.PackForSums(query, count, scratch.QuerySumPanels);
            upstream.PackForSums(query, count, scratch.UpstreamSumPanels);
            for (int key = first; key < end; key += RegisterTile<TLane>.MaxColumns)
            {
                int lanes = Math.Min(RegisterTile<TLane>.MaxColumns, end - key);
                int vectors = lanes > TLane.Width ? 2 : 1;
                Group group = scratch.Group(key - first);
                if (query == 0)
                {
                    keys.PackColumns(key, lanes, vectors, group.Key);
                    values.PackColumns(key, lanes, vectors, group.Value);
                }

                Block(group, count, vectors, (pair * shape.Queries) + query, query == 0, scratch);
                if (query + count == shape.Queries)
                {
                    Finish(group, pair, key, lanes, vectors, scratch.Factors);
                }
            }
        }
    }

    private void Block(in Group group, int count, int vectors, int row, bool first, in Scratch scratch)
    {
        int d = _b.Shape.HeadSize;
        AttentionTile<TLane>.Scores(scratch.QueryPanels, count, group.Key, vectors, d, scratch.Scores);
        AttentionTile<TLane>.Scores(scratch.UpstreamPanels, count, group.Value, vectors, d, scratch.Products);
        AttentionTile<TLane>.ProbabilitiesAndGradients(scratch.Scores, scratch.Products, count, vectors, _b.Shape.Scale<TLane>(), _b.Lse, _b.Delta, row);
        scratch.Factors[0] = TLane.Splat(1f);
        scratch.Factors[1] = TLane.Splat(1f);
        AttentionTile<TLane>.AddSums(
            scratch.UpstreamSumPanels, d, scratch.Scores, count, vectors, group.ValueGradient, first, scratch.Factors, scratch.Tile);
        AttentionTile<TLane>.AddSums(
            scratch.QuerySumPanels, d, scratch.Products, count, vectors, group.KeyGradient, first, scratch.Factors, scratch.Tile);
    }

    private void Finish(in Group group, int pair, int key, int lanes, int vectors, TLane* factors)
    {
        AttentionShape shape = _b.Shape;
        int d = shape.HeadSize;
        factors[0] = shape.Scale<TLane>();
        factors[1] = factors[0];
        AttentionTile<TLane>.Scale(group.KeyGradient, d, vectors, factors);
        new TokenRows<TLane>(_b.Dkv, shape.KeyStart(pair), 2 * shape.Channels, d).StoreColumns(group.KeyGradient, vectors, key, lanes);
        new TokenRows<TLane>(_b.Dkv, shape.KeyStart(pair) + shape.Channels, 2 * shape.Channels, d).StoreColumns(group.ValueGradient, vectors, key, lanes);
    }

    /// <summary>What is kept of the keys in one pair of vectors while the blocks of queries go by.</summary>
    private readonly struct Group
    {
        public required TLane* Key { get; init; } // [d, 2]
        public required TLane* Value { get; init; } // [d, 2]
        public required TLane* KeyGradient { get; init; } // [d, whole panels; 2]
        public required TLane* ValueGradient { get; init; } // [d, whole panels; 2]
    }

    /// <summary>A worker's arena.</summary>
    private readonly struct Scratch
    {
        private readonly TLane* _columns; // [groups, 2, d, 2] keys and values
        private readonly TLane* _gradients; // [groups, 2, d, whole panels; 2]
        private readonly int _headSize;

        public Scratch(in AttentionPartition partition, int headSize, HostPool pool, int worker)
        {
            this = new Scratch(partition, headSize, default, out nuint bytes);
            this = new Scratch(partition, headSize, new ArenaCut<TLane>(pool.Arena(worker, bytes)), out _);
        }

        private Scratch(in AttentionPartition partition, int headSize, ArenaCut<TLane> arena, out nuint bytes)
        {
            int groups = partition.AlongPerTile / RegisterTile<TLane>.MaxColumns;
            int packed = RegisterTile<TLane>.PackedRows(headSize);
            _headSize = headSize;
            QueryPanels = arena.Elements(partition.AcrossPerBlock * headSize);
            UpstreamPanels = arena.Elements(partition.AcrossPerBlock * headSize);
            QuerySumPanels = arena.Elements(partition.AcrossPerBlock * packed);
            UpstreamSumPanels = arena.Elements(partition.AcrossPerBlock * packed);
            Scores = arena.Lanes(partition.AcrossPerBlock * 2);
            Products = arena.Lanes(partition.AcrossPerBlock * 2);
            Tile = arena.Lanes(RegisterTile<TLane>.MaxRows * 2);
            Factors = arena.Lanes(2);
            _columns = arena.Lanes(groups * headSize * 4);
            _gradients = arena.Lanes(groups * packed * 4);
            bytes = arena.Bytes;
        }

        public byte* QueryPanels { get; } // panels of [d, queries]
        public byte* UpstreamPanels { get; } // panels of [d, queries]
        public byte* QuerySumPanels { get; } // panels of [queries, d]
        public byte* UpstreamSumPanels { get; } // panels of [queries, d]
        public TLane* Scores { get; } // [queries, vectors]
        public TLane* Products { get; } // [queries, vectors]
        public TLane* Tile { get; } // [rows, vectors]
        public TLane* Factors { get; } // [vectors]

        /// <summary>The keys from <paramref name="offset"/> on in the tile.</summary>
        public Group Group(int offset)
        {
            int group = offset / RegisterTile<TLane>.MaxColumns;
            int packed = RegisterTile<TLane>.PackedRows(_headSize);
            TLane* columns = _columns + (group * _headSize * 4);
            TLane* gradients = _gradients + (group * packed * 4);
            return new Group
            {
                Key = columns,
                Value = columns + (_headSize * 2),
                KeyGradient = gradients,
                ValueGradient = gradients + (packed * 2),
            };
        }
    }
}
