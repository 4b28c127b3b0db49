using HeteroAKD.Bench.Machine;
using HeteroAKD.Bench.Peers;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Ops;
using TorchSharp;

namespace HeteroAKD.Bench.Cases;

/// <summary>Softmax over classes (dimension 1) or over the last dimension.</summary>
internal sealed record SoftmaxCase(Shape Shape, int Dim) : OpCase("softmax", $"{Text.Of(Shape)} over dim {Dim}")
{
    private const int FlopsPerElement = Work.Transcendental + 10;

    /// <summary>The rows.</summary>
    public static IReadOnlyList<SoftmaxCase> Rows { get; } =
    [
        new(new Shape(4, 19, 128, 128), 1) { Goal = 1.2 },
        new(new Shape(2, 150, 64, 64), 1) { Goal = 1.2 },
        new(new Shape(16, 768, 48), -1) { Goal = 1.2 },
        new(new Shape(8, 1024, 1024), -1) { Goal = 1.2 },
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs => [new("input", Shape) { Scale = 2 }];

    /// <summary>Backward reads output and upstream gradient, not the input.</summary>
    public override Work Work => Work.Elements((double)FlopsPerElement * Shape.Count, 5.0 * Shape.Count);

    /// <inheritdoc/>
    public override Tensor Ours(ReadOnlySpan<Tensor> x) => Softmax.Row.Apply(new SoftmaxAttributes(Dim), x[0]);

    /// <inheritdoc/>
    public override torch.Tensor Theirs(ReadOnlySpan<torch.Tensor> x) => x[0].softmax(Dim);
}
