using HeteroAKD.Kernels.Losses;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Tensors.Ops;

/// <summary>City-block distances between all pairs of vectors, without their differences in memory.</summary>
public static class CityBlock
{
    /// <summary>Sums of absolute differences.</summary>
    public static readonly OpRow<NoAttributes> Row = new(
        "cdist",
        "sum of absolute differences between each vector of x1 and each of x2; torch.cdist(x1, x2, p=1)",
        [new("x1", "[B, P, d]"), new("x2", "[B, R, d]")],
        shape: Check,
        forward: n =>
        {
            (int batch, int firsts, int seconds, int width) = Sizes(n);
            if (width == 0)
            {
                Fill.Run(n.Output, 0); // vectors without numbers lie on each other
                return;
            }

            using Tensor turned = Tensor.Empty(n.Device, new Shape(batch, width, seconds), n.DType); // neighbours of x2 side by side
            Layout.Transpose(n[1], turned, batch, seconds, width);
            n.Device.Pixel(new CityBlockKernel(n[0].Mem, turned.Mem, n.Output.Mem, firsts, seconds, width), batch * firsts, seconds, 3 * width, n.DType);
        },
        gradient: (n, dy) =>
        {
            int seconds = n[1].Shape[1];
            Gradient(n, dy, own: 0, other: 1, ownStep: seconds, otherStep: 1);
            Gradient(n, dy, own: 1, other: 0, ownStep: 1, otherStep: seconds);
        })
    {
        Float32Only = true,
    };

    private static (int Batch, int Firsts, int Seconds, int Width) Sizes(OpNode<NoAttributes> n) =>
        (n[0].Shape[0], n[0].Shape[1], n[1].Shape[1], n[0].Shape[2]);

    // The steps are those of the upstream gradient [B, P, R] from one vector of a set to the next.
    private static void Gradient(OpNode<NoAttributes> n, Tensor dy, int own, int other, int ownStep, int otherStep)
    {
        if (!n.NeedsGradient(own))
        {
            return;
        }

        (Shape x, int others) = (n[own].Shape, n[other].Shape[1]);
        Tensor dx = n.NewGradient(own);
        n.Device.Pixel(
            new CityBlockGradientKernel(
                n[own].Mem, n[other].Mem, dy.Mem, dx.Mem, x[1], others, x[2], ownStep, otherStep), x[0] * x[1], x[2], 4 * others, n.DType);
        n.AddGradient(own, dx);
    }

    private static Shape Check(OpNode<NoAttributes> n)
    {
        (Shape first, Shape second) = (n[0].Shape, n[1].Shape);
        return first.Rank == 3 && second.Rank == 3 && first[0] == second[0] && first[2] == second[2]
            ? new Shape(first[0], first[1], second[1])
            : throw new ShapeMismatchException("cdist", "x2", $"{second} does not fit x1 {first}; expected [B, R, d] for [B, P, d]");
    }
}
