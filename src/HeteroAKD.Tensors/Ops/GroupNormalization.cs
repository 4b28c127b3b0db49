using HeteroAKD.Kernels.Reduce;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Tensors.Ops;

/// <summary>Attributes of group normalisation.</summary>
/// <param name="NumGroups">Groups of channels that are normalised together; as many as channels is instance norm.</param>
/// <param name="Eps">Added to the variance.</param>
public readonly record struct GroupNormAttributes(int NumGroups = 1, float Eps = 1e-5f)
{
    /// <summary>The defaults; without it <c>new()</c> would zero every field.</summary>
    public GroupNormAttributes()
        : this(NumGroups: 1)
    {
    }
}

/// <summary>Normalisation of each group of channels of each image.</summary>
public static class GroupNormalization
{
    /// <summary>The row of the table. Kept: 0 mean, 1 rstd, both [N, groups].</summary>
    public static readonly OpRow<GroupNormAttributes> Row = new(
        "group_norm",
        "normalises each group of channels of each image; torch.nn.functional.group_norm",
        [new("input", "[N, C, ...]"), new("weight", "[C]", Parameter: true), new("bias", "[C]", Parameter: true)],
        shape: n =>
        {
            Shape x = n[0].Shape;
            int groups = n.Attributes.NumGroups;
            if (x.Rank < 2 || groups < 1 || groups > Math.Max(1, x[1]) || x[1] % groups != 0)
            {
                throw new ShapeMismatchException(
                    "group_norm", "num_groups", $"{groups} groups of input {x}; expected [N, C, ...] with channels that divide into them");
            }

            return n[1].Shape == new Shape(x[1]) && n[2].Shape == n[1].Shape
                ? x
                : throw new ShapeMismatchException("group_norm", "weight, bias", $"{n[1].Shape} and {n[2].Shape} do not fit input {x}; both must be [{x[1]}]");
        },
        forward: n =>
        {
            Sizes s = Sizes.Of(n);
            Tensor mean = n.Keep(0, n.New(new Shape(s.Images, s.Groups)));
            Tensor rstd = n.Keep(1, n.New(new Shape(s.Images, s.Groups)));
            int columns = s.GroupChannels * s.Pixels;
            n.Device.Rows(
                new GroupNormStatisticsKernel(n[0].Mem, mean.Mem, rstd.Mem, columns, n.Attributes.Eps), s.Images * s.Groups, columns, 4 * columns, n.DType);
            n.Device.Pixel(
                new GroupNormApplyKernel(
                    n[0].Mem, n[1].Mem, n[2].Mem, mean.Mem, rstd.Mem, n.Output.Mem, s.Channels, s.GroupChannels, s.Pixels), s.Planes, s.Pixels, 3, n.DType);
        },
        gradient: Gradient,
        "mean",
        "rstd")
    {
        WhenEmpty = n =>
        {
            // A mean over nothing is none.
            Shape statistics = new(n[0].Shape[0], n.Attributes.NumGroups);
            n.Keep(0, Tensor.Full(n.Device, statistics, float.NaN, n.SumType));
            n.Keep(1, Tensor.Full(n.Device, statistics, float.NaN, n.SumType));
        },
    };

    private static void Gradient(OpNode<GroupNormAttributes> n, Tensor dy)
    {
        Sizes s = Sizes.Of(n);
        Tensor mean = n.Extra(0)!;
        Tensor rstd = n.Extra(1)!;
        using Tensor sums = n.New(new Shape(s.Images, s.Channels));
        using Tensor products = n.New(new Shape(s.Images, s.Channels));
        n.Device.Rows(
            new GroupNormPlaneSumsKernel(n[0].Mem, dy.Mem, mean.Mem, rstd.Mem, sums.Mem, products.Mem, s.GroupChannels, s.Pixels),
            s.Planes,
            s.Pixels,
            4 * s.Pixels,
            n.DType);
        if (n.NeedsGradient(0))
        {
            using Tensor gradientMean = n.New(mean.Shape);
            using Tensor productMean = n.New(mean.Shape);
            n.Device.Rows(
                new GroupNormMeansKernel(sums.Mem, products.Mem, n[1].Mem, gradientMean.Mem, productMean.Mem, s.Groups, s.GroupChannels, s.Pixels),
                s.Images * s.Groups,
                s.GroupChannels,
                4 * s.GroupChannels,
                n.SumType);
            Tensor dx = n.NewGradient(0);
            n.Device.Pixel(
                new GroupNormGradientKernel(
                    n[0].Mem, dy.Mem, n[1].Mem, mean.Mem, rstd.Mem, gradientMean.Mem, productMean.Mem, dx.Mem, s.Channels, s.GroupChannels, s.Pixels),
                s.Planes,
                s.Pixels,
                6,
                n.DType);
            n.AddGradient(0, dx);
        }

        AddOverImages(n, 1, products);
        AddOverImages(n, 2, sums);
    }

    private static void AddOverImages(OpNode<GroupNormAttributes> n, int input, Tensor planes)
    {
        if (n.NeedsGradient(input))
        {
            Tensor gradient = n.NewGradient(input);
            MatMul.SumColumns(planes, planes.Shape[0], planes.Shape[1], gradient);
            n.AddGradient(input, gradient);
        }
    }

    private readonly record struct Sizes(int Images, int Channels, int Groups, int Pixels)
    {
        public int GroupChannels => Channels / Groups;

        public int Planes => Images * Channels;

        public static Sizes Of(OpNode<GroupNormAttributes> n) => new(n[0].Shape[0], n[0].Shape[1], n.Attributes.NumGroups, n[0].Shape.CountFrom(2));
    }
}
