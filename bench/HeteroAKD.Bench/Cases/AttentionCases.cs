using HeteroAKD.Bench.Libtorch;
using HeteroAKD.Bench.Machine;
using HeteroAKD.Bench.Peers;
using HeteroAKD.Tensors;
using TorchSharp;

namespace HeteroAKD.Bench.Cases;

/// <summary>Attention on SegFormer's layout against libtorch's fused kernel or against products and a softmax, as SegFormer's code has it.</summary>
/// <param name="Batch">Images.</param>
/// <param name="Queries">N.</param>
/// <param name="Keys">M.</param>
/// <param name="Heads">Heads.</param>
/// <param name="HeadChannels">d.</param>
/// <param name="Composed">Whether the peer is the composed form.</param>
internal sealed record AttentionCase(int Batch, int Queries, int Keys, int Heads, int HeadChannels, bool Composed = false)
    : OpCase("attention", $"b{Batch} N={Queries} M={Keys} h{Heads} d={HeadChannels}, {(Composed ? "composed" : "fused")} peer")
{
    /// <summary>The rows: long rows, the stages of SegFormer-B0 at 2x3x256x256, and of the tiny transformer at 16x3x96x128.</summary>
    public static IReadOnlyList<AttentionCase> Rows { get; } =
    [
        .. Both(1, 1024, 1024, 2, 32),
        .. Both(1, 1024, 1024, 2, 64),
        .. Both(1, 4096, 4096, 1, 32),
        .. Both(1, 4096, 4096, 1, 64),
        .. Both(2, 4096, 64, 1, 32),
        .. Both(2, 1024, 64, 2, 32),
        .. Both(2, 256, 64, 5, 32),
        .. Both(2, 64, 64, 8, 32),
        .. Both(16, 768, 48, 1, 24),
        .. Both(16, 192, 48, 2, 24),
        .. Both(16, 48, 48, 3, 32),
    ];

    private int Channels => Heads * HeadChannels;

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs =>
        [new("query", new Shape(Batch, Queries, Channels)), new("key_value", new Shape(Batch, Keys, 2 * Channels))];

    /// <summary>Two products and an exponential forward; five products and, since scores are not kept, the exponential again backward.</summary>
    public override Work Work => Work.Elements(
        (double)Batch * Heads * Queries * Keys * ((7 * 2 * HeadChannels) + (2 * Work.Transcendental)), MovedElements((double)Batch * Queries * Channels));

    /// <inheritdoc/>
    public override Tensor Ours(ReadOnlySpan<Tensor> x) => Functional.Attention(x[0], x[1], Heads);

    /// <inheritdoc/>
    public override torch.Tensor Theirs(ReadOnlySpan<torch.Tensor> x) =>
        Composed ? AttentionOps.Composed(x[0], x[1], Heads) : AttentionOps.ScaledDotProduct(x[0], x[1], Heads);

    private static IEnumerable<AttentionCase> Both(int batch, int queries, int keys, int heads, int headChannels) =>
        [new(batch, queries, keys, heads, headChannels) { Goal = 1.2 }, new(batch, queries, keys, heads, headChannels, Composed: true)];
}
