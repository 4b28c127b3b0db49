using HeteroAKD.Kernels.Intrinsics;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Tiles;
using ILGPU;

namespace HeteroAKD.Kernels.Attention.Device;

/// <summary>
/// The gradient for queries on tensor cores, and the deltas do_i·o_i in floats that <see cref="WarpFlashKeyValueGradientKernel{THead, TFragments}"/> needs
/// after it. As <see cref="WarpFlashForwardKernel{THead, TFragments}"/>, a warp has 16 queries. Specification:
/// <see cref="AttentionQueryGradientKernel.Reference"/>.
/// </summary>
[LaunchBounds(WarpRows.Threads, blocks: 2)]
public readonly struct WarpFlashQueryGradientKernel<THead, TFragments>(
    Mem q, // [B, N, C]
    Mem kv, // [B, M, 2C]
    Mem o, // [B, N, C]
    Mem lse, // [B, heads, N]
    Mem dO, // [B, N, C]
    Mem delta, // [B, heads, N] overwritten
    Mem dq, // [B, N, C] overwritten
    AttentionShape shape) : IDeviceKernel, IUnrolledKernel
    where THead : struct, IHeadSize
    where TFragments : struct, IFragments
{
    private readonly Mem _q = q;
    private readonly Mem _kv = kv;
    private readonly Mem _o = o;
    private readonly Mem _lse = lse;
    private readonly Mem _dO = dO;
    private readonly Mem _delta = delta;
    private readonly Mem _dq = dq;
    private readonly AttentionShape _shape = shape;
    private readonly int _whole = Alignment.IsWhole(q, shape.HeadSize, 0, 0) & Alignment.IsWhole(kv, 0, 0, 0) & Alignment.IsWhole(o, 0, 0, 0)
        & Alignment.IsWhole(dO, 0, 0, 0) & Alignment.IsWhole(dq, 0, 0, 0);

    /// <summary>Blocks to launch.</summary>
    public int Blocks => _shape.Pairs * WarpRows.Blocks(_shape.Queries);

    /// <inheritdoc/>
    public void Run()
    {
        ArrayView<float> shared = SharedMemory.GetDynamic<float>();
        int thread = Group.IdxX;
        int tiles = WarpRows.Blocks(_shape.Queries);
        int pair = Grid.IdxX / tiles;
        int query = ((Grid.IdxX - (pair * tiles)) * WarpRows.BlockCount) + WarpRows.Row(thread);
        TokenTiles<THead, WarpOrder> keys = TokenTiles<THead, WarpOrder>.KeysAndValues(shared, _kv, _shape, pair, _whole);
        keys.Start(0, thread, WarpRows.Threads);
        int topRow = Math.Min(query, _shape.Queries - 1);
        int bottomRow = Math.Min(query + 8, _shape.Queries - 1);
        int top = _shape.QueryStart(pair) + (topRow * _shape.Channels);
        int bottom = _shape.QueryStart(pair) + (bottomRow * _shape.Channels);
        LeftPiece[] own = new LeftPiece[THead.Size / 16];
        WarpRows.Load<THead, TFragments>(_q, top, bottom, _shape.HeadSize, _whole, thread, own);
        LeftPiece[] upstream = new LeftPiece[THead.Size / 16];
        WarpRows.Load<THead, TFragments>(_dO, top, bottom, _shape.HeadSize, _whole, thread, upstream);
        float topDelta = WarpRows.Dot<THead>(_dO, _o, top, _shape.HeadSize, _whole, thread);
        float bottomDelta = WarpRows.Dot<THead>(_dO, _o, bottom, _shape.HeadSize, _whole, thread);
        Float4[] gradient = new Float4[THead.Size / 8];
        for (int i = 0; i < THead.Size / 8; i++)
        {
            gradient[i] = default;
        }

        float scale = _shape.Scale<DeviceF32>().Value;
        float factor = scale * WarpRows.LogE;
        float topShift = -_lse.View[(pair * _shape.Queries) + topRow] * WarpRows.LogE;
        float bottomShift = -_lse.View[(pair * _shape.Queries) + bottomRow] * WarpRows.LogE;
        for (int first = 0; first < _shape.Keys; first += TokenTiles<THead, WarpOrder>.Tokens)
        {
            keys.AdvanceRounded<TFragments>(first, thread);
            WarpTile<THead> key = new(shared, TokenTiles<THead, WarpOrder>.FirstStart(first), thread);
            WarpTile<THead> value = new(shared, TokenTiles<THead, WarpOrder>.SecondStart(first), thread);
            for (int i = 0; i < TokenTiles<THead, WarpOrder>.Tokens / 16; i++)
            {
                Float4[] ds = new Float4[2];
                for (int k = 0; k < 2; k++)
                {
                    // Keys beyond the last would have the weight e^-lse, which may be infinite.
                    int token = first + (16 * i) + (8 * k) + (2 * (thread & 3));
                    Float4 scores = WarpRows.KeepBefore(token, _shape.Keys, key.AddLines<TFragments>(own, (2 * i) + k, default));
                    Float4 p = WarpRows.Exp(scores, factor, topShift, bottomShift);
                    Float4 dp = value.AddLines<TFragments>(upstream, (2 * i) + k, default);
                    ds[k] = new Float4
                    {
                        X = p.X * (dp.X - topDelta),
                        Y = p.Y * (dp.Y - topDelta),
                        Z = p.Z * (dp.Z - bottomDelta),
                        W = p.W * (dp.W - bottomDelta),
                    };
                }

                key.AddTokens<TFragments>(TFragments.Results(ds[0], ds[1]), i, gradient);
            }
        }

        if (query < _shape.Queries)
        {
            WarpRows.StoreTop<THead>(_dq, top, _shape.HeadSize, _whole, thread, gradient, scale);
            StoreDelta(pair, query, thread, topDelta);
        }

        if (query + 8 < _shape.Queries)
        {
            WarpRows.StoreBottom<THead>(_dq, bottom, _shape.HeadSize, _whole, thread, gradient, scale);
            StoreDelta(pair, query + 8, thread, bottomDelta);
        }
    }

    // One of the four lanes of a row does it.
    private void StoreDelta(int pair, int query, int thread, float value)
    {
        if ((thread & 3) == 0)
        {
            _delta.View[(pair * _shape.Queries) + query] = value;
        }
    }
}
