using HeteroAKD.Kernels.Pixelwise;
using HeteroAKD.Kernels.Reduce;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Tensors.Ops;

/// <summary>Binary operations; the second operand has the shape of the first, or is [C] against [N, C, …], or a scalar.</summary>
public static class Arithmetic
{
    private static readonly OpInput[] Inputs = [new("input", "[N, C, ...]"), new("other", "as input, [C], or one element")];

    /// <summary>a + b.</summary>
    public static readonly OpRow<NoAttributes> Add = Row<Kernels.Pixelwise.Add>("add", "input + other; torch.add");

    /// <summary>a - b.</summary>
    public static readonly OpRow<NoAttributes> Subtract = Row<Kernels.Pixelwise.Subtract>("sub", "input - other; torch.sub");

    /// <summary>a · b.</summary>
    public static readonly OpRow<NoAttributes> Multiply = Row<Kernels.Pixelwise.Multiply>("mul", "input * other; torch.mul");

    /// <summary>a / b.</summary>
    public static readonly OpRow<NoAttributes> Divide = Row<Kernels.Pixelwise.Divide>("div", "input / other; torch.div");

    private static OpRow<NoAttributes> Row<TOperator>(string name, string source)
        where TOperator : struct, IBinaryOperator => new(
            name,
            source,
            Inputs,
            shape: n => CheckShapes(name, n[0].Shape, n[1].Shape),
            forward: n =>
            {
                if (n[0].Shape == n[1].Shape)
                {
                    Forward<TOperator, SameShape>(n);
                }
                else if (n[1].Shape.Count == 1)
                {
                    Forward<TOperator, Scalar>(n);
                }
                else
                {
                    Forward<TOperator, PerChannel>(n);
                }
            },
            gradient: (n, dy) =>
            {
                if (n[0].Shape == n[1].Shape)
                {
                    SameShapeGradient<TOperator>(n, dy);
                }
                else if (n[1].Shape.Count == 1)
                {
                    ScalarGradient<TOperator>(n, dy);
                }
                else
                {
                    ChannelGradient<TOperator>(n, dy);
                }
            });

    private static Shape CheckShapes(string name, Shape a, Shape b) =>
        a == b || b.Count == 1 || (a.Rank >= 2 && b.Rank == 1 && b[0] == a[1])
            ? a
            : throw new ShapeMismatchException(name, "other", $"{b} does not fit input {a}; it must have the same shape, be [{(a.Rank > 1 ? a[1] : 1)}] (one a channel), or one element");

    // The grid: a row is a plane for a per-channel operand, everything otherwise.
    private static (int Rows, int Columns, int Channels) Grid(OpNode<NoAttributes> n) =>
        n[0].Shape == n[1].Shape || n[1].Shape.Count == 1
            ? (1, n[0].Shape.Count, 1)
            : (n[0].Shape[0] * n[0].Shape[1], n[0].Shape.CountFrom(2), n[0].Shape[1]);

    private static void Forward<TOperator, TBroadcast>(OpNode<NoAttributes> n)
        where TOperator : struct, IBinaryOperator
        where TBroadcast : struct, IBroadcast
    {
        (int rows, int columns, int channels) = Grid(n);
        n.Device.Pixel(new BinaryKernel<TOperator, TBroadcast>(n[0].Mem, n[1].Mem, n.Output.Mem, columns, channels), rows, columns, 2, n.DType);
    }

    private static void GradientA<TOperator, TBroadcast>(OpNode<NoAttributes> n, Tensor dy)
        where TOperator : struct, IBinaryOperator
        where TBroadcast : struct, IBroadcast
    {
        if (!n.NeedsGradient(0))
        {
            return;
        }

        if (typeof(TOperator) == typeof(Kernels.Pixelwise.Add))
        {
            n.PassGradient(0, dy);
            return;
        }

        (int rows, int columns, int channels) = Grid(n);
        Tensor da = n.NewGradient(0);
        n.Device.Pixel(
            new BinaryGradientAKernel<TOperator, TBroadcast>(n[0].Mem, n[1].Mem, dy.Mem, da.Mem, columns, channels), rows, columns, 3, n.DType);
        n.AddGradient(0, da);
    }

    private static void SameShapeGradient<TOperator>(OpNode<NoAttributes> n, Tensor dy)
        where TOperator : struct, IBinaryOperator
    {
        // The operand's own gradient first: passing dy on to the first operand may hand its memory over.
        if (n.NeedsGradient(1))
        {
            if (typeof(TOperator) == typeof(Kernels.Pixelwise.Add) && !n.NeedsGradient(0))
            {
                n.PassGradient(1, dy);
            }
            else
            {
                Tensor db = n.NewGradient(1);
                int count = db.Shape.Count;
                BinaryGradientBTerm<TOperator, SameShape> term = new(n[0].Mem, n[1].Mem, dy.Mem, count, 1);
                n.Device.Pixel(new TermKernel<BinaryGradientBTerm<TOperator, SameShape>>(term, db.Mem, count), 1, count, 3, n.DType);
                n.AddGradient(1, db);
            }
        }

        GradientA<TOperator, SameShape>(n, dy);
    }

    private static void ScalarGradient<TOperator>(OpNode<NoAttributes> n, Tensor dy)
        where TOperator : struct, IBinaryOperator
    {
        if (n.NeedsGradient(1))
        {
            int count = n[0].Shape.Count;
            Tensor sums = n.New(new Shape(Kernels.Launch.Sums<Kernels.Lanes.F32>.Count));
            BinaryGradientBTerm<TOperator, Scalar> term = new(n[0].Mem, n[1].Mem, dy.Mem, count, 1);
            n.Device.PixelSums(new TotalKernel<BinaryGradientBTerm<TOperator, Scalar>>(term, 1), 1, count, 3, sums.Mem, n.DType);
            Tensor db = n.NewGradient(1);
            Copy.Run(sums.View(n[1].Shape), db);
            n.AddGradient(1, db);
        }

        GradientA<TOperator, Scalar>(n, dy);
    }

    private static void ChannelGradient<TOperator>(OpNode<NoAttributes> n, Tensor dy)
        where TOperator : struct, IBinaryOperator
    {
        if (n.NeedsGradient(1))
        {
            (int rows, int columns, int channels) = Grid(n);
            Tensor planes = n.New(new Shape(rows));
            BinaryGradientBTerm<TOperator, PerChannel> term = new(n[0].Mem, n[1].Mem, dy.Mem, columns, channels);
            n.Device.Rows(new RowSumKernel<BinaryGradientBTerm<TOperator, PerChannel>>(term, planes.Mem, columns, 1), rows, columns, 3 * columns, n.DType);
            Tensor db = n.NewGradient(1);
            n.Device.Pixel(new CombineKernel(planes.Mem, db.Mem, rows / channels, channels), 1, channels, rows / channels, n.DType);
            n.AddGradient(1, db);
        }

        GradientA<TOperator, PerChannel>(n, dy);
    }
}
