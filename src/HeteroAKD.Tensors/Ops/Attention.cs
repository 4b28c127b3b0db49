using HeteroAKD.Kernels.Attention;
using HeteroAKD.Kernels.Layout;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Tensors.Ops;

/// <summary>Attributes of attention.</summary>
/// <param name="Heads">Heads that the channels are divided into.</param>
public readonly record struct AttentionAttributes(int Heads = 1)
{
    /// <summary>The defaults; without it <c>new()</c> would zero every field.</summary>
    public AttentionAttributes()
        : this(Heads: 1)
    {
    }
}

/// <summary>Multi-head attention of SegFormer's kind: keys and values may be fewer than queries. Scores are never stored.</summary>
public static class Attention
{
    /// <summary>The row of the table. Kept: 0 log-sum-exp [B, heads, N].</summary>
    public static readonly OpRow<AttentionAttributes> Row = new(
        "attention",
        "softmax(q kᵀ / sqrt(C/heads)) v per head; torch.nn.functional.scaled_dot_product_attention on split heads",
        [new("query", "[B, N, C]"), new("key_value", "[B, M, 2C], keys then values")],
        shape: n =>
        {
            Check(n);
            return n[0].Shape;
        },
        Forward,
        Gradient,
        "logsumexp")
    {
        WhenEmpty = n => n.Keep(0, Tensor.Full(n.Device, new Shape(n[0].Shape[0], n.Attributes.Heads, n[0].Shape[1]), float.NaN, n.SumType)),
    };

    private static void Forward(OpNode<AttentionAttributes> n)
    {
        AttentionShape s = ShapeOf(n);
        Tensor lse = n.Keep(0, n.New(new Shape(s.Batch, s.Heads, s.Queries)));
        if (n.Device is HostDevice host)
        {
            HostAttention.Forward(host.Pool, s, n[0].Mem, n[1].Mem, n.Output.Mem, lse.Mem, HostDevice.Precision(n.DType));
        }
        else
        {
            Float32Attention.Forward(n.Device, s, n[0], n[1], n.Output, lse);
        }
    }

    private static void Gradient(OpNode<AttentionAttributes> n, Tensor dy)
    {
        AttentionShape s = ShapeOf(n);
        Tensor lse = n.Extra(0)!;
        Tensor dq = n.NewGradient(0);
        Tensor dkv = n.NewGradient(1);
        if (n.Device is HostDevice host)
        {
            using Tensor delta = n.New(lse.Shape);
            AttentionBackward backward = new()
            {
                Shape = s,
                Q = n[0].Mem,
                Kv = n[1].Mem,
                O = n.Output.Mem,
                Lse = lse.Mem,
                DO = dy.Mem,
                Delta = delta.Mem,
                Dq = dq.Mem,
                Dkv = dkv.Mem,
            };
            HostAttention.Backward(host.Pool, backward, HostDevice.Precision(n.DType));
        }
        else
        {
            Float32Attention.Backward(n.Device, s, n[0], n[1], n.Output, lse, dy, dq, dkv);
        }

        Give(n, 0, s.Keys == 1 ? WithoutScores(n, s, dkv) : dq);
        Give(n, 1, dkv);
    }

    // The softmax of one score is 1: no gradient passes it, where dP - Δ would leave its rounding. Zeroes the keys' half, and returns the queries' gradient.
    private static Tensor WithoutScores(OpNode<AttentionAttributes> n, in AttentionShape s, Tensor dkv)
    {
        Tensor zeros = Tensor.Zeros(n.Device, n[0].Shape, n[0].DType);
        n.Device.Pixel(new BlockCopyKernel(zeros.Mem, dkv.Mem, 0, s.Channels, 0, 2 * s.Channels), s.Batch, s.Channels, 1, n.DType);
        return zeros;
    }

    private static void Give(OpNode<AttentionAttributes> n, int input, Tensor gradient)
    {
        if (n.NeedsGradient(input))
        {
            n.AddGradient(input, gradient);
        }
    }

    private static AttentionShape ShapeOf(OpNode<AttentionAttributes> n) =>
        new(n[0].Shape[0], n.Attributes.Heads, n[0].Shape[1], n[1].Shape[1], n[0].Shape[2]);

    private static void Check(OpNode<AttentionAttributes> n)
    {
        Shape q = n[0].Shape;
        Shape kv = n[1].Shape;
        if (q.Rank != 3 || kv.Rank != 3 || q[0] != kv[0] || kv[2] != 2 * q[2])
        {
            throw new ShapeMismatchException("attention", "key_value", $"{kv} does not fit query {q}; expected [B, M, 2C] for [B, N, C]");
        }

        if (n.Attributes.Heads < 1 || q[2] % n.Attributes.Heads != 0)
        {
            throw new ShapeMismatchException("attention", "query", $"{q} does not divide into {n.Attributes.Heads} heads");
        }

        if (kv[1] < 1 && q.Count > 0)
        {
            throw new ShapeMismatchException("attention", "key_value", $"{kv} has no key to ask");
        }

        if (q.Count > 0 && !n.Device.IsHost && !DeviceAttention.Serves(ShapeOf(n)))
        {
            throw new ShapeMismatchException(
                "attention",
                "query",
                $"{q} and key_value {kv} are too large for heads of {q[2] / n.Attributes.Heads} channels on '{n.Device.Name}': N·C and M·2C must be below "
                    + $"2^24. "
                    + "Take smaller pictures (evaluation.mode=slide cuts them), or --device cpu");
        }
    }
}
