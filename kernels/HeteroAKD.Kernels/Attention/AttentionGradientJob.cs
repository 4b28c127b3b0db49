using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HeteroAKD.Kernels.Gemm;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Attention;

/// <summary>
/// The backward pass: queries along the lanes, keys and values across in blocks. Every block of scores is formed once and serves all three gradients. Those of
/// the queries are whole in a tile; those of keys and values are sums over all queries, so each tile leaves sums of its own, at most
/// <see cref="AttentionPartition.MaxSums"/> for a pair, which <see cref="AttentionGradientCombineJob{TLane}"/> adds up in order.
/// </summary>
internal sealed unsafe class AttentionGradientJob<TLane> : KernelJob<AttentionGradientJob<TLane>>
    where TLane : unmanaged, ILane<TLane>
{
    // Two blocks of scores share the first-level cache: 96 rows x 2 vectors are 12 KiB each on the widest lane.
    private const int MaxBlock = 96;

    private AttentionBackward _b;
    private AttentionPartition _partition;
    private HostPool _pool = null!;
    private byte* _sums; // [sums, pairs, keys, 2, padded d]

    public static void Run(HostPool pool, in AttentionBackward b)
    {
        AttentionGradientJob<TLane> job = Take();
        AttentionShape shape = b.Shape;
        job._b = b;
        job._partition = new AttentionPartition(
            shape.Pairs, shape.Queries, shape.Keys, shape.HeadSize, RegisterTile<TLane>.MaxColumns, RegisterTile<TLane>.MaxRows, MaxBlock);
        job._pool = pool;
        job._sums = pool.SharedArena((nuint)job._partition.Sums * SumBytes(shape));
        pool.Run(job, job._partition.SumTiles);
        AttentionGradientCombineJob<TLane>.Run(pool, b, job._sums, job._partition.Sums);
    }

    /// <summary>Columns of a head up to whole lanes.</summary>
    public static int Padded(int headSize) => (headSize + TLane.Width - 1) / TLane.Width * TLane.Width;

    /// <summary>Bytes of one set of sums.</summary>
    public static nuint SumBytes(in AttentionShape shape) =>
        (nuint)shape.Pairs * (nuint)shape.Keys * (nuint)(2 * Padded(shape.HeadSize) * RegisterTile<TLane>.ElementSize);

    public override void Tile(int tile, int worker)
    {
        _partition.SumBounds(tile, out int pair, out int endPair, out int piece, out int endPiece, out int sum);
        AttentionShape shape = _b.Shape;
        AttentionGradientScratch<TLane> scratch = new(_partition, shape.HeadSize, _pool, worker);
        nint pairBytes = (nint)(SumBytes(shape) / (nuint)shape.Pairs);
        for (; pair < endPair; pair++)
        {
            byte* sums = _sums + (((nint)sum * shape.Pairs) + pair) * pairBytes;
            NativeMemory.Clear(sums, (nuint)pairBytes);
            for (int p = piece; p < endPiece; p++)
            {
                int first = p * _partition.AlongPerTile;
                Piece(pair, first, Math.Min(shape.Queries, first + _partition.AlongPerTile), sums, scratch);
            }
        }
    }

    private void Piece(int pair, int first, int end, byte* sums, in AttentionGradientScratch<TLane> scratch)
    {
        AttentionShape shape = _b.Shape;
        TokenRows<TLane> keys = new(_b.Kv, shape.KeyStart(pair), 2 * shape.Channels, shape.HeadSize);
        TokenRows<TLane> values = new(_b.Kv, shape.KeyStart(pair) + shape.Channels, 2 * shape.Channels, shape.HeadSize);
        new TokenRows<TLane>(_b.Q, shape.QueryStart(pair), shape.Channels, shape.HeadSize).PackRows(first, end - first, scratch.QueryRows);
        new TokenRows<TLane>(_b.DO, shape.QueryStart(pair), shape.Channels, shape.HeadSize).PackRows(first, end - first, scratch.UpstreamRows);
        for (int key = 0; key < shape.Keys; key += _partition.AcrossPerBlock)
        {
            int count = Math.Min(_partition.AcrossPerBlock, shape.Keys - key);
            keys.PackForScores(key, count, scratch.KeyPanels);
            values.PackForScores(key, count, scratch.ValuePanels);
            keys.PackForSums(key, count, scratch.SumPanels);
            for (int query = first; query < end; query += scratch.Bundle)
            {
                int queries = Math.Min(scratch.Bundle, end - query);
                for (int i = 0; i < queries; i += RegisterTile<TLane>.MaxColumns)
                {
                    Queries(pair, query + i, Math.Min(RegisterTile<TLane>.MaxColumns, queries - i), first, key, count, i, scratch);
                }

                AddToKeys(key, count, queries, query - first, end - first, sums, scratch);
            }
        }
    }

    // One block of scores: everything for the queries' gradient, and the panels from which those of keys and values follow.
    private void Queries(int pair, int query, int lanes, int first, int key, int count, int inBundle, in AttentionGradientScratch<TLane> scratch)
    {
        AttentionShape shape = _b.Shape;
        int d = shape.HeadSize;
        int vectors = lanes > TLane.Width ? 2 : 1;
        AttentionGradientScratch<TLane>.Group group = scratch.GroupAt(query - first);
        if (key == 0)
        {
            Begin(group, pair, query, lanes, vectors, scratch.Outputs);
        }

        AttentionTile<TLane>.Scores(scratch.KeyPanels, count, group.Query, vectors, d, scratch.Scores);
        AttentionTile<TLane>.Scores(scratch.ValuePanels, count, group.Upstream, vectors, d, scratch.Products);
        for (int v = 0; v < vectors; v++)
        {
            AttentionTile<TLane>.ProbabilitiesAndGradients(
                scratch.Scores + v, scratch.Products + v, count, vectors, shape.Scale<TLane>(), group.Lse[v], group.Delta[v]);
            scratch.Factors[v] = TLane.Splat(1f);
        }

        AttentionTile<TLane>.AddSums(scratch.SumPanels, d, scratch.Products, count, vectors, group.Gradient, key == 0, scratch.Factors, scratch.Tile);
        Turn(scratch.Scores, count, vectors, lanes, inBundle, scratch.Bundle, scratch.ProbabilityPanels);
        Turn(scratch.Products, count, vectors, lanes, inBundle, scratch.Bundle, scratch.GradientPanels);
        if (key + count == shape.Keys)
        {
            scratch.Factors[0] = shape.Scale<TLane>();
            scratch.Factors[1] = scratch.Factors[0];
            AttentionTile<TLane>.Scale(group.Gradient, d, vectors, scratch.Factors);
            new TokenRows<TLane>(_b.Dq, shape.QueryStart(pair), shape.Channels, d).StoreColumns(group.Gradient, vectors, query, lanes);
        }
    }

    private void Begin(in AttentionGradientScratch<TLane>.Group group, int pair, int query, int lanes, int vectors, TLane* outputs)
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
            group.Delta[v] = AttentionTile<TLane>.Dot(group.Upstream + v, outputs + v, d, vectors);
            TLane.StorePart(_b.Delta, row, lanes - (v * TLane.Width), group.Delta[v]);
        }
    }

    // [keys, queries in lanes] to panels [queries, keys of the panel]: what is summed over the queries next.
    private static void Turn(TLane* block, int count, int vectors, int lanes, int inBundle, int bundle, byte* panels)
    {
        int size = RegisterTile<TLane>.ElementSize;
        for (int j = 0; j < count;)
        {
            int rows = RegisterTile<TLane>.PanelRows(count - j);
            PanelPacking.Pack(
                (byte*)(block + (j * vectors)), vectors * sizeof(TLane), size, Math.Min(rows, count - j), rows, lanes, panels + ((nint)inBundle * rows * size),
                size);
            panels += (nint)rows * bundle * size;
            j += rows;
        }
    }

    // "start" and "length" say where in the packed rows of the piece the queries are.
    private void AddToKeys(int key, int count, int queries, int start, int length, byte* sums, in AttentionGradientScratch<TLane> scratch)
    {
        int size = RegisterTile<TLane>.ElementSize;
        int padded = Padded(_b.Shape.HeadSize);
        nint panel = 0;
        for (int j = 0; j < count;)
        {
            int rows = RegisterTile<TLane>.PanelRows(count - j);
            int valid = Math.Min(rows, count - j);
            byte* target = sums + ((nint)(key + j) * 2 * padded * size);
            for (int c = 0; c < padded; c += RegisterTile<TLane>.MaxColumns)
            {
                int width = Math.Min(RegisterTile<TLane>.MaxColumns, padded - c);
                int vectors = width / TLane.Width;
                nint rowsAt = (((nint)c * length) + ((nint)start * width)) * size;
                RegisterTile<TLane>.Multiply(
                    rows, vectors, scratch.GradientPanels + panel, TileColumns.Even(scratch.QueryRows + rowsAt, width * size), queries, scratch.Tile);
                Add(scratch.Tile, valid, vectors, target + (c * size), 2 * padded * size);
                RegisterTile<TLane>.Multiply(
                    rows, vectors, scratch.ProbabilityPanels + panel, TileColumns.Even(scratch.UpstreamRows + rowsAt, width * size), queries, scratch.Tile);
                Add(scratch.Tile, valid, vectors, target + ((padded + c) * size), 2 * padded * size);
            }

            panel += (nint)rows * scratch.Bundle * size;
            j += rows;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Add(TLane* tile, int rows, int vectors, byte* target, nint stride)
    {
        for (int i = 0; i < rows; i++, target += stride)
        {
            TLane* to = (TLane*)target;
            for (int v = 0; v < vectors; v++)
            {
                to[v] += *tile++;
            }
        }
    }
}

/// <summary>
/// Adds up the sums that the tiles of a backward pass left, in order, and writes the gradients of keys and values; a tile is one pair's keys.
/// </summary>
internal sealed unsafe class AttentionGradientCombineJob<TLane> : KernelJob<AttentionGradientCombineJob<TLane>>
    where TLane : unmanaged, ILane<TLane>
{
    private const int KeysPerTile = 256;

    private AttentionBackward _b;
    private byte* _sums; // [sums, pairs, keys, 2, padded d]
    private int _count;
    private int _blocks;

    public static void Run(HostPool pool, in AttentionBackward b, byte* sums, int count)
    {
        AttentionGradientCombineJob<TLane> job = Take();
        job._b = b;
        job._sums = sums;
        job._count = count;
        job._blocks = (b.Shape.Keys + KeysPerTile - 1) / KeysPerTile;
        pool.Run(job, b.Shape.Pairs * job._blocks);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Tile(int tile, int worker)
    {
        AttentionShape shape = _b.Shape;
        int pair = tile / _blocks;
        int end = Math.Min(shape.Keys, ((tile % _blocks) + 1) * KeysPerTile);
        int padded = AttentionGradientJob<TLane>.Padded(shape.HeadSize);
        nint setBytes = (nint)AttentionGradientJob<TLane>.SumBytes(shape);
        Mem sums = new(_sums);
        TLane scale = shape.Scale<TLane>();
        for (int key = tile % _blocks * KeysPerTile; key < end; key++)
        {
            int from = ((pair * shape.Keys) + key) * 2 * padded;
            int to = shape.KeyStart(pair) + (key * 2 * shape.Channels);
            for (int c = 0; c < shape.HeadSize; c += TLane.Width)
            {
                TLane keyGradient = TLane.Load(sums, from + c);
                TLane valueGradient = TLane.Load(sums, from + padded + c);
                for (int i = 1; i < _count; i++)
                {
                    Mem further = new(_sums + (i * setBytes));
                    keyGradient += TLane.Load(further, from + c);
                    valueGradient += TLane.Load(further, from + padded + c);
                }

                TLane.StorePart(_b.Dkv, to + c, shape.HeadSize - c, keyGradient * scale);
                TLane.StorePart(_b.Dkv, to + shape.Channels + c, shape.HeadSize - c, valueGradient);
            }
        }
    }
}
