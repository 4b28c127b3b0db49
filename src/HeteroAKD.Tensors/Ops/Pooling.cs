using HeteroAKD.Kernels.Pool;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Tensors.Ops;

/// <summary>Attributes of a max pool.</summary>
/// <param name="KernelSize">Rows and columns of a window.</param>
/// <param name="Stride">Step from a window to the next; 0 takes the kernel size.</param>
/// <param name="Padding">Elements of minus infinity on each side.</param>
public readonly record struct MaxPoolAttributes(int KernelSize = 2, int Stride = 0, int Padding = 0)
{
    /// <summary>The defaults; without it <c>new()</c> would zero every field.</summary>
    public MaxPoolAttributes()
        : this(KernelSize: 2)
    {
    }
}

/// <summary>Attributes of an average pool.</summary>
/// <param name="KernelSize">Rows and columns of a window.</param>
/// <param name="Stride">Step from a window to the next; 0 takes the kernel size.</param>
/// <param name="Padding">Zeros on each side.</param>
/// <param name="CountIncludePad">Whether padding counts in the mean.</param>
public readonly record struct AvgPoolAttributes(int KernelSize = 2, int Stride = 0, int Padding = 0, bool CountIncludePad = true)
{
    /// <summary>The defaults; without it <c>new()</c> would zero every field.</summary>
    public AvgPoolAttributes()
        : this(KernelSize: 2)
    {
    }
}

/// <summary>Attributes of an adaptive pool.</summary>
/// <param name="Height">Rows of bins.</param>
/// <param name="Width">Columns of bins.</param>
public readonly record struct AdaptivePoolAttributes(int Height = 1, int Width = 1)
{
    /// <summary>The defaults; without it <c>new()</c> would zero every field.</summary>
    public AdaptivePoolAttributes()
        : this(Height: 1)
    {
    }
}

/// <summary>Pooling over windows and bins of [N, C, H, W]; gradients in gather form.</summary>
public static class Pooling
{
    // Places in a lane are floats.
    private const int ExactPlaces = 1 << 24;

    private static readonly OpInput[] s_input = [new("input", "[N, C, H, W]")];

    /// <summary>Max pooling. Kept: 0 places [N, C, H', W'] int32, the first largest element of each window.</summary>
    public static readonly OpRow<MaxPoolAttributes> Max = new(
        "max_pool2d",
        "torch.nn.functional.max_pool2d",
        s_input,
        shape: n =>
        {
            Shape pooled = Pooled(n[0].Shape, ShapeOf("max_pool2d", n[0].Shape, n.Attributes.KernelSize, n.Attributes.Stride, n.Attributes.Padding));
            return n[0].Shape.CountFrom(2) < ExactPlaces ? pooled
                : throw new ShapeMismatchException("max_pool2d", "input", $"{n[0].Shape}: a plane must have fewer than 2^24 elements");
        },
        forward: n =>
        {
            PoolShape s = ShapeOf("max_pool2d", n[0].Shape, n.Attributes.KernelSize, n.Attributes.Stride, n.Attributes.Padding);
            Tensor places = n.Keep(0, Tensor.Empty(n.Device, n.Output.Shape, DType.Int32));
            n.Device.Pixel(
                new MaxPoolKernel(n[0].Mem, n.Output.Mem, places.IndexMem, s), Planes(n[0]) * s.OutputHeight, s.OutputWidth, 3 * s.Window * s.Window, n.DType);
        },
        gradient: (n, dy) =>
        {
            PoolShape s = ShapeOf("max_pool2d", n[0].Shape, n.Attributes.KernelSize, n.Attributes.Stride, n.Attributes.Padding);
            Tensor dx = n.NewGradient(0);
            n.Device.Pixel(new MaxPoolGradientKernel(dy.Mem, n.Extra(0)!.IndexMem, dx.Mem, s), Planes(n[0]) * s.Height, s.Width, 12, n.DType);
            n.AddGradient(0, dx);
        },
        "indices")
    {
        WhenEmpty = n => n.Keep(0, Tensor.Empty(n.Device, n.Output.Shape, DType.Int32)),
    };

