using HeteroAKD.Bench.Libtorch;
using HeteroAKD.Bench.Machine;
using HeteroAKD.Bench.Peers;
using HeteroAKD.Kernels.Losses;
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
        [
            new("input", new Shape(Images, Classes, Height, Width)) { Scale = 2 },
            new("teacher", new Shape(Images, Classes, Height, Width)) { Scale = 2, Gradient = false }
        ];

    /// <inheritdoc/>
    public override Work Work => Work.Elements((double)FlopsPerElement * Images * Classes * Height * Width, 3.0 * Images * Classes * Height * Width);

    /// <inheritdoc/>
    public override Tensor Ours(ReadOnlySpan<Tensor> x) => Losses.Kd.Apply(new KdAttributes(Tau: 1), x[0], x[1]);

    /// <inheritdoc/>
    public override torch.Tensor Theirs(ReadOnlySpan<torch.Tensor> x) => DistillationLosses.PixelKl(x[0], x[1]);
}

/// <summary>Plain distillation with options: pixels chosen by the label, a target made from it, or a weight for each pixel.</summary>
/// <param name="Option">The options, for the name.</param>
/// <param name="Attributes">The options.</param>
/// <param name="Images">N.</param>
/// <param name="Classes">C.</param>
/// <param name="Height">Rows of logits and labels.</param>
/// <param name="Width">Columns of logits and labels.</param>
internal sealed record TargetedKlCase(string Option, KdAttributes Attributes, int Images, int Classes, int Height, int Width)
    : OpCase("pixel kl, options", $"{Option}, {Images}x{Classes}x{Height}x{Width}")
{
    // An exponential more for each network: reliabilities of a mixture, confidence.
    private const int FlopsPerElement = (4 * Work.Transcendental) + 20;

    // Not the choice by a window: with random labels and so many classes no pixel would be left.
    private static readonly (string Name, KdAttributes Attributes)[] s_options =
    [
        ("teacher right", new KdAttributes(IgnoreIndex: CaseInput.IgnoreIndex, Where: DistilledPixels.TeacherRight)),
        ("mixed", new KdAttributes(IgnoreIndex: CaseInput.IgnoreIndex, TargetLogits: TargetLogits.Mixed)),
        ("corrected, confidence",
         new KdAttributes(IgnoreIndex: CaseInput.IgnoreIndex, PixelWeight: PixelWeighting.Confidence, TargetLogits: TargetLogits.Corrected)),
    ];

    /// <summary>The rows.</summary>
    public static IReadOnlyList<TargetedKlCase> Rows { get; } =
        [.. s_options.SelectMany(o => new TargetedKlCase[] { new(o.Name, o.Attributes, 4, 19, 128, 128), new(o.Name, o.Attributes, 16, 11, 12, 16) })];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs =>
    [
        new("input", new Shape(Images, Classes, Height, Width)) { Scale = 2 },
        new("teacher", new Shape(Images, Classes, Height, Width)) { Scale = 2, Gradient = false },
        CaseInput.Labels(new Shape(Images, Height, Width), Classes),
    ];

    /// <inheritdoc/>
    public override Work Work => Work.Elements((double)FlopsPerElement * Images * Classes * Height * Width, Images * ((3.0 * Classes) + 1) * Height * Width);

    /// <inheritdoc/>
    public override Tensor Ours(ReadOnlySpan<Tensor> x) => Losses.Kd.Apply(Attributes, x[0], x[1], x[2]);

    /// <inheritdoc/>
    public override torch.Tensor Theirs(ReadOnlySpan<torch.Tensor> x) => DistillationLosses.TargetedKl(x[0], x[1], x[2], Attributes);
}
