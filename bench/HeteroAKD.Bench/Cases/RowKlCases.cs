using HeteroAKD.Bench.Machine;
using HeteroAKD.Bench.Peers;
using HeteroAKD.Tensors;
using TorchSharp;
using F = TorchSharp.torch.nn.functional;

namespace HeteroAKD.Bench.Cases;

/// <summary>The divergence of two softmaxes over rows, and the gradient of the student's: channels of CWD, similarities of CIRKD.</summary>
/// <param name="Loss">Where the rows come from, for the name.</param>
/// <param name="Shape">The last dimension is a row.</param>
/// <param name="Tau">Temperature.</param>
internal sealed record RowKlCase(string Loss, Shape Shape, float Tau) : OpCase("row kl", $"{Loss}, {Text.Of(Shape)}")
{
    // An exponential each for student and teacher, forward and backward.
    private const int FlopsPerElement = (4 * Work.Transcendental) + 12;

    /// <summary>The rows.</summary>
    public static IReadOnlyList<RowKlCase> Rows { get; } =
    [
        new("cwd", new Shape(8, 256, 64 * 64), 4) { Goal = 2 },
        new("crossImage", new Shape(16 * 192 * 16, 192), 0.1f) { Goal = 2 },
        new("memoryBank", new Shape(16 * 192, 4096), 0.1f) { Goal = 2 },
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs => [new("input", Shape), new("target", Shape) { Gradient = false }];

    /// <summary>Both inputs are read forward and backward, and the gradient is written.</summary>
    public override Work Work => Work.Elements((double)FlopsPerElement * Shape.Count, 5.0 * Shape.Count);

    /// <inheritdoc/>
    public override Tensor Ours(ReadOnlySpan<Tensor> x) => Functional.SoftmaxKl(x[0], x[1], Tau);

    /// <inheritdoc/>
    public override torch.Tensor Theirs(ReadOnlySpan<torch.Tensor> x) =>
        F.kl_div(F.log_softmax(x[0] / Tau, -1), F.log_softmax(x[1] / Tau, -1), log_target: true, torch.nn.Reduction.None).sum(-1);
}

/// <summary>City-block distances of all pairs, as Af-DCD contrasts the channel groups of a patch.</summary>
/// <param name="Batch">Patches of a batch.</param>
/// <param name="Vectors">Vectors of a patch in either network.</param>
/// <param name="Width">Channels of a group.</param>
internal sealed record CdistCase(int Batch, int Vectors, int Width) : OpCase("cdist", $"{Batch}x{Vectors}x{Vectors}, width {Width}")
{
    /// <summary>The rows.</summary>
    public static IReadOnlyList<CdistCase> Rows { get; } = [new(128, 256, 32) { Goal = 2 }, new(96, 64, 12) { Goal = 2 }];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs => [new("x1", new Shape(Batch, Vectors, Width)), new("x2", new Shape(Batch, Vectors, Width)) { Gradient = false }];

    /// <summary>A difference, an absolute value and a sum; a comparison or two and a sum backward.</summary>
    public override Work Work => Work.Elements(6.0 * Batch * Vectors * Vectors * Width, 2.0 * Batch * Vectors * (Vectors + (2 * Width)));

    /// <inheritdoc/>
    public override Tensor Ours(ReadOnlySpan<Tensor> x) => Functional.Cdist(x[0], x[1]);

    /// <inheritdoc/>
    public override torch.Tensor Theirs(ReadOnlySpan<torch.Tensor> x) => torch.cdist(x[0], x[1], p: 1);
}
