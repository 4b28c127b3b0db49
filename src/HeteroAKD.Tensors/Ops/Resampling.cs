using HeteroAKD.Kernels.Resize;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Tensors.Ops;

/// <summary>How a resize finds the elements of its output.</summary>
public enum InterpolateMode
{
    /// <summary>The four elements around a place, by distance.</summary>
    Bilinear,

    /// <summary>Element ⌊o · source/target⌋.</summary>
    Nearest,

    /// <summary>Element ⌊(o + ½) · source/target⌋.</summary>
    NearestExact,
}

/// <summary>Attributes of a resize.</summary>
/// <param name="Height">Rows of the output.</param>
/// <param name="Width">Columns of the output.</param>
/// <param name="AlignCorners">Whether corner pixels lie on corner pixels; bilinear only.</param>
/// <param name="Mode">How elements are found.</param>
public readonly record struct InterpolateAttributes(int Height = 1, int Width = 1, bool AlignCorners = false, InterpolateMode Mode = InterpolateMode.Bilinear)
{
    /// <summary>The defaults; without it <c>new()</c> would zero every field.</summary>
    public InterpolateAttributes()
        : this(Height: 1)
    {
    }
}

/// <summary>Resizing of maps. The bilinear one has two halves, columns first mixed row by row, so that lanes run over whole rows.</summary>
public static class Resampling
{
    /// <summary>The row of the table.</summary>
    public static readonly OpRow<InterpolateAttributes> Interpolate = new(
        "interpolate",
        "bilinear or nearest; torch.nn.functional.interpolate(size=(height, width), mode, align_corners)",
        [new("input", "[N, C, H, W]")],
        shape: ShapeOf,
        forward: n =>
        {
            if (n.Attributes.Mode == InterpolateMode.Bilinear)
            {
                Bilinear(n);
                return;
            }

            (int planes, NearestAxis vertical, NearestAxis horizontal) = NearestAxes(n);
            n.Device.Pixel(new NearestMapKernel(n[0].Mem, n.Output.Mem, vertical, horizontal), planes * vertical.Target, horizontal.Target, 2, n.DType);
        },
        gradient: (n, dy) =>
        {
            if (n.Attributes.Mode == InterpolateMode.Bilinear)
            {
                BilinearGradient(n, dy);
                return;
            }

            (int planes, NearestAxis vertical, NearestAxis horizontal) = NearestAxes(n);
            Tensor dx = n.NewGradient(0);
            int cost = 2 * vertical.MaxTargets * horizontal.MaxTargets;
            n.Device.Pixel(new NearestMapGradientKernel(dy.Mem, dx.Mem, vertical, horizontal), planes * vertical.Source, horizontal.Source, cost, n.DType);
            n.AddGradient(0, dx);
        });

    private static Shape ShapeOf(OpNode<InterpolateAttributes> n)
    {
        (Shape x, InterpolateAttributes a) = (n[0].Shape, n.Attributes);
        if (x.Rank != 4 || x.Count == 0 || a.Height <= 0 || a.Width <= 0)
        {
            throw new ShapeMismatchException("interpolate", "input", $"{x} to {a.Height} x {a.Width}; expected a non-empty [N, C, H, W] and a positive size");
        }

        return a.AlignCorners && a.Mode != InterpolateMode.Bilinear
            ? throw new ShapeMismatchException(
                "interpolate", "align_corners", "only bilinear resizing has it; leave it out with mode=nearest and nearest_exact")
            : new Shape(x[0], x[1], a.Height, a.Width);
    }

    private static void Bilinear(OpNode<InterpolateAttributes> n)
    {
        (int planes, BilinearAxis vertical, BilinearAxis horizontal) = Axes(n);
        using Tensor rows = n.New(new Shape(planes, vertical.Target, horizontal.Source));
        n.Device.Rows(
            new BilinearVerticalKernel(
                n[0].Mem, rows.Mem, vertical, horizontal.Source), planes * vertical.Target, horizontal.Source, 2 * horizontal.Source, n.DType);
        n.Device.Pixel(new BilinearHorizontalKernel(rows.Mem, n.Output.Mem, horizontal), planes * vertical.Target, horizontal.Target, 4, n.DType);
    }

    private static void BilinearGradient(OpNode<InterpolateAttributes> n, Tensor dy)
    {
        (int planes, BilinearAxis vertical, BilinearAxis horizontal) = Axes(n);
        using Tensor rows = n.New(new Shape(planes, vertical.Source, horizontal.Target));
        n.Device.Rows(
            new BilinearVerticalGradientKernel(dy.Mem, rows.Mem, vertical, horizontal.Target),
            planes * vertical.Source,
            horizontal.Target,
            2 * vertical.MaxTargets * horizontal.Target,
            n.DType);
        Tensor dx = n.NewGradient(0);
        n.Device.Pixel(
            new BilinearHorizontalGradientKernel(rows.Mem, dx.Mem, horizontal), planes * vertical.Source, horizontal.Source, 4 * horizontal.MaxTargets,
            n.DType);
        n.AddGradient(0, dx);
    }

    private static (int Planes, NearestAxis Vertical, NearestAxis Horizontal) NearestAxes(OpNode<InterpolateAttributes> n)
    {
        (Shape x, InterpolateAttributes a) = (n[0].Shape, n.Attributes);
        bool exact = a.Mode == InterpolateMode.NearestExact;
        return (x[0] * x[1], new NearestAxis(x[2], a.Height, exact), new NearestAxis(x[3], a.Width, exact));
    }

    private static (int Planes, BilinearAxis Vertical, BilinearAxis Horizontal) Axes(OpNode<InterpolateAttributes> n)
    {
        Shape x = n[0].Shape;
        InterpolateAttributes a = n.Attributes;
        return (x[0] * x[1], new BilinearAxis(x[2], a.Height, a.AlignCorners), new BilinearAxis(x[3], a.Width, a.AlignCorners));
    }
}
