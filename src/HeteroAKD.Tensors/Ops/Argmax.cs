using HeteroAKD.Kernels.Reduce;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Tensors.Ops;

/// <summary>The class with the largest logit, so that a prediction leaves the device as ids and not as logits.</summary>
public static class Argmax
{
    /// <summary>The row of the table; the output is int32.</summary>
    public static readonly OpRow<NoAttributes> Row = new(
        "argmax",
        "the first class with the largest logit; torch.argmax(input, dim=1)",
        [new("input", "[N, C, ...]")],
        shape: n => Check(n[0].Shape),
        forward: n =>
        {
            Shape x = n[0].Shape;
            int pixels = x.CountFrom(2);
            n.Device.Pixel(new ArgmaxKernel(n[0].Mem, n.Output.IndexMem, x[1], pixels), x[0], pixels, 4 * x[1], n.DType);
        },
        gradient: null)
    {
        OutputType = _ => DType.Int32,
    };

    private static Shape Check(Shape x)
    {
        if (x.Rank < 2 || x[1] < 1)
        {
            throw new ShapeMismatchException("argmax", "input", $"{x}; expected [N, C, ...] with at least one class");
        }

        Span<int> sizes = stackalloc int[x.Rank - 1];
        sizes[0] = x[0];
        for (int i = 2; i < x.Rank; i++)
        {
            sizes[i - 1] = x[i];
        }

        return Shape.Of(sizes);
    }
}
