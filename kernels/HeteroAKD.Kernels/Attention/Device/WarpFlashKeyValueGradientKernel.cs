using HeteroAKD.Kernels.Intrinsics;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Tiles;
using ILGPU;

namespace HeteroAKD.Kernels.Attention.Device;

/// <summary>
/// The gradient for keys and values on tensor cores: a warp has 16 keys, their values and both gradients, and its block walks over a piece of the queries.
/// Scores are formed transposed, a row a key, so that they are left sides again. Launch <see cref="Blocks"/> blocks of <see cref="WarpRows.Threads"/> threads
/// with <see cref="SharedLength"/> floats of shared memory after <see cref="WarpFlashQueryGradientKernel{THead, TFragments}"/>.
/// Specification: <see cref="AttentionQueryGradientKernel.Reference"/>.
/// </summary>
[LaunchBounds(WarpRows.Threads, blocks: 2)]
public readonly struct WarpFlashKeyValueGradientKernel<THead, TFragments>(
    Mem q, // [B, N, C]
    Mem kv, // [B, M, 2C]
    Mem lse, // [B, heads, N]
    Mem delta, // [B, heads, N]
    Mem dO, // [B, N, C]
    Mem dkv, // [pieces, B, M, 2C] overwritten
    QueryPieces pieces,
    AttentionShape shape) : IDeviceKernel, IUnrolledKernel
    where THead : struct, IHeadSize
    where TFragments : struct, IFragments
{
    private const int Tokens = TokenTiles<THead, WarpOrder>.Tokens;

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

    /// <summary>Floats of shared memory: the tiles, then [2 buffers, 2, Tokens] log-sum-exps and deltas.</summary>
    public static int SharedLength => TokenTiles<THead, WarpOrder>.SharedLength + (4 * Tokens);

    /// <summary>Blocks to launch.</summary>
    public int Blocks => _pieces.Count * _shape.Pairs * WarpRows.Blocks(_shape.Keys);

    /// <inheritdoc/>
    public void Run()
    {
        ArrayView<float> shared = SharedMemory.GetDynamic<float>();
        int thread = Group.IdxX;
        int tiles = WarpRows.Blocks(_shape.Keys);
        int work = Grid.IdxX / tiles;
        int key = ((Grid.IdxX - (work * tiles)) * WarpRows.BlockCount) + WarpRows.Row(thread);
        int piece = work / _shape.Pairs;
        int pair = work - (piece * _shape.Pairs);
        int firstQuery = piece * _pieces.Length;
        int lastQuery = Math.Min(_shape.Queries, firstQuery + _pieces.Length);
        TokenTiles<THead, WarpOrder> queries = TokenTiles<THead, WarpOrder>.QueriesAndGradients(shared, _q, _dO, _shape, pair, lastQuery, _whole);
        queries.Start(firstQuery, thread, WarpRows.Threads);
        StartRowValues(shared, pair, firstQuery, lastQuery, thread);
        int top = _shape.KeyStart(pair) + (Math.Min(key, _shape.Keys - 1) * 2 * _shape.Channels);
        int bottom = _shape.KeyStart(pair) + (Math.Min(key + 8, _shape.Keys - 1) * 2 * _shape.Channels);
        LeftPiece[] ownKeys = new LeftPiece[THead.Size / 16];
        WarpRows.Load<THead, TFragments>(_kv, top, bottom, _shape.HeadSize, _whole, thread, ownKeys);
        LeftPiece[] ownValues = new LeftPiece[THead.Size / 16];
        WarpRows.Load<THead, TFragments>(_kv, top + _shape.Channels, bottom + _shape.Channels, _shape.HeadSize, _whole, thread, ownValues);
        Float4[] keySums = new Float4[THead.Size / 8];
        Float4[] valueSums = new Float4[THead.Size / 8];
        for (int i = 0; i < THead.Size / 8; i++)
        {
            keySums[i] = default;
            valueSums[i] = default;
        }

        float scale = _shape.Scale<DeviceF32>().Value;
        float factor = scale * WarpRows.LogE;
        for (int first = firstQuery; first < lastQuery; first += Tokens)
        {
            queries.AdvanceRounded<TFragments>(first, thread);
            if (first + Tokens < lastQuery)
            {
                StartRowValues(shared, pair, first + Tokens, lastQuery, thread);
            }

            WarpTile<THead> query = new(shared, TokenTiles<THead, WarpOrder>.FirstStart(first), thread);
            WarpTile<THead> upstream = new(shared, TokenTiles<THead, WarpOrder>.SecondStart(first), thread);
            for (int i = 0; i < Tokens / 16; i++)
            {
                Float4[] p = new Float4[2];
                Float4[] ds = new Float4[2];
                for (int k = 0; k < 2; k++)
                {
                    // Queries beyond the last are zero, so are their gradients and log-sum-exps: weights of 1 that meet nothing but zeros.
                    int at = RowValues(first) + (16 * i) + (8 * k) + (2 * (thread & 3));
                    float leftShift = -shared[at] * WarpRows.LogE;
                    float rightShift = -shared[at + 1] * WarpRows.LogE;
                    float leftDelta = shared[at + Tokens];
                    float rightDelta = shared[at + Tokens + 1];
                    Float4 scores = query.AddLines<TFragments>(ownKeys, (2 * i) + k, default);
                    Float4 dp = upstream.AddLines<TFragments>(ownValues, (2 * i) + k, default);
                    Float4 weights = WarpRows.ExpTransposed(scores, factor, leftShift, rightShift);
                    p[k] = weights;
                    ds[k] = new Float4
                    {
                        X = weights.X * (dp.X - leftDelta),
                        Y = weights.Y * (dp.Y - rightDelta),
                        Z = weights.Z * (dp.Z - leftDelta),
                        W = weights.W * (dp.W - rightDelta),
                    };
                }

                upstream.AddTokens<TFragments>(TFragments.Results(p[0], p[1]), i, valueSums);
                query.AddTokens<TFragments>(TFragments.Results(ds[0], ds[1]), i, keySums);
            }
        }

        int shift = piece * _shape.Batch * _shape.Keys * 2 * _shape.Channels;
        if (key < _shape.Keys)
        {
            WarpRows.StoreTop<THead>(_dkv, shift + top, _shape.HeadSize, _whole, thread, keySums, scale);
            WarpRows.StoreTop<THead>(_dkv, shift + top + _shape.Channels, _shape.HeadSize, _whole, thread, valueSums, 1f);
        }

        if (key + 8 < _shape.Keys)
        {
            WarpRows.StoreBottom<THead>(_dkv, shift + bottom, _shape.HeadSize, _whole, thread, keySums, scale);
            WarpRows.StoreBottom<THead>(_dkv, shift + bottom + _shape.Channels, _shape.HeadSize, _whole, thread, valueSums, 1f);
        }
    }

    private static int RowValues(int query) => TokenTiles<THead, WarpOrder>.SharedLength + ((query & Tokens) * 2);

    // Starts to copy the log-sum-exps and deltas of a tile, a float a thread.
    private void StartRowValues(ArrayView<float> shared, int pair, int query, int lastQuery, int thread)
    {
        int token = query + (thread & (Tokens - 1));
        int bytes = token < lastQuery ? sizeof(float) : 0;
        int from = (pair * _shape.Queries) + Math.Min(token, lastQuery - 1);
        if (thread < Tokens)
        {
            AsyncCopy.Copy4(ref shared[RowValues(query) + thread], ref _lse.View[from], bytes);
        }
        else if (thread < 2 * Tokens)
        {
            AsyncCopy.Copy4(ref shared[RowValues(query) + thread], ref _delta.View[from], bytes);
        }
    }
}
