using HeteroAKD.Kernels.Reduce;

namespace HeteroAKD.Tensors.Ops;

/// <summary>
/// Reduces dimensions of a tensor: the reduced ones from the last to the first, neighbours as one, each as the axis of [outer, length, inner].
/// </summary>
internal static class Fold
{
    // Constants, so that sums are added in the same order on every machine. A row gives a group of threads something to do, an axis one thread.
    private const int RowPiece = 4096;
    private const int AxisPiece = 256;

    /// <summary>y = the fold of x over the dimensions of a mask / divisor.</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="mask">Bit d for dimension d.</param>
    /// <param name="y">As many elements as the other dimensions hold.</param>
    /// <param name="divisor">1, or for a mean the elements behind one of y.</param>
    public static void Run<TFold>(Tensor x, int mask, Tensor y, int divisor)
        where TFold : struct, IFold
    {
        Span<int> sizes = stackalloc int[Shape.MaxRank];
        sizes = sizes[..Compact(x.Shape, ref mask, sizes)];
        Tensor source = x;
        while (true)
        {
            (int first, int end) = LastRun(sizes, mask);
            (int outer, int length, int inner) = (Product(sizes[..first]), Product(sizes[first..end]), Product(sizes[end..]));
            sizes[first..end].Fill(1);
            mask &= (1 << first) - 1;
            bool last = mask == 0;
            Tensor target = last ? y : Tensor.Empty(x.Device, new Shape(outer * inner), SumType(x));
            Axis<TFold>(source, length == 1 ? 1 : outer, length, length == 1 ? outer * inner : inner, target, last ? divisor : 1);
            Release(source, x);
            if (last)
            {
                return;
            }

            source = target;
        }
    }

    // Leaves out dimensions of size 1, so that the dimensions on either side of them become neighbours; returns how many are left.
    private static int Compact(Shape shape, ref int mask, Span<int> sizes)
    {
        (int rank, int reduced) = (0, 0);
        for (int d = 0; d < shape.Rank; d++)
        {
            if (shape[d] != 1)
            {
                reduced |= (mask >> d & 1) << rank;
                sizes[rank++] = shape[d];
            }
        }

        mask = reduced;
        return rank;
    }

    // A long axis leaves a partial result for each piece, which is an axis again.
    private static void Axis<TFold>(Tensor x, int outer, int length, int inner, Tensor y, int divisor)
        where TFold : struct, IFold
    {
        int piece = inner == 1 ? RowPiece : AxisPiece;
        Tensor source = x;
        while (true)
        {
            int pieces = Math.Max(1, (length + piece - 1) / piece);
            bool last = pieces == 1;
            Tensor target = last ? y : Tensor.Empty(x.Device, new Shape(outer * pieces * inner), SumType(x));
            Launch<TFold>(source, target, outer, (length, inner), (piece, pieces), last ? divisor : 1, x.DType);
            Release(source, x);
            if (last)
            {
                return;
            }

            source = target;
            length = pieces;
        }
    }

    private static void Launch<TFold>(Tensor x, Tensor y, int outer, (int Length, int Inner) axis, (int Length, int Count) pieces, int divisor, DType type)
        where TFold : struct, IFold
    {
        int rows = outer * pieces.Count;
        int cost = Math.Min(axis.Length, pieces.Length) + 1;
        if (axis.Inner == 1)
        {
            x.Device.Rows(new RowFoldKernel<TFold>(x.Mem, y.Mem, axis.Length, pieces.Length, pieces.Count, divisor), rows, axis.Length, cost, type);
        }
        else
        {
            x.Device.Pixel(
                new AxisFoldKernel<TFold>(x.Mem, y.Mem, axis.Length, axis.Inner, pieces.Length, pieces.Count, divisor), rows, axis.Inner, cost, type);
        }
    }

    // The last neighbours that are reduced, or an empty run at the start.
    private static (int First, int End) LastRun(ReadOnlySpan<int> sizes, int mask)
    {
        int end = sizes.Length;
        while (end > 0 && (mask & (1 << (end - 1))) == 0)
        {
            end--;
        }

        int first = end;
        while (first > 0 && (mask & (1 << (first - 1))) != 0)
        {
            first--;
        }

        return (first, end);
    }

    private static int Product(ReadOnlySpan<int> sizes)
    {
        int product = 1;
        foreach (int size in sizes)
        {
            product *= size;
        }

        return product;
    }

    private static DType SumType(Tensor x) => x.DType == DType.BFloat16 ? DType.Float32 : x.DType;

    private static void Release(Tensor source, Tensor x)
    {
        if (!ReferenceEquals(source, x))
        {
            source.Dispose();
        }
    }
}
