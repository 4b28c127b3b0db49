using HeteroAKD.Kernels.Layout;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Tensors.Ops;

/// <summary>Attributes of a permutation.</summary>
/// <param name="Dims">The input's dimensions in the output's order.</param>
public readonly record struct PermuteAttributes(DimOrder Dims)
{
    /// <summary>One dimension, which stays.</summary>
    public PermuteAttributes()
        : this(DimOrder.Of(0))
    {
    }
}

/// <summary>Reordering of dimensions. The elements move: the output is contiguous, where PyTorch's is a view.</summary>
public static class Permutation
{
    // Offsets in a lane are floats.
    private const int ExactOffsets = (1 << 24) - 1;

    /// <summary>The row of the table.</summary>
    public static readonly OpRow<PermuteAttributes> Row = new(
        "permute",
        "the dimensions in another order; torch.permute(dims).contiguous()",
        [new("input", "any")],
        shape: n =>
        {
            Span<int> order = stackalloc int[Shape.MaxRank];
            order = Order(n[0].Shape, n.Attributes.Dims, order);
            Span<int> sizes = stackalloc int[order.Length];
            for (int d = 0; d < order.Length; d++)
            {
                sizes[d] = n[0].Shape[order[d]];
            }

            return Shape.Of(sizes);
        },
        forward: n =>
        {
            Span<int> order = stackalloc int[Shape.MaxRank];
            Move(n[0], n.Output, Order(n[0].Shape, n.Attributes.Dims, order));
        },
        gradient: (n, dy) =>
        {
            Span<int> order = stackalloc int[Shape.MaxRank];
            order = Order(n[0].Shape, n.Attributes.Dims, order);
            Span<int> inverse = stackalloc int[order.Length];
            for (int d = 0; d < order.Length; d++)
            {
                inverse[order[d]] = d;
            }

            Tensor dx = n.NewGradient(0);
            Move(dy, dx, inverse);
            n.AddGradient(0, dx);
        });

    /// <summary>The input's dimension of each of the output's, none negative.</summary>
    /// <exception cref="ShapeMismatchException">The order does not name each dimension once.</exception>
    private static Span<int> Order(Shape x, DimOrder dims, Span<int> order)
    {
        int named = 0;
        order = order[..x.Rank];
        for (int d = 0; d < Math.Min(dims.Count, x.Rank); d++)
        {
            order[d] = dims[d] < 0 ? dims[d] + x.Rank : dims[d];
            named |= order[d] >= 0 && order[d] < x.Rank ? 1 << order[d] : 0;
        }

        return dims.Count == x.Rank && named == (1 << x.Rank) - 1
            ? order
            : throw new ShapeMismatchException("permute", "dims", $"{dims} for input {x}; it must name each of its {x.Rank} dimensions once");
    }

    // Dimensions of size 1 do not count, and neighbours that stay neighbours are one.
    private static void Move(Tensor x, Tensor y, ReadOnlySpan<int> order)
    {
        Span<int> sizes = [1, 1, 1, 1];
        Span<int> strides = [0, 0, 0, 0];
        int used = sizes.Length;
        for (int d = order.Length - 1; d >= 0; d--)
        {
            int size = x.Shape[order[d]];
            int stride = x.Shape.CountFrom(order[d] + 1);
            if (size == 1)
            {
                continue;
            }

            if (used < sizes.Length && stride == strides[used] * sizes[used])
            {
                sizes[used] *= size;
                continue;
            }

            used--;
            (sizes[used], strides[used]) = (size, stride);
        }

        Move(x, y, sizes, strides, dimensions: sizes.Length - used);
    }

    private static void Move(Tensor x, Tensor y, ReadOnlySpan<int> sizes, ReadOnlySpan<int> strides, int dimensions)
    {
        if (y.Shape.Count == 0)
        {
            return;
        }

        if (dimensions <= 1)
        {
            Copy.Run(x, y);
            return;
        }

        (int rows, int columns) = (sizes[^2], sizes[^1]);
        bool exchangesLast = strides[^2] == 1 && strides[^1] == rows;
        if (exchangesLast && (dimensions == 2 || (dimensions == 3 && strides[1] == rows * columns)))
        {
            Layout.Transpose(x, y, sizes[1], columns, rows);
            return;
        }

        if (x.Device is HostDevice host)
        {
            HostPermute.Run(host.Pool, x.Mem, y.Mem, sizes, strides, HostDevice.Precision(x.DType));
            return;
        }

        PermutedAxes axes = new(sizes[1], sizes[2], columns, strides[0], strides[1], strides[2], strides[3]);
        int piece = strides[3] == 1 ? columns : Math.Max(1, ExactOffsets / strides[3]);
        for (int first = 0; first < columns; first += piece)
        {
            x.Device.Pixel(new PermuteKernel(x.Mem, y.Mem, axes, first), sizes[0] * sizes[1] * sizes[2], Math.Min(piece, columns - first), 2, x.DType);
        }
    }
}
