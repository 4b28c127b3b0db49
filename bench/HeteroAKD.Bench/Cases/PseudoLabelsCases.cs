using HeteroAKD.Bench.Machine;
using HeteroAKD.Bench.Peers;
using HeteroAKD.Tensors;
using TorchSharp;
using F = TorchSharp.torch.nn.functional;

namespace HeteroAKD.Bench.Cases;

/// <summary>Labels from a teacher that is sure. The ignored labels stand for unlabelled pixels: few, but among the neighbours of most others.</summary>
/// <param name="Images">N.</param>
/// <param name="Classes">C.</param>
/// <param name="Height">Rows of the labels; logits have an eighth.</param>
/// <param name="Width">Columns of the labels; logits have an eighth.</param>
internal sealed record PseudoLabelsCase(int Images, int Classes, int Height, int Width) : OpCase(
    "pseudo labels", $"{Images}x{Classes}, {Height / Stride}x{Width / Stride} -> {Height}x{Width}")
{
    private const int Stride = 8;
    private const float Threshold = 0.5f;

    // Sampled twice, compared, an exponential.
    private const int FlopsPerElement = (2 * 14) + 2 + Work.Transcendental;

    /// <summary>The rows.</summary>
    public static IReadOnlyList<PseudoLabelsCase> Rows { get; } = [new(4, 19, 256, 256), new(16, 11, 96, 128)];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs =>
    [
        new("input", new Shape(Images, Classes, Height / Stride, Width / Stride)) { Scale = 4, Gradient = false },
        CaseInput.Labels(new Shape(Images, Height, Width), Classes),
    ];

    /// <inheritdoc/>
    public override Work Work =>
        Work.Elements((double)FlopsPerElement * Images * Classes * Height * Width, Images * (((double)Classes / (Stride * Stride)) + 2) * Height * Width);

    /// <inheritdoc/>
    public override Tensor Ours(ReadOnlySpan<Tensor> x) => Functional.PseudoLabels(x[0], x[1], Threshold, CaseInput.IgnoreIndex);

    /// <inheritdoc/>
    public override torch.Tensor Theirs(ReadOnlySpan<torch.Tensor> x)
    {
        torch.Tensor logits = F.interpolate(x[0], size: [Height, Width], mode: torch.InterpolationMode.Bilinear, align_corners: false);
        (torch.Tensor probability, torch.Tensor place) = logits.softmax(1).max(1);
        return torch.where(x[1].eq(CaseInput.IgnoreIndex).logical_and(probability.ge(Threshold)), place, x[1]);
    }
}
