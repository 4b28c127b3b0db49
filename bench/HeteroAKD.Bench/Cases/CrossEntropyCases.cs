using HeteroAKD.Bench.Libtorch;
using HeteroAKD.Bench.Machine;
using HeteroAKD.Bench.Peers;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Ops;
using TorchSharp;

namespace HeteroAKD.Bench.Cases;

/// <summary>Cross-entropy at label resolution; ours samples the logits inside the kernel.</summary>
internal sealed record CrossEntropyCase(int Images, int Classes, int Height, int Width, int LabelHeight, int LabelWidth)
    : OpCase("cross-entropy", $"{Images}x{Classes}x{Height}x{Width}, labels {LabelHeight}x{LabelWidth}")
{
    // One exponential; sampling forward and collecting its gradient.
    private const int FlopsPerElement = Work.Transcendental + 20;

    /// <summary>The rows.</summary>
    public static IReadOnlyList<CrossEntropyCase> Rows { get; } =
    [
        new(16, 11, 12, 16, 96, 128) { Goal = 4 },
        new(4, 19, 64, 64, 512, 512) { Goal = 4 },
        new(2, 19, 32, 32, 256, 256) { Goal = 4 },
        new(2, 150, 64, 64, 512, 512) { Goal = 4 },
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs =>
        [new("input", new Shape(Images, Classes, Height, Width)) { Scale = 2 }, CaseInput.Labels(new Shape(Images, LabelHeight, LabelWidth), Classes)];

    /// <inheritdoc/>
    public override Work Work => Work.Elements(
        (double)FlopsPerElement * Images * Classes * LabelHeight * LabelWidth, Images * (
            (2.0 * Classes * Height * Width) + ((double)LabelHeight * LabelWidth)));

    /// <inheritdoc/>
    public override Tensor Ours(ReadOnlySpan<Tensor> x) => Losses.CrossEntropy.Apply(new CrossEntropyAttributes(CaseInput.IgnoreIndex), x[0], x[1]);

    /// <inheritdoc/>
    public override torch.Tensor Theirs(ReadOnlySpan<torch.Tensor> x) => DistillationLosses.CrossEntropy(x[0], x[1], CaseInput.IgnoreIndex);
}
