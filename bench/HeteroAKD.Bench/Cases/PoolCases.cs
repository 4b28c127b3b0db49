using HeteroAKD.Bench.Machine;
using HeteroAKD.Bench.Peers;
using HeteroAKD.Tensors;
using TorchSharp;
using F = TorchSharp.torch.nn.functional;

namespace HeteroAKD.Bench.Cases;

/// <summary>Pooling.</summary>
/// <param name="Operation">PyTorch's name and window.</param>
/// <param name="Shape">Sizes of the input.</param>
/// <param name="OutputPixels">Pixels of an output plane.</param>
internal sealed record PoolCase(string Operation, Shape Shape, int OutputPixels) : OpCase("pool", $"{Operation} {Text.Of(Shape)}")
{
    /// <summary>The rows.</summary>
    public static IReadOnlyList<PoolCase> Rows { get; } =
    [
        new("max 3x3 s2", new Shape(2, 128, 128, 128), 64 * 64)
        {
            Our = x => Functional.MaxPool2d(x[0], 3, 2, 1),
            Their = x => F.max_pool2d(x[0], 3, stride: 2, padding: 1),
        },
        new("average 2x2", new Shape(16, 48, 24, 32), 12 * 16) { Our = x => Functional.AvgPool2d(x[0], 2, 2), Their = x => F.avg_pool2d(x[0], 2) },
        Adaptive(new Shape(16, 48, 12, 16), 1),
        Adaptive(new Shape(16, 48, 12, 16), 2),
        Adaptive(new Shape(16, 48, 12, 16), 4),
        Adaptive(new Shape(2, 512, 32, 32), 1),
    ];

    /// <summary>Our function.</summary>
    public required OurFunction Our { get; init; }

    /// <summary>libtorch's function.</summary>
    public required TheirFunction Their { get; init; }

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs => [new("input", Shape)];

    /// <inheritdoc/>
    public override Work Work => Work.Elements(2.0 * Shape.Count, MovedElements((double)Shape[0] * Shape[1] * OutputPixels));

    /// <inheritdoc/>
    public override Tensor Ours(ReadOnlySpan<Tensor> x) => Our(x);

    /// <inheritdoc/>
    public override torch.Tensor Theirs(ReadOnlySpan<torch.Tensor> x) => Their(x);

    private static PoolCase Adaptive(Shape shape, int bins) => new($"adaptive {bins}x{bins}", shape, bins * bins)
    {
        Our = x => Functional.AdaptiveAvgPool2d(x[0], bins, bins),
        Their = x => F.adaptive_avg_pool2d(x[0], [bins, bins]),
    };
}
