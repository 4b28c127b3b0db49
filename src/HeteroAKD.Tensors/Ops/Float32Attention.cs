using HeteroAKD.Kernels.Attention;

namespace HeteroAKD.Tensors.Ops;

/// <summary>
/// Attention of bfloat16 tensors by kernels that read and write floats only: temporary copies of float32 around them. float32 tensors go straight through.
/// </summary>
internal static class Float32Attention
{
    /// <summary>As <see cref="DeviceAttention.Forward(Device, in AttentionShape, Tensor, Tensor, Tensor, Tensor)"/>.</summary>
    public static void Forward(Device device, in AttentionShape s, Tensor q, Tensor kv, Tensor o, Tensor lse)
    {
        if (q.DType != DType.BFloat16)
        {
            DeviceAttention.Forward(device, s, q, kv, o, lse);
            return;
        }

        using Tensor wideQ = Widened(q);
        using Tensor wideKv = Widened(kv);
        using Tensor wideO = Tensor.Empty(device, o.Shape);
        DeviceAttention.Forward(device, s, wideQ, wideKv, wideO, lse);
        Copy.Run(wideO, o);
    }

    /// <summary>As <see cref="DeviceAttention.Backward(Device, in AttentionShape, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor)"/>.</summary>
    public static void Backward(Device device, in AttentionShape s, Tensor q, Tensor kv, Tensor o, Tensor lse, Tensor dO, Tensor dq, Tensor dkv)
    {
        if (q.DType != DType.BFloat16)
        {
            DeviceAttention.Backward(device, s, q, kv, o, lse, dO, dq, dkv);
            return;
        }

        using Tensor wideQ = Widened(q);
        using Tensor wideKv = Widened(kv);
        using Tensor wideO = Widened(o);
        using Tensor wideDo = Widened(dO);
        using Tensor wideDq = Tensor.Empty(device, dq.Shape);
        using Tensor wideDkv = Tensor.Empty(device, dkv.Shape);
        DeviceAttention.Backward(device, s, wideQ, wideKv, wideO, lse, wideDo, wideDq, wideDkv);
        Copy.Run(wideDq, dq);
        Copy.Run(wideDkv, dkv);
    }

    private static Tensor Widened(Tensor narrow)
    {
        Tensor wide = Tensor.Empty(narrow.Device, narrow.Shape);
        Copy.Run(narrow, wide);
        return wide;
    }
}
