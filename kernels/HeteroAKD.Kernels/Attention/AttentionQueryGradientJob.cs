using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Gemm;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Attention;

/// <summary>First half of the backward pass: delta, and the gradient for the queries. Queries along the lanes, keys and values across in blocks.</summary>
internal sealed unsafe class AttentionQueryGradientJob<TLane> : KernelJob<AttentionQueryGradientJob<TLane>>
    where TLane : unmanaged, ILane<TLane>
{
    /// <summary>Two blocks of scores share the first-level cache: 96 rows x 2 vectors are 12 KiB each on the widest lane.</summary>
    public const int MaxBlock = 96;

    private AttentionBackward _b;
    private AttentionPartition _partition;
    private HostPool _pool = null!;

    public static void Run(HostPool pool, in AttentionBackward b)
    {
        AttentionQueryGradientJob<TLane> job = Take();
        AttentionShape shape = b.Shape;
        job._b = b;
        job._partition = new AttentionPartition(
            shape.Pairs, shape.Queries, shape.Keys, shape.HeadSize, RegisterTile<TLane>.MaxColumns, RegisterTile<TLane>.MaxRows, MaxBlock);
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
        TokenRows<TLane> keys = new(_b.Kv, shape.KeyStart(pair), 2 * shape.Channels, d);
        TokenRows<TLane> values = new(_b.Kv, shape.KeyStart(pair) + shape.Channels, 2 * shape.Channels, d);
        TokenRows<TLane> gradients = new(_b.Dq, shape.QueryStart(pair), shape.Channels, d);
        for (int key = 0; key < shape.Keys; key += _partition.AcrossPerBlock)
        {
            int count = Math.Min(_partition.AcrossPerBlock, shape.Keys - key);
            keys.PackForScores(key, count, scratch.KeyPanels);
            values.PackForScores(key, count, scratch.ValuePanels);
            keys.PackForSums(key, count, scratch.SumPanels);
            for (int query = first; query < end; query += RegisterTile<TLane>.MaxColumns)
            {
                int lanes = Math.Min(RegisterTile<TLane>.MaxColumns, end - query);
                int vectors = lanes > TLane.Width ? 2 : 1;
                Group group = scratch.Group(query - first);
                if (key == 0)
                {
                    Begin(group, pair, query, lanes, vectors, scratch.Outputs);
                }

                Block(group, count, vectors, key == 0, scratch);
                if (key + count == shape.Keys)
                {
                    scratch.Factors[0] = shape.Scale<TLane>();
                    scratch.Factors[1] = scratch.Factors[0];
                    AttentionTile<TLane>.Scale(group.Gradient, d, vectors, scratch.Factors);
                    gradients.StoreColumns(group.Gradient, vectors, query, lanes);
                }
            }
        }
    }

    private void Begin(in Group group, int pair, int query, int lanes, int vectors, TLane* outputs)
    {
        AttentionShape shape = _b.Shape;
        int d = shape.HeadSize;
        new TokenRows<TLane>(_b.Q, shape.QueryStart(pair), shape.Channels, d).PackColumns(query, lanes, vectors, group.Query);
        new TokenRows<TLane>(_b.DO, shape.QueryStart(pair), shape.Channels, d).PackColumns(query, lanes, vectors, group.Upstream);
        new TokenRows<TLane>(_b.O, shape.QueryStart(pair), shape.Channels, d).PackColumns(query, lanes, vectors, outputs);
        for (int v = 0; v < vectors; v++)
        {
            int row = (pair * shape.Queries) + query + (v * TLane.Width);
            group.Lse[v] = TLane.LoadPart(_b.Lse, row, lanes - (v * TLane.Width), TLane.Splat(0f));
            group.Delta[v] = Dot(group.Upstream + v, outputs + v, vectors);
            TLane.StorePart(_b.Delta, row, lanes - (v * TLane.Width), group.Delta[v]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private TLane Dot(TLane* a, TLane* b, int vectors)
    {
        TLane sum = TLane.Splat(0f);
        for (int i = 0; i < _b.Shape.HeadSize * vectors; i += vectors)
        {
            sum = TLane.Fma(a[i], b[i], sum);
        }

        return sum;
    }

    private void Block(in Group group, int count, int vectors, bool first, in Scratch scratch)
    {
        int d = _b.Shape.HeadSize;
        AttentionTile<TLane>.Scores(scratch.KeyPanels, count, group.Query, vectors, d, scratch.Scores);
        AttentionTile<TLane>.Scores(scratch.ValuePanels, count, group.Upstream, vectors, d, scratch.Products);
        for (int v = 0; v < vectors; v++)
        {
            AttentionTile<TLane>.ScoreGradients(scratch.Scores + v, scratch.Products + v, count, vectors, _b.Shape.Scale<TLane>(), group.Lse[v], group.Delta[v]);
            scratch.Factors[v] = TLane.Splat(1f);
        }

        AttentionTile<TLane>.AddSums(scratch.SumPanels, d, scratch.Scores, count, vectors, group.Gradient, first, scratch.Factors, scratch.Tile);
    }

    /// <summary>What is kept of the queries in one pair of vectors while the blocks of keys go by.</summary>
    private readonly struct Group
    {
        public required TLane* Query { get; init; } // [d, 2]
        public required TLane* Upstream { get; init; } // [d, 2]
        public required TLane* Gradient { get; init; } // [d, whole panels; 2]
        public required TLane* Lse { get; init; } // [2]
        public required TLane* Delta { get; init; } // [2]
    }

    /// <summary>A worker's arena.</summary>
    private readonly struct Scratch
    {
        private readonly TLane* _columns; // [groups, 2, d, 2] queries and upstream gradients
        private readonly TLane* _gradients; // [groups, d, whole panels; 2]
        private readonly TLane* _numbers; // [groups, 2, 2] log-sum-exps and deltas
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
            KeyPanels = arena.Elements(partition.AcrossPerBlock * headSize);
            ValuePanels = arena.Elements(partition.AcrossPerBlock * headSize);
            SumPanels = arena.Elements(partition.AcrossPerBlock * packed);
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

        public byte* KeyPanels { get; } // panels of [d, keys]
        public byte* ValuePanels { get; } // panels of [d, keys]
        public byte* SumPanels { get; } // keys as panels of [keys, d]
        public TLane* Scores { get; } // [keys, vectors]
        public TLane* Products { get; } // [keys, vectors]
        public TLane* Outputs { get; } // [d, vectors]
        public TLane* Tile { get; } // [rows, vectors]
        public TLane* Factors { get; } // [vectors]

        /// <summary>The queries from <paramref name="offset"/> on in the tile.</summary>
        public Group Group(int offset)
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
    }
}
