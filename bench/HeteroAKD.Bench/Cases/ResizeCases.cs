using HeteroAKD.Bench.Machine;
using HeteroAKD.Bench.Peers;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Ops;
using TorchSharp;
using F = TorchSharp.torch.nn.functional;

namespace HeteroAKD.Bench.Cases;

/// <summary>Bilinear or nearest resize.</summary>
internal sealed record InterpolateCase(Shape Shape, int Height, int Width, bool AlignCorners = false, bool Nearest = false)
    : OpCase("interpolate", $"{Text.Of(Shape)} -> {Height}x{Width}{(AlignCorners ? " align_corners" : "")}{(Nearest ? " nearest" : "")}")
{
    private const int FlopsPerElement = 14;

    /// <summary>The rows.</summary>
    public static IReadOnlyList<InterpolateCase> Rows { get; } =
    [
        new(new Shape(16, 12, 4, 4), 12, 16),
        new(new Shape(16, 48, 6, 8), 12, 16),
        new(new Shape(2, 256, 8, 8), 64, 64),
        new(new Shape(2, 256, 32, 32), 64, 64),
        new(new Shape(2, 128, 1, 1), 32, 32, AlignCorners: true),
        new(new Shape(4, 19, 64, 64), 512, 512),
        new(new Shape(2, 256, 32, 32), 64, 64, Nearest: true),
        new(new Shape(4, 19, 512, 512), 64, 64, Nearest: true),
    ];

    private double OutputElements => (double)Shape[0] * Shape[1] * Height * Width;

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs => [new("input", Shape)];

    /// <summary>Backward needs no input.</summary>
    public override Work Work => Work.Elements(FlopsPerElement * OutputElements, MovedElements(OutputElements) - Shape.Count);

    /// <inheritdoc/>
    public override Tensor Ours(ReadOnlySpan<Tensor> x) => Nearest
        ? Functional.Interpolate(x[0], Height, Width, InterpolateMode.Nearest)
        : Functional.Interpolate(x[0], Height, Width, AlignCorners);

    /// <inheritdoc/>
    public override torch.Tensor Theirs(ReadOnlySpan<torch.Tensor> x) => Nearest
        ? F.interpolate(x[0], size: [Height, Width], mode: torch.InterpolationMode.Nearest)
        : F.interpolate(x[0], size: [Height, Width], mode: torch.InterpolationMode.Bilinear, align_corners: AlignCorners);
}
