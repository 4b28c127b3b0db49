using HeteroAKD.Kernels.Layout;
using HeteroAKD.Kernels.Pixelwise;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Tensors.Ops;

/// <summary>What a window holds where it reaches beyond the map.</summary>
public enum Outside
{
    /// <summary>The nearest element.</summary>
    Edge,

    /// <summary>0.</summary>
    Zero,
}

/// <summary>Attributes of a cut.</summary>
/// <param name="Height">Rows of the window.</param>
/// <param name="Width">Columns of the window.</param>
/// <param name="Top">Its first row; negative begins above the map.</param>
/// <param name="Left">Its first column, in the mirror image where that is cut.</param>
/// <param name="Mirror">Whether the map is mirrored left to right before the cut.</param>
/// <param name="Outside">What stands beyond the map.</param>
public readonly record struct WindowAttributes(int Height = 1, int Width = 1, int Top = 0, int Left = 0, bool Mirror = false, Outside Outside = Outside.Edge)
{
    /// <summary>The defaults; without it <c>new()</c> would zero every field.</summary>
    public WindowAttributes()
        : this(Height: 1)
    {
    }
}

/// <summary>Attributes of a sum into a window.</summary>
/// <param name="Top">Row of the target that the input's first row is added to.</param>
/// <param name="Left">Column of the target, likewise.</param>
/// <param name="Mirror">Whether what is added is mirrored left to right, after what does not fit was cut off.</param>
public readonly record struct AddWindowAttributes(int Top = 0, int Left = 0, bool Mirror = false);

/// <summary>Cutting windows out of maps and adding windows to maps: what evaluation by sliding windows is made of. Not differentiable.</summary>
public static class Windows
{
    /// <summary>A window of a map, or of its mirror image.</summary>
    public static readonly OpRow<WindowAttributes> Cut = new(
        "window",
        "input[:, :, top:top+height, left:left+width] of the map or its mirror image, padded where it reaches beyond",
        [new("input", "[N, C, H, W]")],
        shape: n => n[0].Shape.Rank == 4 && n[0].Shape.Count > 0 && n.Attributes is { Height: > 0, Width: > 0 }
            ? new Shape(n[0].Shape[0], n[0].Shape[1], n.Attributes.Height, n.Attributes.Width)
            : throw new ShapeMismatchException(
                "window", "input", $"{n.Attributes.Height} x {n.Attributes.Width} of {n[0].Shape}; expected a non-empty [N, C, H, W] and a positive size"),
        forward: n =>
        {
            Shape x = n[0].Shape;
            WindowAttributes a = n.Attributes;
            n.Device.Pixel(
                new WindowKernel(
                    n[0].Mem, n.Output.Mem, x[2], x[3], a.Height, a.Width, a.Top, a.Left, a.Mirror ? 1 : 0, a.Outside == Outside.Zero ? 1 : 0),
                x[0] * x[1] * a.Height,
                a.Width,
                4,
                n.DType);
        },
        gradient: null);

    /// <summary>The target plus the input at a place; what reaches beyond the target is cut off. <see cref="AddTo"/> does it in place.</summary>
    public static readonly OpRow<AddWindowAttributes> Add = new(
        "add_window",
        "a copy of target with target[:, :, top:, left:] += input, or its mirror image, cut to what fits",
        [new("target", "[N, C, H, W]"), new("input", "[N, C, h, w]")],
        shape: n => Check(n[0].Shape, n[1].Shape, n.Attributes),
        forward: n =>
        {
            Copy.Run(n[0], n.Output);
            AddTo(n.Output, n[1], n.Attributes);
        },
        gradient: null);

    /// <summary>target [N, C, H, W] += input [N, C, h, w] at a place, as <see cref="Add"/>, in place.</summary>
    /// <exception cref="ShapeMismatchException">Planes differ in number, or the place lies outside.</exception>
    public static void AddTo(Tensor target, Tensor input, in AddWindowAttributes place)
    {
        (Shape y, Shape x) = (Check(target.Shape, input.Shape, place), input.Shape);
        int rows = Math.Min(x[2], y[2] - place.Top);
        int columns = Math.Min(x[3], y[3] - place.Left);
        target.Device.Pixel(
            new AddWindowKernel(input.Mem, target.Mem, x[2], x[3], y[2], y[3], rows, place.Top, place.Left, place.Mirror ? columns - 1 : -1),
            x[0] * x[1] * rows,
            columns,
            2,
            target.DType);
    }

    /// <summary>map [N, C, H, W] /= counts [H, W], in place: the mean of what windows have added to each place.</summary>
    public static void DivideBy(Tensor map, Tensor counts)
    {
        int pixels = counts.Shape.Count;
        if (map.Shape.Rank != 4 || map.Shape.CountFrom(2) != pixels)
        {
            throw new ShapeMismatchException("window counts", "counts", $"{counts.Shape} for a map {map.Shape}; expected its [H, W]");
        }

        map.Device.Pixel(new BinaryKernel<Divide, PerColumn>(map.Mem, counts.Mem, map.Mem, pixels, 1), map.Shape.Count / pixels, pixels, 2, map.DType);
    }

    private static Shape Check(Shape target, Shape input, in AddWindowAttributes place)
    {
        bool planes = target.Rank == 4 && input.Rank == 4 && target[0] == input[0] && target[1] == input[1] && input.Count > 0;
        return planes && place.Top >= 0 && place.Top < target[2] && place.Left >= 0 && place.Left < target[3]
            ? target
            : throw new ShapeMismatchException(
                "add_window",
                "input",
                $"{input} at row {place.Top}, column {place.Left} of target {target}; expected equal N and C and a place inside the target");
    }
}
