using HeteroAKD.Kernels.Attention;
using HeteroAKD.Kernels.Attention.Device;
using HeteroAKD.Kernels.Gemm;

namespace HeteroAKD.Tensors.Ops;

/// <summary>
/// Attention on accelerators: on tensor cores where the device rounds factors, else a query or key a thread in floats. The host has
/// <see cref="HostAttention"/>. Heads of more than 64 columns go the slow way of the row kernels, in floats.
/// </summary>
internal static class DeviceAttention
{
    private const int MostColumns = 64;

    /// <summary>Whether a shape can be computed.</summary>
    public static bool Serves(in AttentionShape s) => s.HeadSize <= MostColumns || s.FitsRowKernels;

    /// <summary>Output and log-sum-exp.</summary>
    public static void Forward(Device device, in AttentionShape s, Tensor q, Tensor kv, Tensor o, Tensor lse)
    {
        if (s.HeadSize <= 32)
        {
            Forward<Head32>(device, s, q, kv, o, lse);
        }
        else if (s.HeadSize <= MostColumns)
        {
            Forward<Head64>(device, s, q, kv, o, lse);
        }
        else
        {
            device.Rows(new AttentionForwardKernel(q.Mem, kv.Mem, o.Mem, lse.Mem, s), s.Pairs * s.Queries, s.Keys, 4 * s.Keys * s.HeadSize, DType.Float32);
        }
    }

    /// <summary>Both gradients.</summary>
    public static void Backward(Device device, in AttentionShape s, Tensor q, Tensor kv, Tensor o, Tensor lse, Tensor dO, Tensor dq, Tensor dkv)
    {
        using Tensor delta = Tensor.Empty(device, lse.Shape);
        if (s.HeadSize <= 32)
        {
            Backward<Head32>(device, s, q, kv, o, lse, dO, delta, dq, dkv);
        }
        else if (s.HeadSize <= MostColumns)
        {
            Backward<Head64>(device, s, q, kv, o, lse, dO, delta, dq, dkv);
        }
        else
        {
            int rows = s.Pairs * s.Queries;
            device.Rows(new AttentionDeltaKernel(o.Mem, dO.Mem, delta.Mem, s), rows, s.HeadSize, 2 * s.HeadSize, DType.Float32);
            device.Rows(
                new AttentionQueryGradientKernel(q.Mem, kv.Mem, lse.Mem, delta.Mem, dO.Mem, dq.Mem, s), rows, s.Keys, 6 * s.Keys * s.HeadSize, DType.Float32);
            device.Rows(
                new AttentionKeyValueGradientKernel(
                    q.Mem, kv.Mem, lse.Mem, delta.Mem, dO.Mem, dkv.Mem, s), s.Pairs * s.Keys, s.Queries, 8 * s.Queries * s.HeadSize, DType.Float32);
        }
    }

    private static void Forward<THead>(Device device, in AttentionShape s, Tensor q, Tensor kv, Tensor o, Tensor lse)
        where THead : struct, IHeadSize
    {
        switch (device.MatrixPrecision)
        {
            case MatrixPrecision.Tf32:
                WarpForward<THead, Tf32Fragments>(device, s, q, kv, o, lse);
                break;
            case MatrixPrecision.Bf16:
                WarpForward<THead, Bf16Fragments>(device, s, q, kv, o, lse);
                break;
            default:
                FlashForwardKernel<THead> kernel = new(q.Mem, kv.Mem, o.Mem, lse.Mem, s);
                device.Block(kernel, kernel.Blocks, FlashForwardKernel<THead>.Threads, sizeof(float) * TokenTiles<THead, PlainOrder>.SharedLength);
                break;
        }
    }

