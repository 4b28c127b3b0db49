using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Tensors.Ops;

/// <summary>The new shape; 0 where there is no such dimension.</summary>
/// <param name="D0">First size.</param>
/// <param name="D1">Second size.</param>
/// <param name="D2">Third size.</param>
/// <param name="D3">Fourth size.</param>
public readonly record struct ReshapeAttributes(int D0 = 1, int D1 = 0, int D2 = 0, int D3 = 0)
{
    /// <summary>The defaults; without it <c>new()</c> would zero every field.</summary>
    public ReshapeAttributes()
        : this(D0: 1)
    {
    }

    /// <summary>The attributes of a shape.</summary>
    public static ReshapeAttributes Of(Shape shape) => new(
        shape[0], shape.Rank > 1 ? shape[1] : 0, shape.Rank > 2 ? shape[2] : 0, shape.Rank > 3 ? shape[3] : 0);

    /// <summary>The shape of the attributes.</summary>
    public Shape ToShape() => D1 == 0 ? new(D0) : D2 == 0 ? new(D0, D1) : D3 == 0 ? new(D0, D1, D2) : new(D0, D1, D2, D3);
}

/// <summary>The same elements in another shape, at no cost.</summary>
public static class Reshape
{
    /// <summary>The row of the table.</summary>
    public static readonly OpRow<ReshapeAttributes> Row = new(
        "reshape",
        "the same elements in another shape; torch.reshape",
        [new("input", "any")],
        shape: n =>
        {
            Shape shape = n.Attributes.ToShape();
            return shape.Count == n[0].Shape.Count
                ? shape
                : throw new ShapeMismatchException("reshape", "shape", $"{shape} has {shape.Count} elements, input {n[0].Shape} has {n[0].Shape.Count}");
        },
        forward: null,
        gradient: (n, dy) => n.PassGradient(0, dy));
}
