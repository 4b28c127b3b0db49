using HeteroAKD.Bench.Machine;
using HeteroAKD.Bench.Peers;
using HeteroAKD.Tensors;
using TorchSharp;

namespace HeteroAKD.Bench.Cases;

/// <summary>Sum, mean and maximum over dimensions.</summary>
/// <param name="Operation">PyTorch's name.</param>
/// <param name="Shape">Sizes of the input.</param>
/// <param name="Dim">What is reduced.</param>
internal sealed record ReductionCase(string Operation, Shape Shape, int[] Dim) : OpCase(
    "reduction", $"{Operation} {Text.Of(Shape)} over {string.Join(", ", Dim)}")
{
    /// <summary>The rows: channel-wise probabilities reduce planes, logits classes, a mean of terms everything.</summary>
    public static IReadOnlyList<ReductionCase> Rows { get; } =
    [
        new("sum", new Shape(4, 19, 128, 128), [2, 3]),
        new("sum", new Shape(4, 19, 128, 128), [1]),
        new("sum", new Shape(16, 128, 24, 32), [0, 2, 3]),
        new("mean", new Shape(4, 19, 128, 128), [0, 1, 2, 3]),
        new("mean", new Shape(16, 768, 96), [1]),
        new("max", new Shape(4, 19, 128, 128), [2, 3]),
        new("max", new Shape(4, 19, 128, 128), [1]),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs => [new("input", Shape)];

    /// <summary>One operation an element forward; backward writes a gradient and, for a maximum, compares first.</summary>
    public override Work Work => Work.Elements((Operation == "max" ? 3.0 : 1.0) * Shape.Count, (Operation == "max" ? 3.0 : 2.0) * Shape.Count);

    /// <inheritdoc/>
    public override Tensor Ours(ReadOnlySpan<Tensor> x) => Operation switch
    {
        "sum" => Functional.Sum(x[0], Dim),
        "mean" => Functional.Mean(x[0], Dim),
        _ => Functional.Max(x[0], Dim),
    };

    /// <summary>libtorch's; a result without dimensions as [1], which ours is.</summary>
    public override torch.Tensor Theirs(ReadOnlySpan<torch.Tensor> x)
    {
        long[] dim = Array.ConvertAll(Dim, d => (long)d);
        torch.Tensor result = Operation switch { "sum" => x[0].sum(dim), "mean" => x[0].mean(dim), _ => x[0].amax(dim) };
        return Dim.Length == Shape.Rank ? result.reshape(1) : result;
    }
}
