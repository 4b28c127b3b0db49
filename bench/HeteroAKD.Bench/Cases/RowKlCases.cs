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
