using HeteroAKD.Kernels.Resize;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Tensors.Ops;

/// <summary>Attributes of a resize.</summary>
/// <param name="Height">Rows of the output.</param>
/// <param name="Width">Columns of the output.</param>
/// <param name="AlignCorners">Whether corner pixels lie on corner pixels.</param>
public readonly record struct InterpolateAttributes(int Height = 1, int Width = 1, bool AlignCorners = false)
{
    /// <summary>The defaults; without it <c>new()</c> would zero every field.</summary>
    public InterpolateAttributes()
        : this(Height: 1)
    {
    }
}

/// <summary>Bilinear resize in two halves, columns first mixed row by row, so that lanes run over whole rows.</summary>
public static class Resampling
{
    /// <summary>The row of the table.</summary>
    public static readonly OpRow<InterpolateAttributes> Interpolate = new(
        "interpolate",
        "bilinear; torch.nn.functional.interpolate(size=(height, width), mode='bilinear', align_corners)",
        [new("input", "[N, C, H, W]")],
        shape: n => n[0].Shape.Rank == 4 && n.Attributes is { Height: > 0, Width: > 0 } && n[0].Shape.Count > 0
            ? new Shape(n[0].Shape[0], n[0].Shape[1], n.Attributes.Height, n.Attributes.Width)
            : throw new ShapeMismatchException("interpolate", "input", $"{n[0].Shape} to {n.Attributes.Height} x {n.Attributes.Width}; expected a non-empty [N, C, H, W] and a positive size"),
        forward: n =>
        {
            (int planes, BilinearAxis vertical, BilinearAxis horizontal) = Axes(n);
            using Tensor rows = n.New(new Shape(planes, vertical.Target, horizontal.Source));
            n.Device.Rows(
                new BilinearVerticalKernel(n[0].Mem, rows.Mem, vertical, horizontal.Source), planes * vertical.Target, horizontal.Source, 2 * horizontal.Source, n.DType);
            n.Device.Pixel(new BilinearHorizontalKernel(rows.Mem, n.Output.Mem, horizontal), planes * vertical.Target, horizontal.Target, 4, n.DType);
        },
        gradient: (n, dy) =>
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
                new BilinearHorizontalGradientKernel(rows.Mem, dx.Mem, horizontal), planes * vertical.Source, horizontal.Source, 4 * horizontal.MaxTargets, n.DType);
            n.AddGradient(0, dx);
        });

    private static (int Planes, BilinearAxis Vertical, BilinearAxis Horizontal) Axes(OpNode<InterpolateAttributes> n)
    {
        Shape x = n[0].Shape;
        InterpolateAttributes a = n.Attributes;
        return (x[0] * x[1], new BilinearAxis(x[2], a.Height, a.AlignCorners), new BilinearAxis(x[3], a.Width, a.AlignCorners));
    }
}
