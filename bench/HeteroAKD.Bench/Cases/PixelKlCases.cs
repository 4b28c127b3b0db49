using HeteroAKD.Bench.Libtorch;
using HeteroAKD.Bench.Machine;
using HeteroAKD.Bench.Peers;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Ops;
using TorchSharp;

namespace HeteroAKD.Bench.Cases;

/// <summary>Plain distillation: both softmaxes, the divergence, and the gradient of the student's logits.</summary>
internal sealed record PixelKlCase(int Images, int Classes, int Height, int Width) : OpCase("pixel kl", $"{Images}x{Classes}x{Height}x{Width}")
{
    // An exponential each for teacher and student.
    private const int FlopsPerElement = (2 * Work.Transcendental) + 12;

    /// <summary>The rows.</summary>
    public static IReadOnlyList<PixelKlCase> Rows { get; } = [new(4, 19, 128, 128) { Goal = 6 }, new(2, 150, 64, 64) { Goal = 6 }, new(16, 11, 12, 16)];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs =>
        [new("input", new Shape(Images, Classes, Height, Width)) { Scale = 2 }, new("teacher", new Shape(Images, Classes, Height, Width)) { Scale = 2, Gradient = false }];

    /// <inheritdoc/>
    public override Work Work => Work.Elements((double)FlopsPerElement * Images * Classes * Height * Width, 3.0 * Images * Classes * Height * Width);

    /// <inheritdoc/>
    public override Tensor Ours(ReadOnlySpan<Tensor> x) => Losses.Kd.Apply(new KdAttributes(Tau: 1), x[0], x[1]);

    /// <inheritdoc/>
    public override torch.Tensor Theirs(ReadOnlySpan<torch.Tensor> x) => DistillationLosses.PixelKl(x[0], x[1]);
}
