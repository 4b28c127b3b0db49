using HeteroAKD.Kernels.Layout;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Tensors.Ops;

/// <summary>Attributes of a slice, as in <c>x[start:end:step]</c>; a negative place counts from the end, and one beyond it is the end.</summary>
/// <param name="Dim">The dimension; negative counts from the last.</param>
/// <param name="Start">First element.</param>
/// <param name="End">The element after the last one.</param>
/// <param name="Step">From an element to the next, at least 1.</param>
public readonly record struct SliceAttributes(int Dim = 0, int Start = 0, int End = int.MaxValue, int Step = 1)
{
    /// <summary>The defaults; without it <c>new()</c> would zero every field.</summary>
    public SliceAttributes()
        : this(Dim: 0)
    {
    }
}

/// <summary>Attributes of a padding; a negative number cuts off.</summary>
/// <param name="Left">Columns before the first.</param>
/// <param name="Right">Columns after the last.</param>
/// <param name="Top">Rows above the first.</param>
/// <param name="Bottom">Rows below the last.</param>
/// <param name="Value">What they hold.</param>
public readonly record struct PadAttributes(int Left = 0, int Right = 0, int Top = 0, int Bottom = 0, float Value = 0);

/// <summary>Parts of a tensor, and a tensor as part of a larger one: each is the other's gradient.</summary>
public static class Slicing
{
    /// <summary>Every step-th element of a dimension from one place to another.</summary>
    public static readonly OpRow<SliceAttributes> Slice = new(
        "slice",
        "input[start:end:step] of a dimension; torch.Tensor's indexing",
        [new("input", "any")],
        shape: n => WithSize(n[0].Shape, DimOf(n), Range(n).Count),
        forward: n =>
        {
            (AxisMap rows, AxisMap columns) = SliceMaps(n);
            Run(n[0], n.Output, rows, columns, 0);
        },
        gradient: (n, dy) =>
        {
            (AxisMap rows, AxisMap columns) = SliceMaps(n);
            Tensor dx = n.NewGradient(0);
            Run(dy, dx, rows.Adjoint, columns.Adjoint, 0);
            n.AddGradient(0, dx);
        });

    /// <summary>Rows and columns around maps.</summary>
    public static readonly OpRow<PadAttributes> Pad = new(
        "pad",
        "a constant around the last two dimensions; torch.nn.functional.pad([left, right, top, bottom], mode='constant', value)",
        [new("input", "[..., H, W]")],
        shape: n =>
        {
            Shape x = n[0].Shape;
            PadAttributes a = n.Attributes;
            if (x.Rank < 1 || (x.Rank < 2 && (a.Top != 0 || a.Bottom != 0)))
            {
                throw new ShapeMismatchException("pad", "input", $"{x}; rows can be added to [..., H, W] only");
            }

            Shape wide = WithSize(x, x.Rank - 1, Padded(x, x[-1], a.Left, a.Right));
            return x.Rank < 2 ? wide : WithSize(wide, x.Rank - 2, Padded(x, x[-2], a.Top, a.Bottom));
        },
        forward: n =>
        {
            (AxisMap rows, AxisMap columns) = PadMaps(n);
            Run(n[0], n.Output, rows, columns, n.Attributes.Value);
        },
        gradient: (n, dy) =>
        {
            (AxisMap rows, AxisMap columns) = PadMaps(n);
            Tensor dx = n.NewGradient(0);
            Run(dy, dx, rows.Adjoint, columns.Adjoint, 0);
            n.AddGradient(0, dx);
        });

    private static void Run(Tensor x, Tensor y, AxisMap rows, AxisMap columns, float fill)
    {
        if (x.Shape.Count == 0)
        {
            Fill.Run(y, fill);
        }
        else if (y.Shape.Count > 0 && y.Device is HostDevice host)
        {
            int planes = y.Shape.Count / (rows.Target * columns.Target);
            HostAxisCopy.Run(host.Pool, x.Mem, y.Mem, planes, rows, columns, fill, HostDevice.Precision(y.DType));
        }
        else if (y.Shape.Count > 0)
        {
            y.Device.Pixel(new AxisCopyKernel(x.Mem, y.Mem, rows, columns, fill), y.Shape.Count / columns.Target, columns.Target, 2, y.DType);
        }
    }

    // The sliced dimension as rows of what lies behind it; a last dimension as columns, where its step is one that lanes hold.
    private static (AxisMap Rows, AxisMap Columns) SliceMaps(OpNode<SliceAttributes> n)
    {
        Shape x = n[0].Shape;
        int dim = DimOf(n);
        (int start, int count) = Range(n);
        AxisMap sliced = new(x[dim], count, start, n.Attributes.Step);
        int behind = x.CountFrom(dim + 1);
        return behind == 1 && n.Attributes.Step <= AxisMap.MaxLaneStep ? (AxisMap.Whole(1), sliced) : (sliced, AxisMap.Whole(behind));
    }

    private static (AxisMap Rows, AxisMap Columns) PadMaps(OpNode<PadAttributes> n)
    {
        (Shape x, Shape y, PadAttributes a) = (n[0].Shape, n.Output.Shape, n.Attributes);
        AxisMap columns = new(x[-1], y[-1], -a.Left);
        return (x.Rank < 2 ? AxisMap.Whole(1) : new AxisMap(x[-2], y[-2], -a.Top), columns);
    }

    private static int DimOf(OpNode<SliceAttributes> n)
    {
        Shape x = n[0].Shape;
        int dim = n.Attributes.Dim < 0 ? n.Attributes.Dim + x.Rank : n.Attributes.Dim;
        return dim >= 0 && dim < x.Rank ? dim
            : throw new ShapeMismatchException("slice", "dim", $"{n.Attributes.Dim} of input {x}, which has {x.Rank} dimensions");
    }

    private static (int Start, int Count) Range(OpNode<SliceAttributes> n)
    {
        SliceAttributes a = n.Attributes;
        if (a.Step < 1)
        {
            throw new ShapeMismatchException("slice", "step", $"{a.Step}; it must be at least 1");
        }

        int size = n[0].Shape[DimOf(n)];
        int start = Place(a.Start, size);
        int length = Math.Max(0, Place(a.End, size) - start);
        return (start, (int)((length + (long)a.Step - 1) / a.Step));
    }

    private static int Place(int place, int size) => Math.Clamp(place < 0 ? place + size : place, 0, size);

    private static int Padded(Shape x, int size, int before, int after) => (long)size + before + after is >= 0 and <= int.MaxValue and long padded
        ? (int)padded
        : throw new ShapeMismatchException(
            "pad", "input", $"{x} padded by {before} and {after} would have {(long)size + before + after} elements in a dimension of {size}");

    private static Shape WithSize(Shape shape, int dim, int size)
    {
        Span<int> sizes = stackalloc int[shape.Rank];
        for (int d = 0; d < sizes.Length; d++)
        {
            sizes[d] = d == dim ? size : shape[d];
        }

        return Shape.Of(sizes);
    }
}
