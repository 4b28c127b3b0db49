using TorchSharp;
using F = TorchSharp.torch.nn.functional;

namespace HeteroAKD.Bench.Libtorch;

/// <summary>Attention on the layout of SegFormer's linear layers: query [B, N, C], keys and values side by side [B, M, 2C] → [B, N, C].</summary>
internal static class AttentionOps
{
    /// <summary>libtorch's fused kernel, which keeps no scores.</summary>
    public static torch.Tensor ScaledDotProduct(torch.Tensor query, torch.Tensor keyValue, int heads)
    {
        (torch.Tensor q, torch.Tensor k, torch.Tensor v) = Split(query, keyValue, heads);
        return Merge(F.scaled_dot_product_attention(q, k, v));
    }

    /// <summary>As the published code of SegFormer writes it: products, softmax, product.</summary>
    public static torch.Tensor Composed(torch.Tensor query, torch.Tensor keyValue, int heads)
    {
        (torch.Tensor q, torch.Tensor k, torch.Tensor v) = Split(query, keyValue, heads);
        torch.Tensor scores = q.matmul(k.transpose(-2, -1)) * (1 / Math.Sqrt(q.shape[3]));
        return Merge(scores.softmax(-1).matmul(v));
    }

    // To [B, heads, N, C/heads].
    private static (torch.Tensor Query, torch.Tensor Key, torch.Tensor Value) Split(torch.Tensor query, torch.Tensor keyValue, int heads)
    {
        (long batch, long rows, long channels) = (query.shape[0], query.shape[1], query.shape[2]);
        torch.Tensor q = query.reshape(batch, rows, heads, channels / heads).transpose(1, 2);
        torch.Tensor kv = keyValue.reshape(batch, -1, 2, heads, channels / heads).permute(2, 0, 3, 1, 4);
        return (q, kv[0], kv[1]);
    }

    private static torch.Tensor Merge(torch.Tensor attended) =>
        attended.transpose(1, 2).reshape(attended.shape[0], attended.shape[2], attended.shape[1] * attended.shape[3]);
}
