using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Losses;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Tensors.Ops;

/// <summary>Attributes of the correlation of two maps.</summary>
/// <param name="PerChannel">Over all pixels of the batch for each channel, else over the channels of each pixel.</param>
/// <param name="Eps">Added to the product of the lengths.</param>
public readonly record struct PearsonAttributes(bool PerChannel = false, float Eps = 1e-8f)
{
    /// <summary>The defaults; without it <c>new()</c> would zero every field.</summary>
    public PearsonAttributes()
        : this(PerChannel: false)
    {
    }
}

/// <summary>Pearson's correlation of two maps, without their centred copies in memory: what DIST consists of.</summary>
public static class Pearson
{
    /// <summary>One correlation a pixel, or one a channel. Kept: 0 statistics, [4, correlations].</summary>
    public static readonly OpRow<PearsonAttributes> Row = new(
        "pearson_corrcoef",
        "Pearson's correlation over the channels of each pixel, [N, ...], or over all pixels of the batch for each channel, [C]: "
            + "torch.nn.functional.cosine_similarity of what is left when the means are taken off. No gradient flows into target",
        [new("input", "[N, C, ...]"), new("target", "[N, C, ...]")],
        shape: Check,
        forward: n =>
        {
            Tensor statistics = n.Keep(0, n.New(new Shape(4, n.Output.Shape.Count)));
            PearsonResults results = new(n.Output.Mem, statistics.Mem, n.Output.Shape.Count, n.Attributes.Eps);
            (int images, int channels, int pixels) = Sizes(n);
            if (!n.Attributes.PerChannel)
            {
                using Tensor unused = Tensor.Empty(n.Device, new Shape(Sums<F32>.Count), n.DType);
                n.Device.PixelSums(new PixelPearsonKernel(n[0].Mem, n[1].Mem, results, channels, pixels), images, pixels, 6 * channels, unused.Mem, n.DType);
                return;
            }

            int planes = images * channels;
            using Tensor sums = Tensor.Empty(n.Device, new Shape(5, planes), n.DType);
            n.Device.Rows(new PlanePearsonKernel(n[0].Mem, n[1].Mem, sums.Mem, planes, pixels), planes, pixels, 6 * pixels, n.DType);
            n.Device.Pixel(new ChannelPearsonKernel(sums.Mem, results, images, channels, pixels), 1, channels, 10 * images, n.DType);
        },
        gradient: (n, dy) =>
        {
            if (!n.NeedsGradient(0))
            {
                return;
            }

            Tensor dx = n.NewGradient(0);
            Mem statistics = n.Extra(0)!.Mem;
            (int images, int channels, int pixels) = Sizes(n);
            if (n.Attributes.PerChannel)
            {
                n.Device.Pixel(
                    new ChannelPearsonGradientKernel(n[0].Mem, n[1].Mem, statistics, dy.Mem, dx.Mem, channels, pixels), images * channels, pixels, 3, n.DType);
            }
            else
            {
                using Tensor unused = Tensor.Empty(n.Device, new Shape(Sums<F32>.Count), n.DType);
                PixelPearsonGradientKernel kernel = new(n[0].Mem, n[1].Mem, statistics, dy.Mem, dx.Mem, channels, pixels, images * pixels);
                n.Device.PixelSums(kernel, images, pixels, 4 * channels, unused.Mem, n.DType);
            }

            n.AddGradient(0, dx);
        },
        "statistics")
    {
        Float32Only = true,
        WhenEmpty = n => n.Keep(0, n.New(new Shape(4, 0))),
    };

    private static (int Images, int Channels, int Pixels) Sizes(OpNode<PearsonAttributes> n) => (n[0].Shape[0], n[0].Shape[1], n[0].Shape.CountFrom(2));

    private static Shape Check(OpNode<PearsonAttributes> n)
    {
        (Shape x, Shape target) = (n[0].Shape, n[1].Shape);
        if (target != x)
        {
            throw new ShapeMismatchException("pearson_corrcoef", "target", $"{target} is not input's shape {x}");
        }

        if (x.Rank < 2)
        {
            throw new ShapeMismatchException("pearson_corrcoef", "input", $"{x} has no channels; expected [N, C, ...]");
        }

        if (n.Attributes.PerChannel ? x[0] == 0 || x.CountFrom(2) == 0 : x[1] == 0)
        {
            throw new ShapeMismatchException("pearson_corrcoef", "input", $"{x} has nothing to correlate");
        }

        return n.Attributes.PerChannel ? new Shape(x[1]) : Reduction.Without(x, 1 << 1);
    }
}
