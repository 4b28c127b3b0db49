using HeteroAKD.Kernels.Intrinsics;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Tiles;
using ILGPU;

namespace HeteroAKD.Kernels.Attention.Device;

/// <summary>
/// The gradient for queries on a device in floats, and the deltas do_i·o_i that <see cref="FlashKeyValueGradientKernel{THead}"/> needs after it. As
/// <see cref="FlashForwardKernel{THead}"/>, a thread has a query. Specification: <see cref="AttentionQueryGradientKernel.Reference"/>.
/// </summary>
public readonly struct FlashQueryGradientKernel<THead>(
    Mem q, // [B, N, C]
    Mem kv, // [B, M, 2C]
    Mem o, // [B, N, C]
    Mem lse, // [B, heads, N]
    Mem dO, // [B, N, C]
    Mem delta, // [B, heads, N] overwritten
    Mem dq, // [B, N, C] overwritten
    AttentionShape shape) : IDeviceKernel, IUnrolledKernel
    where THead : struct, IHeadSize
{
    /// <summary>Threads of a block, each with a query.</summary>
    public const int Threads = 128;

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
    public int Blocks => _shape.Pairs * ((_shape.Queries + Threads - 1) / Threads);

    /// <inheritdoc/>
    public void Run()
    {
        ArrayView<float> shared = SharedMemory.GetDynamic<float>();
        int thread = Group.IdxX;
        int tiles = (_shape.Queries + Threads - 1) / Threads;
        int pair = Grid.IdxX / tiles;
        int query = ((Grid.IdxX - (pair * tiles)) * Threads) + thread;
        TokenTiles<THead, PlainOrder> keys = TokenTiles<THead, PlainOrder>.KeysAndValues(shared, _kv, _shape, pair, _whole);
        keys.Start(0, thread, Threads);
        int row = Math.Min(query, _shape.Queries - 1);
        int start = _shape.QueryStart(pair) + (row * _shape.Channels);
        int quads = THead.Size / 4;
        Float4[] own = new Float4[THead.Size / 4];
        HeadRow.Load(_q, start, _shape.HeadSize, _whole, own, quads);
        Float4[] upstream = new Float4[THead.Size / 4];
        HeadRow.Load(_dO, start, _shape.HeadSize, _whole, upstream, quads);
        Float4[] gradient = new Float4[THead.Size / 4];
        HeadRow.Load(_o, start, _shape.HeadSize, _whole, gradient, quads);
        Float4 product = default;
        for (int i = 0; i < quads; i++)
        {
            product = HeadRow.Multiply(upstream[i], gradient[i], product);
            gradient[i] = default;
        }

        float center = HeadRow.Sum(product);
        float normalizer = _lse.View[(pair * _shape.Queries) + row];
        float scale = _shape.Scale<DeviceF32>().Value;
        for (int first = 0; first < _shape.Keys; first += TokenTiles<THead, PlainOrder>.Tokens)
        {
            keys.Advance(first, thread, Threads);
            int count = Math.Min(TokenTiles<THead, PlainOrder>.Tokens, _shape.Keys - first);
            for (int j = 0; j < count; j++)
            {
                Float4 dot = default;
                Float4 dp = default;
                for (int i = 0; i < quads; i++)
                {
                    dot = HeadRow.Multiply(own[i], keys.First(first, j, i), dot);
                    dp = HeadRow.Multiply(upstream[i], keys.Second(first, j, i), dp);
                }

                float ds = HeadRow.Exp((HeadRow.Sum(dot) * scale) - normalizer) * (HeadRow.Sum(dp) - center);
                for (int i = 0; i < quads; i++)
                {
                    gradient[i] = HeadRow.Scale(ds, keys.First(first, j, i), gradient[i]);
                }
            }
        }

        if (query < _shape.Queries)
        {
            HeadRow.Store(_dq, start, _shape.HeadSize, _whole, gradient, quads, scale);
            _delta.View[(pair * _shape.Queries) + query] = center;
        }
    }
}
