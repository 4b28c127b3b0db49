using HeteroAKD.Kernels.Gemm;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Attention;

/// <summary>Forward pass: queries along the lanes, keys and values across in blocks, one online softmax a query.</summary>
internal sealed unsafe class AttentionForwardJob<TLane> : KernelJob<AttentionForwardJob<TLane>>
    where TLane : unmanaged, ILane<TLane>
{
    // Scores of a block: 192 keys x 2 vectors are 24 KiB on the widest lane.
    private const int MaxBlock = 192;

    private AttentionShape _shape;
    private AttentionPartition _partition;
    private HostPool _pool = null!;
    private Mem _q; // [B, N, C]
    private Mem _kv; // [B, M, 2C]
    private Mem _o; // [B, N, C]
    private Mem _lse; // [B, heads, N]

    public static void Run(HostPool pool, in AttentionShape shape, Mem q, Mem kv, Mem o, Mem lse)
    {
        AttentionForwardJob<TLane> job = Take();
        job._shape = shape;
        job._partition = new AttentionPartition(
            shape.Pairs, shape.Queries, shape.Keys, shape.HeadSize, RegisterTile<TLane>.MaxColumns, RegisterTile<TLane>.MaxRows, MaxBlock);
        job._pool = pool;
        job._q = q;
        job._kv = kv;
        job._o = o;
        job._lse = lse;
        pool.Run(job, job._partition.Tiles);
    }

    public override void Tile(int tile, int worker)
    {
        _partition.Bounds(tile, out int pair, out int endPair, out int first, out int end);
        Scratch scratch = new(_partition, _shape.HeadSize, _pool, worker);
        for (; pair < endPair; pair++)
        {
            Pair(pair, first, end, scratch);
        }
    }

    private void Pair(int pair, int first, int end, in Scratch scratch)
    {
        int d = _shape.HeadSize;
        TokenRows<TLane> queries = new(_q, _shape.QueryStart(pair), _shape.Channels, d);
        TokenRows<TLane> keys = new(_kv, _shape.KeyStart(pair), 2 * _shape.Channels, d);
        TokenRows<TLane> values = new(_kv, _shape.KeyStart(pair) + _shape.Channels, 2 * _shape.Channels, d);
        TokenRows<TLane> outputs = new(_o, _shape.QueryStart(pair), _shape.Channels, d);
        for (int key = 0; key < _shape.Keys; key += _partition.AcrossPerBlock)
        {
            int count = Math.Min(_partition.AcrossPerBlock, _shape.Keys - key);
            keys.PackForScores(key, count, scratch.KeyPanels);
            values.PackForSums(key, count, scratch.ValuePanels);
            for (int query = first; query < end; query += RegisterTile<TLane>.MaxColumns)
            {
                int lanes = Math.Min(RegisterTile<TLane>.MaxColumns, end - query);
                int vectors = lanes > TLane.Width ? 2 : 1;
                Group group = scratch.Group(query - first);
                if (key == 0)
                {
                    queries.PackColumns(query, lanes, vectors, group.Query);
                }

                Block(group, count, vectors, key == 0, scratch);
                if (key + count == _shape.Keys)
                {
                    Finish(group, vectors, (pair * _shape.Queries) + query, lanes);
                    outputs.StoreColumns(group.Output, vectors, query, lanes);
                }
            }
        }
    }

    private void Block(in Group group, int count, int vectors, bool first, in Scratch scratch)
    {
        int d = _shape.HeadSize;
        TLane scale = _shape.Scale<TLane>();
        AttentionTile<TLane>.Scores(scratch.KeyPanels, count, group.Query, vectors, d, scratch.Scores);
        for (int v = 0; v < vectors; v++)
        {
            scratch.Factors[v] = AttentionTile<TLane>.Softmax(scratch.Scores + v, count, vectors, scale, first, ref group.Max[v], ref group.Sum[v]);
        }

        AttentionTile<TLane>.AddSums(scratch.ValuePanels, d, scratch.Scores, count, vectors, group.Output, first, scratch.Factors, scratch.Tile);
    }

    private void Finish(in Group group, int vectors, int row, int lanes)
    {
        for (int v = 0; v < vectors; v++)
        {
            TLane.StorePart(_lse, row + (v * TLane.Width), lanes - (v * TLane.Width), group.Max[v] + TLane.Log(group.Sum[v]));
            group.Sum[v] = TLane.Reciprocal(group.Sum[v]);
        }

        AttentionTile<TLane>.Scale(group.Output, _shape.HeadSize, vectors, group.Sum);
    }

    /// <summary>What is kept of the queries in one pair of vectors while the blocks of keys go by.</summary>
    private readonly struct Group
    {
        public required TLane* Query { get; init; } // [d, 2]
        public required TLane* Output { get; init; } // [d, whole panels; 2]
        public required TLane* Max { get; init; } // [2]
        public required TLane* Sum { get; init; } // [2]
    }

    /// <summary>A worker's arena.</summary>
    private readonly struct Scratch
    {
        private readonly TLane* _queries; // [groups, d, 2]
        private readonly TLane* _outputs; // [groups, d, whole panels; 2]
        private readonly TLane* _numbers; // [groups, 2, 2] maxima and sums
        private readonly int _headSize;

        public Scratch(in AttentionPartition partition, int headSize, HostPool pool, int worker)
        {
            this = new Scratch(partition, headSize, default, out nuint bytes);
            this = new Scratch(partition, headSize, new ArenaCut<TLane>(pool.Arena(worker, bytes)), out _);
        }

        private Scratch(in AttentionPartition partition, int headSize, ArenaCut<TLane> arena, out nuint bytes)
        {
            int groups = partition.AlongPerTile / RegisterTile<TLane>.MaxColumns;
            _headSize = headSize;
            KeyPanels = arena.Elements(partition.AcrossPerBlock * headSize);
            ValuePanels = arena.Elements(partition.AcrossPerBlock * RegisterTile<TLane>.PackedRows(headSize));
            Scores = arena.Lanes(partition.AcrossPerBlock * 2);
            Tile = arena.Lanes(RegisterTile<TLane>.MaxRows * 2);
            Factors = arena.Lanes(2);
            _queries = arena.Lanes(groups * headSize * 2);
            _outputs = arena.Lanes(groups * RegisterTile<TLane>.PackedRows(headSize) * 2);
            _numbers = arena.Lanes(groups * 4);
            bytes = arena.Bytes;
        }

        public byte* KeyPanels { get; } // panels of [d, keys]
        public byte* ValuePanels { get; } // panels of [keys, d]
        public TLane* Scores { get; } // [keys, vectors]
        public TLane* Tile { get; } // [rows, vectors]
        public TLane* Factors { get; } // [vectors]

        /// <summary>The queries from <paramref name="offset"/> on in the tile.</summary>
        public Group Group(int offset)
        {
            int group = offset / RegisterTile<TLane>.MaxColumns;
            return new Group
            {
                Query = _queries + (group * _headSize * 2),
                Output = _outputs + (group * RegisterTile<TLane>.PackedRows(_headSize) * 2),
                Max = _numbers + (group * 4),
                Sum = _numbers + (group * 4) + 2,
            };
        }
    }
}
