using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Intrinsics;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Tiles;
using ILGPU;

namespace HeteroAKD.Kernels.Attention.Device;

/// <summary>
/// Attention on tensor cores (Dao, "FlashAttention-2", 2023): a warp has 16 queries and their output in registers, keys and values come to shared memory tile
/// by tile. Scores leave a product as the next one wants them on its left, so weights never leave the registers. Factors are rounded, sums are not.
/// Specification: <see cref="AttentionForwardKernel.Reference"/>. Launch <see cref="Blocks"/> blocks of <see cref="WarpRows.Threads"/> threads.
/// </summary>
[LaunchBounds(WarpRows.Threads, blocks: 2)]
public readonly struct WarpFlashForwardKernel<THead, TFragments>(
    Mem q, // [B, N, C]
    Mem kv, // [B, M, 2C]
    Mem o, // [B, N, C] overwritten
    Mem lse, // [B, heads, N] overwritten
    AttentionShape shape) : IDeviceKernel, IUnrolledKernel
    where THead : struct, IHeadSize
    where TFragments : struct, IFragments
{
    private const int Groups = TokenTiles<THead, WarpOrder>.Tokens / 8;

    private readonly Mem _q = q;
    private readonly Mem _kv = kv;
    private readonly Mem _o = o;
    private readonly Mem _lse = lse;
    private readonly AttentionShape _shape = shape;
    private readonly int _whole = Alignment.IsWhole(q, shape.HeadSize, 0, 0) & Alignment.IsWhole(kv, 0, 0, 0) & Alignment.IsWhole(o, 0, 0, 0);

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

        // Rows beyond the last go along with it: every lane has its part in every product.
        int top = _shape.QueryStart(pair) + (Math.Min(query, _shape.Queries - 1) * _shape.Channels);
        int bottom = _shape.QueryStart(pair) + (Math.Min(query + 8, _shape.Queries - 1) * _shape.Channels);
        LeftPiece[] own = new LeftPiece[THead.Size / 16];
        WarpRows.Load<THead, TFragments>(_q, top, bottom, _shape.HeadSize, _whole, thread, own);
        Float4[] output = new Float4[THead.Size / 8];
        for (int i = 0; i < THead.Size / 8; i++)
        {
            output[i] = default;
        }

        // Scores are kept as the products leave them; a power of two takes scale and change of base in one multiply-add.
        float scale = _shape.Scale<DeviceF32>().Value;
        float factor = scale * WarpRows.LogE;
        float topMax = float.NegativeInfinity;
        float bottomMax = float.NegativeInfinity;
        float topSum = 0f;
        float bottomSum = 0f;
        for (int first = 0; first < _shape.Keys; first += TokenTiles<THead, WarpOrder>.Tokens)
        {
            keys.AdvanceRounded<TFragments>(first, thread);
            WarpTile<THead> key = new(shared, TokenTiles<THead, WarpOrder>.FirstStart(first), thread);
            WarpTile<THead> value = new(shared, TokenTiles<THead, WarpOrder>.SecondStart(first), thread);
            Float4[] scores = new Float4[Groups];
            Score(key, own, scores, first, thread);
            float topLarger = topMax;
            float bottomLarger = bottomMax;
            for (int i = 0; i < Groups; i++)
            {
                topLarger = WarpRows.Larger(topLarger, WarpRows.Larger(scores[i].X, scores[i].Y));
                bottomLarger = WarpRows.Larger(bottomLarger, WarpRows.Larger(scores[i].Z, scores[i].W));
            }

            topLarger = WarpRows.Max(topLarger);
            bottomLarger = WarpRows.Max(bottomLarger);
            float topShrink = FastMath.Exp2((topMax - topLarger) * factor);
            float bottomShrink = FastMath.Exp2((bottomMax - bottomLarger) * factor);
            topMax = topLarger;
            bottomMax = bottomLarger;
            topSum *= topShrink;
            bottomSum *= bottomShrink;
            Shrink(output, topShrink, bottomShrink);
            for (int i = 0; i < Groups; i++)
            {
                scores[i] = WarpRows.Exp(scores[i], factor, -topMax * factor, -bottomMax * factor);
                topSum += scores[i].X + scores[i].Y;
                bottomSum += scores[i].Z + scores[i].W;
            }

            for (int i = 0; i < Groups / 2; i++)
            {
                value.AddTokens<TFragments>(TFragments.Results(scores[2 * i], scores[(2 * i) + 1]), i, output);
            }
        }

        topSum = WarpRows.Sum(topSum);
        bottomSum = WarpRows.Sum(bottomSum);
        if (query < _shape.Queries)
        {
            WarpRows.StoreTop<THead>(_o, top, _shape.HeadSize, _whole, thread, output, 1f / topSum);
            StoreLogSum(pair, query, thread, (topMax * scale) + FloatMath.Log(new DeviceF32(topSum)).Value);
        }

        if (query + 8 < _shape.Queries)
        {
            WarpRows.StoreBottom<THead>(_o, bottom, _shape.HeadSize, _whole, thread, output, 1f / bottomSum);
            StoreLogSum(pair, query + 8, thread, (bottomMax * scale) + FloatMath.Log(new DeviceF32(bottomSum)).Value);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Shrink(Float4[] output, float top, float bottom)
    {
        for (int i = 0; i < THead.Size / 8; i++)
        {
            output[i] = new Float4 { X = top * output[i].X, Y = top * output[i].Y, Z = bottom * output[i].Z, W = bottom * output[i].W };
        }
    }

    // Products with the keys of a tile; in the last one, -∞ for those that do not exist.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Score(WarpTile<THead> key, LeftPiece[] own, Float4[] scores, int first, int thread)
    {
        for (int i = 0; i < Groups; i++)
        {
            scores[i] = key.AddLines<TFragments>(own, i, default);
        }

        if (first + TokenTiles<THead, WarpOrder>.Tokens > _shape.Keys)
        {
            for (int i = 0; i < Groups; i++)
            {
                scores[i] = WarpRows.KeepBefore(first + (8 * i) + (2 * (thread & 3)), _shape.Keys, scores[i]);
            }
        }
    }

    // One of the four lanes of a row does it.
    private void StoreLogSum(int pair, int query, int thread, float value)
    {
        if ((thread & 3) == 0)
        {
            _lse.View[(pair * _shape.Queries) + query] = value;
        }
    }
}
