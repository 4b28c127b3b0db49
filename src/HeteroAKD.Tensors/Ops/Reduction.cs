using HeteroAKD.Kernels.Pixelwise;
using HeteroAKD.Kernels.Reduce;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Tensors.Ops;

/// <summary>Attributes of a reduction.</summary>
/// <param name="Dim">Dimensions to reduce; the default is all.</param>
/// <param name="Keepdim">Whether reduced dimensions stay with size 1.</param>
public readonly record struct ReductionAttributes(Dims Dim = default, bool Keepdim = false);

/// <summary>
/// Sum, mean and maximum over any dimensions. Where none is left the result is [1], as losses are here. Sums are added in an order that depends on the shape
/// alone: the same bits on any number of threads.
/// </summary>
public static class Reduction
{
    private static readonly OpInput[] s_input = [new("input", "any")];

    /// <summary>Σ x.</summary>
    public static readonly OpRow<ReductionAttributes> Sum = new(
        "sum",
        "torch.sum(input, dim, keepdim); over no elements 0",
        s_input,
        shape: n => ShapeOf(n, keepsAll: n.Attributes.Keepdim),
        forward: n => Fold.Run<SumFold>(n[0], Mask(n), n.Output, divisor: 1),
        gradient: (n, dy) => Spread(n, dy, divisor: 1));

    /// <summary>Σ x / count.</summary>
    public static readonly OpRow<ReductionAttributes> Mean = new(
        "mean",
        "torch.mean(input, dim, keepdim); over no elements NaN",
        s_input,
        shape: n => ShapeOf(n, keepsAll: n.Attributes.Keepdim),
        forward: n => Fold.Run<SumFold>(n[0], Mask(n), n.Output, Reduced(n)),
        gradient: (n, dy) => Spread(n, dy, Reduced(n)));

    /// <summary>The largest x, NaN if there is one. The gradient is shared evenly among equal largest elements, as torch.amax does it.</summary>
    public static readonly OpRow<ReductionAttributes> Max = new(
        "max",
        "torch.amax(input, dim, keepdim); the gradient is shared evenly among equal largest elements",
        s_input,
        shape: n => Reduced(n) > 0
            ? ShapeOf(n, keepsAll: n.Attributes.Keepdim)
            : throw new ShapeMismatchException("max", "dim", $"{n.Attributes.Dim} of input {n[0].Shape} has no elements; max needs at least one"),
        forward: n => Fold.Run<MaxFold>(n[0], Mask(n), n.Output, divisor: 1),
        gradient: MaxGradient);

    private static int Mask(OpNode<ReductionAttributes> n) => n.Attributes.Dim.MaskOf(n.Row.Name, n[0].Shape);

    // Elements behind one of the output.
    private static int Reduced(OpNode<ReductionAttributes> n)
    {
        int mask = Mask(n);
        int count = 1;
        for (int d = 0; d < n[0].Shape.Rank; d++)
        {
            count *= (mask & (1 << d)) != 0 ? n[0].Shape[d] : 1;
        }

        return count;
    }

    private static Shape ShapeOf(OpNode<ReductionAttributes> n, bool keepsAll) => Without(n[0].Shape, Mask(n), keepsAll);

    /// <summary>A shape without some dimensions, bit d for dimension d; [1] where none is left.</summary>
    /// <param name="x">The shape.</param>
    /// <param name="mask">The dimensions.</param>
    /// <param name="keepsAll">Leaves them in place with size 1.</param>
    internal static Shape Without(Shape x, int mask, bool keepsAll = false)
    {
        Span<int> sizes = stackalloc int[Shape.MaxRank];
        int rank = 0;
        for (int d = 0; d < x.Rank; d++)
        {
            bool reduced = (mask & (1 << d)) != 0;
            if (!reduced || keepsAll)
            {
                sizes[rank++] = reduced ? 1 : x[d];
            }
        }

        return rank > 0 ? Shape.Of(sizes[..rank]) : new Shape(1);
    }

    private static void Spread(OpNode<ReductionAttributes> n, Tensor dy, int divisor)
    {
        Tensor dx = n.NewGradient(0);
        Broadcasting places = Broadcasting.Of(ShapeOf(n, keepsAll: true), n[0].Shape);
        n.Device.Pixel(new SpreadKernel(places.A(dy.Mem), dx.Mem, places.Grid, divisor), places.Rows, places.Columns, 2, n.DType);
        n.AddGradient(0, dx);
    }

    // dx = (x == y) · dy / (how many x equal y), all three spread to the input's shape. Where y is NaN no x equals it: 0 · dy / 0 is NaN, as in PyTorch.
    private static void MaxGradient(OpNode<ReductionAttributes> n, Tensor dy)
    {
        Shape kept = ShapeOf(n, keepsAll: true);
        Broadcasting places = Broadcasting.Of(n[0].Shape, kept);
        Tensor dx = n.NewGradient(0);
        n.Device.Pixel(
            new BroadcastKernel<Equal>(places.A(n[0].Mem), places.B(n.Output.Mem), dx.Mem, places.Grid), places.Rows, places.Columns, 2, n.DType);
        using Tensor share = n.New(kept);
        Fold.Run<SumFold>(dx, Mask(n), share, divisor: 1);
        n.Device.Pixel(new BinaryKernel<Swapped<Divide>, SameShape>(share.Mem, dy.Mem, share.Mem, kept.Count, 1), 1, kept.Count, 2, n.DType);
        n.Device.Pixel(
            new BroadcastKernel<Multiply>(places.A(dx.Mem), places.B(share.Mem), dx.Mem, places.Grid), places.Rows, places.Columns, 2, n.DType);
        n.AddGradient(0, dx);
    }
}
