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
            (int batch, int firsts, int seconds, int width) = Sizes(n);
            if (n.NeedsGradient(0))
            {
                Tensor dx = n.NewGradient(0);
                n.Device.Pixel(
                    new CityBlockGradientKernel(n[0].Mem, n[1].Mem, dy.Mem, dx.Mem, firsts, seconds, width, seconds, 1), batch * firsts, width, 4 * seconds, n.DType);
                n.AddGradient(0, dx);
            }

            if (n.NeedsGradient(1))
            {
                Tensor dx = n.NewGradient(1);
                n.Device.Pixel(
                    new CityBlockGradientKernel(n[1].Mem, n[0].Mem, dy.Mem, dx.Mem, seconds, firsts, width, 1, seconds), batch * seconds, width, 4 * firsts, n.DType);
                n.AddGradient(1, dx);
            }
        })
    {
        Float32Only = true,
    };

    private static (int Batch, int Firsts, int Seconds, int Width) Sizes(OpNode<NoAttributes> n) => (n[0].Shape[0], n[0].Shape[1], n[1].Shape[1], n[0].Shape[2]);

    private static Shape Check(OpNode<NoAttributes> n)
    {
        (Shape first, Shape second) = (n[0].Shape, n[1].Shape);
        return first.Rank == 3 && second.Rank == 3 && first[0] == second[0] && first[2] == second[2]
            ? new Shape(first[0], first[1], second[1])
            : throw new ShapeMismatchException("cdist", "x2", $"{second} does not fit x1 {first}; expected [B, R, d] for [B, P, d]");
    }
}
