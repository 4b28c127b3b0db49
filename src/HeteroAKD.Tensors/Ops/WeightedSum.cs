using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Tensors.Ops;

/// <summary>Weights of a sum of two.</summary>
/// <param name="A">Weight of the first input.</param>
/// <param name="B">Weight of the second input.</param>
public readonly record struct WeightedSumAttributes(float A = 1, float B = 1)
{
    /// <summary>The defaults; without it <c>new()</c> would zero every field.</summary>
    public WeightedSumAttributes()
        : this(A: 1)
    {
    }
}

/// <summary>a·x + b·y for tensors of one shape: how the terms of a loss come together.</summary>
public static class WeightedSum
{
    /// <summary>The row of the table.</summary>
    public static readonly OpRow<WeightedSumAttributes> Row = new(
        "weighted_sum",
        "a · input + b · other; torch.add with alpha on both sides",
        [new("input", "any"), new("other", "as input")],
        shape: n => n[0].Shape == n[1].Shape
            ? n[0].Shape
            : throw new ShapeMismatchException("weighted_sum", "other", $"{n[1].Shape} is not the input's shape {n[0].Shape}"),
        forward: n =>
        {
            ScaleShift.Run(n[0], n.Output, n.Attributes.A, 0);
            Accumulate.Run(n[1], n.Output, n.Attributes.B);
        },
        gradient: (n, dy) =>
        {
            Pass(n, 0, n.Attributes.A, dy);
            Pass(n, 1, n.Attributes.B, dy);
        });

    private static void Pass(OpNode<WeightedSumAttributes> n, int input, float weight, Tensor dy)
    {
        if (n.NeedsGradient(input))
        {
            Tensor dx = n.NewGradient(input);
            ScaleShift.Run(dy, dx, weight, 0);
            n.AddGradient(input, dx);
        }
    }
}
