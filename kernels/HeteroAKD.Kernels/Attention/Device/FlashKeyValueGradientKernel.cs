using HeteroAKD.Kernels.Intrinsics;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Tiles;
using ILGPU;

namespace HeteroAKD.Kernels.Attention.Device;

/// <summary>
/// The gradient for keys and values on a device in floats: a thread has a key and its value, and 32 columns of both gradients, which is what fits into
/// registers; its block walks over a piece of the queries. Pieces leave sums of their own, since keys are few. Launch <see cref="Blocks"/> blocks of
/// <see cref="Threads"/> threads after <see cref="FlashQueryGradientKernel{THead}"/>. Specification: <see cref="AttentionQueryGradientKernel.Reference"/>.
/// </summary>
public readonly struct FlashKeyValueGradientKernel<THead>(
    Mem q, // [B, N, C]
    Mem kv, // [B, M, 2C]
    Mem lse, // [B, heads, N]
    Mem delta, // [B, heads, N]
    Mem dO, // [B, N, C]
    Mem dkv, // [pieces, B, M, 2C] overwritten
    QueryPieces pieces,
    AttentionShape shape) : IDeviceKernel, IUnrolledKernel
    where THead : struct, IHeadSize
{
    /// <summary>Threads of a block, each with a key.</summary>
    public const int Threads = 64;

    private const int Columns = 32;

    private readonly Mem _q = q;
    private readonly Mem _kv = kv;
    private readonly Mem _lse = lse;
    private readonly Mem _delta = delta;
    private readonly Mem _dO = dO;
    private readonly Mem _dkv = dkv;
    private readonly QueryPieces _pieces = pieces;
    private readonly AttentionShape _shape = shape;
    private readonly int _whole = Alignment.IsWhole(q, shape.HeadSize, 0, 0) & Alignment
        .IsWhole(kv, 0, 0, 0) & Alignment.IsWhole(dO, 0, 0, 0) & Alignment.IsWhole(dkv, 0, 0, 0);

    /// <summary>Blocks to launch.</summary>
    public int Blocks => _pieces.Count * _shape.Pairs * ((_shape.Keys + Threads - 1) / Threads) * (THead.Size / Columns);

    /// <inheritdoc/>
    public void Run()
    {
        ArrayView<float> shared = SharedMemory.GetDynamic<float>();
        int thread = Group.IdxX;
        int parts = THead.Size / Columns;
        int tiles = (_shape.Keys + Threads - 1) / Threads;
        int block = Grid.IdxX / parts;
        int part = Grid.IdxX - (block * parts);
        int work = block / tiles;
        int key = ((block - (work * tiles)) * Threads) + thread;
        int piece = work / _shape.Pairs;
        int pair = work - (piece * _shape.Pairs);
        int firstQuery = piece * _pieces.Length;
        int lastQuery = Math.Min(_shape.Queries, firstQuery + _pieces.Length);
        TokenTiles<THead, PlainOrder> queries = TokenTiles<THead, PlainOrder>.QueriesAndGradients(shared, _q, _dO, _shape, pair, lastQuery, _whole);
        queries.Start(firstQuery, thread, Threads);
        int row = Math.Min(key, _shape.Keys - 1);
        int start = _shape.KeyStart(pair) + (row * 2 * _shape.Channels);
        int quads = THead.Size / 4;
        Float4[] ownKey = new Float4[THead.Size / 4];
        HeadRow.Load(_kv, start, _shape.HeadSize, _whole, ownKey, quads);
        Float4[] ownValue = new Float4[THead.Size / 4];
        HeadRow.Load(_kv, start + _shape.Channels, _shape.HeadSize, _whole, ownValue, quads);
        Float4[] keySums = new Float4[Columns / 4];
        Float4[] valueSums = new Float4[Columns / 4];
        for (int i = 0; i < Columns / 4; i++)
        {
            keySums[i] = default;
            valueSums[i] = default;
        }

        float scale = _shape.Scale<DeviceF32>().Value;
        for (int first = firstQuery; first < lastQuery; first += TokenTiles<THead, PlainOrder>.Tokens)
        {
            queries.Advance(first, thread, Threads);
            int count = Math.Min(TokenTiles<THead, PlainOrder>.Tokens, lastQuery - first);
            for (int j = 0; j < count; j++)
            {
                Float4 dot = default;
                Float4 dp = default;
                for (int i = 0; i < quads; i++)
                {
                    dot = HeadRow.Multiply(queries.First(first, j, i), ownKey[i], dot);
                    dp = HeadRow.Multiply(queries.Second(first, j, i), ownValue[i], dp);
                }

                int number = (pair * _shape.Queries) + first + j;
                float p = HeadRow.Exp((HeadRow.Sum(dot) * scale) - _lse.View[number]);
                float ds = p * (HeadRow.Sum(dp) - _delta.View[number]);
                for (int i = 0; i < Columns / 4; i++)
                {
                    keySums[i] = HeadRow.Scale(ds, queries.First(first, j, (part * (Columns / 4)) + i), keySums[i]);
                    valueSums[i] = HeadRow.Scale(p, queries.Second(first, j, (part * (Columns / 4)) + i), valueSums[i]);
                }
            }
        }

        if (key < _shape.Keys)
        {
            int to = (piece * _shape.Batch * _shape.Keys * 2 * _shape.Channels) + start + (part * Columns);
            int columns = Math.Min(Columns, _shape.HeadSize - (part * Columns));
            HeadRow.Store(_dkv, to, columns, _whole, keySums, Columns / 4, scale);
            HeadRow.Store(_dkv, to + _shape.Channels, columns, _whole, valueSums, Columns / 4, 1f);
        }
    }
}

/// <summary>Into which pieces the queries are cut where sums run over them.</summary>
/// <param name="Count">Pieces.</param>
/// <param name="Length">Queries of a piece but the last, a multiple of the tile.</param>
public readonly record struct QueryPieces(int Count, int Length)
{
    // Enough blocks for every multiprocessor of a large card to have some.
    private const int EnoughBlocks = 512;

    /// <summary>By the sizes alone, so that sums are added in the same order on every card.</summary>
    public static QueryPieces Of(in AttentionShape shape)
    {
        int blocks = shape.Pairs * ((shape.Keys + 63) / 64);
        int most = (shape.Queries + 127) / 128;
        int count = Math.Clamp((EnoughBlocks + blocks - 1) / blocks, 1, most);
        int length = (((shape.Queries + count - 1) / count) + 31) / 32 * 32;
        return new((shape.Queries + length - 1) / length, length);
    }
}
