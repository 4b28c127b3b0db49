using HeteroAKD.Bench.Machine;
using HeteroAKD.Bench.Peers;
using HeteroAKD.Tensors;
using TorchSharp;
using F = TorchSharp.torch.nn.functional;

namespace HeteroAKD.Bench.Cases;

/// <summary>An operation on every element by itself.</summary>
/// <param name="Operation">PyTorch's name.</param>
/// <param name="Shape">Sizes of the inputs and the output.</param>
/// <param name="FlopsPerElement">Forward and backward.</param>
internal sealed record ElementwiseCase(string Operation, Shape Shape, int FlopsPerElement) : OpCase("element-wise", $"{Operation} {Text.Of(Shape)}")
{
    private const int GeluFlops = (2 * Work.Transcendental) + 12;
    private const int SiluFlops = (2 * Work.Transcendental) + 8;

    /// <summary>The rows.</summary>
    public static IReadOnlyList<ElementwiseCase> Rows { get; } =
    [
        new("gelu", new Shape(16, 96, 24, 32), GeluFlops) { Goal = 1.2, Our = x => Functional.Gelu(x[0]), Their = x => F.gelu(x[0]) },
        new("gelu", new Shape(2, 128, 64, 64), GeluFlops) { Goal = 1.2, Our = x => Functional.Gelu(x[0]), Their = x => F.gelu(x[0]) },
        new("gelu", new Shape(8, 256, 64, 64), GeluFlops) { Goal = 1.2, Our = x => Functional.Gelu(x[0]), Their = x => F.gelu(x[0]) },
        new("silu", new Shape(2, 128, 64, 64), SiluFlops) { Our = x => Functional.Silu(x[0]), Their = x => F.silu(x[0]) },
        new("hardswish", new Shape(2, 128, 64, 64), 12) { Our = x => Functional.Hardswish(x[0]), Their = x => F.hardswish(x[0]) },
        new("relu", new Shape(2, 128, 64, 64), 2) { Our = x => Functional.Relu(x[0]), Their = x => F.relu(x[0]) },
        new("relu6", new Shape(2, 192, 64, 64), 4) { Our = x => Functional.Relu6(x[0]), Their = x => F.relu6(x[0]) },
        new("sqrt", new Shape(2, 128, 64, 64), 3) { Mean = 10, Our = x => Functional.Sqrt(x[0]), Their = x => x[0].sqrt() },
        new("abs", new Shape(2, 128, 64, 64), 2) { Our = x => Functional.Abs(x[0]), Their = x => x[0].abs() },
        new("square", new Shape(2, 128, 64, 64), 3) { Our = x => Functional.Square(x[0]), Their = x => x[0].square() },
        new("reciprocal", new Shape(2, 128, 64, 64), 3) { Mean = 10, Our = x => Functional.Reciprocal(x[0]), Their = x => x[0].reciprocal() },
        new("1 - 2x", new Shape(2, 128, 64, 64), 3) { Our = x => 1 - (2 * x[0]), Their = x => 1 - (2 * x[0]) },
        new("add", new Shape(16, 768, 24), 1) { Arity = 2, Our = x => Functional.Add(x[0], x[1]), Their = x => x[0] + x[1] },
        new("add", new Shape(2, 4096, 32), 1) { Arity = 2, Our = x => Functional.Add(x[0], x[1]), Their = x => x[0] + x[1] },
        new("mul by a map of one channel", new Shape(2, 128, 64, 64), 4)
        {
            Arity = 2, Other = new Shape(2, 1, 64, 64), Our = x => Functional.Mul(x[0], x[1]), Their = x => x[0] * x[1],
        },
        new("sub a number a plane", new Shape(4, 19, 128, 128), 2)
        {
            Arity = 2, Other = new Shape(4, 19, 1, 1), Our = x => Functional.Sub(x[0], x[1]), Their = x => x[0] - x[1],
        },
    ];

    /// <summary>Inputs: 1 or 2.</summary>
    public int Arity { get; init; } = 1;

    /// <summary>Sizes of the second input where they differ.</summary>
    public Shape? Other { get; init; }

    /// <summary>Mean of the input: far from 0 for functions with a pole or an end there.</summary>
    public double Mean { get; init; }

    /// <summary>Our function.</summary>
    public required OurFunction Our { get; init; }

    /// <summary>libtorch's function.</summary>
    public required TheirFunction Their { get; init; }

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs => Arity == 1 ? [new("input", Shape) { Mean = Mean }] : [new("input", Shape), new("other", Other ?? Shape)];

    /// <inheritdoc/>
    public override Work Work => Work.Elements((double)FlopsPerElement * Shape.Count, MovedElements(Shape.Count));

    /// <inheritdoc/>
    public override Tensor Ours(ReadOnlySpan<Tensor> x) => Our(x);

    /// <inheritdoc/>
    public override torch.Tensor Theirs(ReadOnlySpan<torch.Tensor> x) => Their(x);
}
