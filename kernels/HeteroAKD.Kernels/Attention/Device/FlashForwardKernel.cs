using HeteroAKD.Kernels.Intrinsics;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Tiles;
using ILGPU;

namespace HeteroAKD.Kernels.Attention.Device;

/// <summary>
/// Attention on a device in floats: a thread has a query and its output in registers, its block brings keys and values to shared memory tile by tile, and
/// the softmax goes on from tile to tile with the largest score so far (Dao et al., "FlashAttention", 2022). Specification:
/// <see cref="AttentionForwardKernel.Reference"/>. Launch <see cref="Blocks"/> blocks of <see cref="Threads"/> threads.
/// </summary>
public readonly struct FlashForwardKernel<THead>(
    Mem q, // [B, N, C]
    Mem kv, // [B, M, 2C]
    Mem o, // [B, N, C] overwritten
    Mem lse, // [B, heads, N] overwritten
    AttentionShape shape) : IDeviceKernel, IUnrolledKernel
    where THead : struct, IHeadSize
{
    /// <summary>Threads of a block, each with a query.</summary>
    public const int Threads = 128;

    private readonly Mem _q = q;
    private readonly Mem _kv = kv;
    private readonly Mem _o = o;
    private readonly Mem _lse = lse;
    private readonly AttentionShape _shape = shape;
    private readonly int _whole = Alignment.IsWhole(q, shape.HeadSize, 0, 0) & Alignment.IsWhole(kv, 0, 0, 0) & Alignment.IsWhole(o, 0, 0, 0);

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

        // Threads without a query go along with the last one's, for the barriers.
        int row = Math.Min(query, _shape.Queries - 1);
        int start = _shape.QueryStart(pair) + (row * _shape.Channels);
        int quads = THead.Size / 4;
        Float4[] own = new Float4[THead.Size / 4];
        HeadRow.Load(_q, start, _shape.HeadSize, _whole, own, quads);
        Float4[] output = new Float4[THead.Size / 4];
        for (int i = 0; i < quads; i++)
        {
            output[i] = default;
        }

        float scale = _shape.Scale<DeviceF32>().Value;
        float max = float.NegativeInfinity;
        float sum = 0f;
        for (int first = 0; first < _shape.Keys; first += TokenTiles<THead, PlainOrder>.Tokens)
        {
            keys.Advance(first, thread, Threads);
            int count = Math.Min(TokenTiles<THead, PlainOrder>.Tokens, _shape.Keys - first);
            for (int j = 0; j < count; j += TokenTiles<THead, PlainOrder>.Group)
            {
                float[] scores = new float[TokenTiles<THead, PlainOrder>.Group];
                float larger = max;
                for (int k = 0; k < TokenTiles<THead, PlainOrder>.Group; k++)
                {
                    Float4 dot = default;
                    for (int i = 0; i < quads; i++)
                    {
                        dot = HeadRow.Multiply(own[i], keys.First(first, j + k, i), dot);
                    }

                    scores[k] = j + k < count ? HeadRow.Sum(dot) * scale : float.NegativeInfinity;
                    larger = DeviceF32.Max(new(larger), new(scores[k])).Value;
                }

                float shrink = HeadRow.Exp(max - larger);
                max = larger;
                sum *= shrink;
                for (int i = 0; i < quads; i++)
                {
                    output[i] = HeadRow.Scale(shrink, output[i], default);
                }

                for (int k = 0; k < TokenTiles<THead, PlainOrder>.Group; k++)
                {
                    float weight = HeadRow.Exp(scores[k] - larger);
                    sum += weight;
                    for (int i = 0; i < quads; i++)
                    {
                        output[i] = HeadRow.Scale(weight, keys.Second(first, j + k, i), output[i]);
                    }
                }
            }
        }

        if (query < _shape.Queries)
        {
            HeadRow.Store(_o, start, _shape.HeadSize, _whole, output, quads, 1f / sum);
            _lse.View[(pair * _shape.Queries) + query] = max + FloatMath.Log(new DeviceF32(sum)).Value;
        }
    }
}