    /// <summary>Average pooling.</summary>
    public static readonly OpRow<AvgPoolAttributes> Average = new(
        "avg_pool2d",
        "torch.nn.functional.avg_pool2d",
        s_input,
        shape: n => Pooled(n[0].Shape, ShapeOf("avg_pool2d", n[0].Shape, n.Attributes.KernelSize, n.Attributes.Stride, n.Attributes.Padding)),
        forward: n =>
        {
            PoolShape s = ShapeOf("avg_pool2d", n[0].Shape, n.Attributes.KernelSize, n.Attributes.Stride, n.Attributes.Padding);
            n.Device.Pixel(
                new AveragePoolKernel(
                    n[0].Mem,
                    n.Output.Mem,
                    s,
                    n.Attributes.CountIncludePad ? 1 : 0), Planes(n[0]) * s.OutputHeight, s.OutputWidth, 3 * s.Window * s.Window, n.DType);
        },
        gradient: (n, dy) =>
        {
            PoolShape s = ShapeOf("avg_pool2d", n[0].Shape, n.Attributes.KernelSize, n.Attributes.Stride, n.Attributes.Padding);
            Tensor dx = n.NewGradient(0);
            n.Device.Pixel(
                new AveragePoolGradientKernel(dy.Mem, dx.Mem, s, n.Attributes.CountIncludePad ? 1 : 0), Planes(n[0]) * s.Height, s.Width, 12, n.DType);
            n.AddGradient(0, dx);
        });

    /// <summary>Average pooling into bins.</summary>
    public static readonly OpRow<AdaptivePoolAttributes> Adaptive = new(
        "adaptive_avg_pool2d",
        "torch.nn.functional.adaptive_avg_pool2d(output_size=(height, width))",
        s_input,
        shape: n => n[0].Shape.Rank == 4 && n.Attributes is { Height: > 0, Width: > 0 } && n[0].Shape.CountFrom(2) > 0
            ? new Shape(n[0].Shape[0], n[0].Shape[1], n.Attributes.Height, n.Attributes.Width)
            : throw new ShapeMismatchException(
                "adaptive_avg_pool2d",
                "input",
                $"{n[0].Shape} into {n.Attributes.Height} x {n.Attributes.Width} bins; expected [N, C, H, W] and at least one bin"),
        forward: n =>
        {
            (int h, int w, AdaptivePoolAttributes a) = (n[0].Shape[2], n[0].Shape[3], n.Attributes);
            n.Device.Rows(
                new AdaptiveAveragePoolKernel(
                    n[0].Mem, n.Output.Mem, h, w, a.Height, a.Width), Planes(n[0]) * a.Height * a.Width, Math.Max(1, w / a.Width), BinCost(n), n.DType);
        },
        gradient: (n, dy) =>
        {
            (int h, int w, AdaptivePoolAttributes a) = (n[0].Shape[2], n[0].Shape[3], n.Attributes);
            Tensor dx = n.NewGradient(0);
            if (h % a.Height == 0 && w % a.Width == 0)
            {
                n.Device.Rows(
                    new AdaptiveAveragePoolFillKernel(dy.Mem, dx.Mem, h, w, a.Height, a.Width), Planes(n[0]) * a.Height * a.Width, Math.Max(1, w / a.Width),
                    BinCost(n), n.DType);
            }
            else
            {
                n.Device.Pixel(new AdaptiveAveragePoolGradientKernel(dy.Mem, dx.Mem, h, w, a.Height, a.Width), Planes(n[0]) * h, w, 30, n.DType);
            }

            n.AddGradient(0, dx);
        });

    // A bin's elements, and what finding it costs.
    private static int BinCost(OpNode<AdaptivePoolAttributes> n) => 100 + (n[0].Shape.CountFrom(2) / (n.Attributes.Height * n.Attributes.Width));

    private static int Planes(Tensor x) => x.Shape[0] * x.Shape[1];

    private static Shape Pooled(Shape x, in PoolShape s) => new(x[0], x[1], s.OutputHeight, s.OutputWidth);

    private static PoolShape ShapeOf(string operation, Shape x, int kernelSize, int stride, int padding)
    {
        try
        {
            return x.Rank == 4
                ? new PoolShape(x[2], x[3], kernelSize, stride > 0 ? stride : kernelSize, padding)
                : throw new ShapeMismatchException(operation, "input", $"{x}; expected [N, C, H, W]");
        }
        catch (ArgumentException e)
        {
            throw new ShapeMismatchException(operation, "input", $"{x}: {e.Message}");
        }
    }
}
