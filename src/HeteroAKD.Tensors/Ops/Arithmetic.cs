using HeteroAKD.Kernels.Pixelwise;
using HeteroAKD.Kernels.Reduce;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Tensors.Ops;

/// <summary>
/// Binary operations. The second operand is one element, or a vector [C] against an input [N, C, …] of at least two dimensions, one number a channel; all else
/// follows PyTorch's rules: shapes are aligned at their last dimensions, and in either operand a size of 1 or a missing leading dimension is spread. Where [C]
/// fits both rules, as against [N, C, H, C], per channel wins; [1, 1, 1, C] says the other. A vector as <em>first</em> operand follows PyTorch's rules. One
/// element as second operand adds no dimension.
/// </summary>
public static class Arithmetic
{
    private static readonly OpInput[] s_inputs = [new("input", "[N, C, ...]"), new("other", "[C], one element, or what broadcasts with input")];

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
            s_inputs,
            shape: n => KindOf(n) == Kind.General
                ? Broadcasting.Common(n[0].Shape, n[1].Shape) ?? throw Misfit(name, n[0].Shape, n[1].Shape)
                : n[0].Shape,
            forward: n =>
            {
                switch (KindOf(n))
                {
                    case Kind.Same: Forward<TOperator, SameShape>(n); break;
                    case Kind.One: Forward<TOperator, Scalar>(n); break;
                    case Kind.Channel: Forward<TOperator, PerChannel>(n); break;
                    default: GeneralForward<TOperator>(n); break;
                }
            },
            gradient: (n, dy) =>
            {
                switch (KindOf(n))
                {
                    case Kind.Same: SameShapeGradient<TOperator>(n, dy); break;
                    case Kind.One: ScalarGradient<TOperator>(n, dy); break;
                    case Kind.Channel: ChannelGradient<TOperator>(n, dy); break;
                    default: GeneralGradients<TOperator>(n, dy); break;
                }
            });

    /// <summary>Whether a second operand is one number a channel of the first, dimension 1.</summary>
    public static bool IsPerChannel(Shape input, Shape other) => KindOf(input, other) == Kind.Channel;

    private static Kind KindOf(OpNode<NoAttributes> n) => KindOf(n[0].Shape, n[1].Shape);

    private static Kind KindOf(Shape a, Shape b) =>
        a == b ? Kind.Same
        : b.Count == 1 ? Kind.One
        : a.Rank >= 2 && b.Rank == 1 && b[0] == a[1] ? Kind.Channel
        : Kind.General;

    private static ShapeMismatchException Misfit(string name, Shape a, Shape b) => new(
        name,
        "other",
        $"{b} does not fit input {a}; it must be [{(a.Rank > 1 ? a[1] : 1)}] (one a channel) or one element, or sizes counted from the last must be equal "
            + "or 1");

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

    private static void GeneralForward<TOperator>(OpNode<NoAttributes> n)
        where TOperator : struct, IBinaryOperator
    {
        Broadcasting places = Broadcasting.Of(n[0].Shape, n[1].Shape);
        n.Device.Pixel(
            new BroadcastKernel<TOperator>(places.A(n[0].Mem), places.B(n[1].Mem), n.Output.Mem, places.Grid), places.Rows, places.Columns, 3, n.DType);
    }

    private static void GeneralGradients<TOperator>(OpNode<NoAttributes> n, Tensor dy)
        where TOperator : struct, IBinaryOperator
    {
        bool subtracts = typeof(TOperator) == typeof(Kernels.Pixelwise.Subtract);
        bool adds = typeof(TOperator) == typeof(Kernels.Pixelwise.Add);
        GeneralGradient<Swapped<TOperator>>(n, dy, 1, isUpstream: adds);
        GeneralGradient<TOperator>(n, dy, 0, isUpstream: adds || subtracts);
    }

    // The gradient of an operand, as the first one of the operator: its terms at every place of the output, summed over the dimensions that it was spread over.
    private static void GeneralGradient<TOperator>(OpNode<NoAttributes> n, Tensor dy, int operand, bool isUpstream)
        where TOperator : struct, IBinaryOperator
    {
        if (!n.NeedsGradient(operand))
        {
            return;
        }

        (Tensor own, Tensor other) = (n[operand], n[1 - operand]);
        Broadcasting places = Broadcasting.Of(own.Shape, other.Shape);
        int spread = places.SpreadOf(own.Shape);
        Tensor gradient = n.NewGradient(operand);
        if (spread != 0 && isUpstream)
        {
            Fold.Run<SumFold>(dy, spread, gradient, divisor: 1);
        }
        else
        {
            Tensor terms = spread == 0 ? gradient : n.New(dy.Shape);
            n.Device.Pixel(
                new BroadcastGradientKernel<TOperator>(
                    places.A(own.Mem), places.B(other.Mem), dy.Mem, terms.Mem, places.Grid), places.Rows, places.Columns, 3, n.DType);
            if (spread != 0)
            {
                Fold.Run<SumFold>(terms, spread, gradient, divisor: 1);
                terms.Dispose();
            }
        }

        n.AddGradient(operand, gradient);
    }

    /// <summary>How the second operand lies against the first.</summary>
    private enum Kind
    {
        /// <summary>One element each.</summary>
        Same,

        /// <summary>One element for all.</summary>
        One,

        /// <summary>One element a channel.</summary>
        Channel,

        /// <summary>By PyTorch's rules, either operand spread.</summary>
        General,
    }
}