    private static void WarpForward<THead, TFragments>(Device device, in AttentionShape s, Tensor q, Tensor kv, Tensor o, Tensor lse)
        where THead : struct, IHeadSize
        where TFragments : struct, IFragments
    {
        WarpFlashForwardKernel<THead, TFragments> kernel = new(q.Mem, kv.Mem, o.Mem, lse.Mem, s);
        device.Block(kernel, kernel.Blocks, WarpRows.Threads, sizeof(float) * TokenTiles<THead, WarpOrder>.SharedLength);
    }

    private static void Backward<THead>(
        Device device, in AttentionShape s, Tensor q, Tensor kv, Tensor o, Tensor lse, Tensor dO, Tensor delta, Tensor dq, Tensor dkv)
        where THead : struct, IHeadSize
    {
        QueryPieces pieces = QueryPieces.Of(s);
        int rows = s.Batch * s.Keys;
        int columns = 2 * s.Channels;
        using Tensor? sums = pieces.Count > 1 ? Tensor.Empty(device, new Shape(pieces.Count, rows, columns)) : null;
        Tensor target = sums ?? dkv;
        switch (device.MatrixPrecision)
        {
            case MatrixPrecision.Tf32:
                WarpBackward<THead, Tf32Fragments>(device, s, q, kv, o, lse, dO, delta, dq, target, pieces);
                break;
            case MatrixPrecision.Bf16:
                WarpBackward<THead, Bf16Fragments>(device, s, q, kv, o, lse, dO, delta, dq, target, pieces);
                break;
            default:
                ThreadBackward<THead>(device, s, q, kv, o, lse, dO, delta, dq, target, pieces);
                break;
        }

        if (sums is not null)
        {
            GemmArguments sum = new() { M = rows, N = columns, C = GemmMatrix.RowMajor(dkv.Mem, columns) };
            device.Pixel(new PieceSumKernel(sums.Mem, pieces.Count, sum), rows, columns, pieces.Count, DType.Float32);
        }
    }

    private static void ThreadBackward<THead>(
        Device device, in AttentionShape s, Tensor q, Tensor kv, Tensor o, Tensor lse, Tensor dO, Tensor delta, Tensor dq, Tensor dkv, QueryPieces pieces)
        where THead : struct, IHeadSize
    {
        int sharedBytes = sizeof(float) * TokenTiles<THead, PlainOrder>.SharedLength;
        FlashQueryGradientKernel<THead> forQueries = new(q.Mem, kv.Mem, o.Mem, lse.Mem, dO.Mem, delta.Mem, dq.Mem, s);
        device.Block(forQueries, forQueries.Blocks, FlashQueryGradientKernel<THead>.Threads, sharedBytes);
        FlashKeyValueGradientKernel<THead> forKeys = new(q.Mem, kv.Mem, lse.Mem, delta.Mem, dO.Mem, dkv.Mem, pieces, s);
        device.Block(forKeys, forKeys.Blocks, FlashKeyValueGradientKernel<THead>.Threads, sharedBytes);
    }

    private static void WarpBackward<THead, TFragments>(
        Device device, in AttentionShape s, Tensor q, Tensor kv, Tensor o, Tensor lse, Tensor dO, Tensor delta, Tensor dq, Tensor dkv, QueryPieces pieces)
        where THead : struct, IHeadSize
        where TFragments : struct, IFragments
    {
        WarpFlashQueryGradientKernel<THead, TFragments> forQueries = new(q.Mem, kv.Mem, o.Mem, lse.Mem, dO.Mem, delta.Mem, dq.Mem, s);
        device.Block(forQueries, forQueries.Blocks, WarpRows.Threads, sizeof(float) * TokenTiles<THead, WarpOrder>.SharedLength);
        WarpFlashKeyValueGradientKernel<THead, TFragments> forKeys = new(q.Mem, kv.Mem, lse.Mem, delta.Mem, dO.Mem, dkv.Mem, pieces, s);
        device.Block(forKeys, forKeys.Blocks, WarpRows.Threads, sizeof(float) * WarpFlashKeyValueGradientKernel<THead, TFragments>.SharedLength);
    }
}
