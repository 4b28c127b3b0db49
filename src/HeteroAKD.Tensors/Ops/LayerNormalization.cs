using HeteroAKD.Kernels.Reduce;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Tensors.Ops;

/// <summary>Attributes of layer normalisation.</summary>
/// <param name="Eps">Added to the variance.</param>
public readonly record struct LayerNormAttributes(float Eps = 1e-5f)
{
    /// <summary>The defaults; without it <c>new()</c> would zero every field.</summary>
    public LayerNormAttributes()
        : this(Eps: 1e-5f)
    {
    }
}

/// <summary>Layer normalisation over the last dimension.</summary>
public static class LayerNormalization
{
    /// <summary>The row of the table. Kept: 0 mean [rows], 1 rstd [rows].</summary>
    public static readonly OpRow<LayerNormAttributes> Row = new(
        "layer_norm",
        "normalises the last dimension; torch.nn.functional.layer_norm",
        [new("input", "[..., C]"), new("weight", "[C]", Parameter: true), new("bias", "[C]", Parameter: true)],
        shape: n =>
        {
            Shape x = n[0].Shape;
            return x.Rank > 0 && n[1].Shape == new Shape(x[-1]) && n[2].Shape == n[1].Shape
                ? x
                : throw new ShapeMismatchException(
                    "layer_norm", "weight, bias", $"{n[1].Shape} and {n[2].Shape} do not fit input {x}; both must be [{(x.Rank > 0 ? x[-1] : 1)}]");
        },
        forward: n =>
        {
            (int rows, int columns) = Sizes(n);
            Tensor mean = n.Keep(0, n.New(new Shape(rows)));
            Tensor rstd = n.Keep(1, n.New(new Shape(rows)));
            n.Device.Rows(
                new LayerNormKernel(
                    n[0].Mem, n[1].Mem, n[2].Mem, n.Output.Mem, mean.Mem, rstd.Mem, columns, n.Attributes.Eps), rows, columns, 6 * columns, n.DType);
        },
        gradient: (n, dy) =>
        {
            (int rows, int columns) = Sizes(n);
            Tensor mean = n.Extra(0)!;
            Tensor rstd = n.Extra(1)!;
            if (n.Device is HostDevice host && HostLayerNormGradient.Serves(columns) && n.NeedsGradient(0) && n.NeedsGradient(1) && n.NeedsGradient(2))
            {
                Tensor input = n.NewGradient(0), weight = n.NewGradient(1), bias = n.NewGradient(2);
                LayerNormBackward backward = new(n[0].Mem, dy.Mem, n[1].Mem, mean.Mem, rstd.Mem, input.Mem, weight.Mem, bias.Mem, rows, columns);
                HostLayerNormGradient.Run(host.Pool, backward, HostDevice.Precision(n.DType));
                n.AddGradient(0, input);
                n.AddGradient(1, weight);
                n.AddGradient(2, bias);
                return;
            }

            if (n.NeedsGradient(0))
            {
                Tensor dx = n.NewGradient(0);
                n.Device.Rows(
                    new LayerNormGradientKernel(n[0].Mem, dy.Mem, n[1].Mem, mean.Mem, rstd.Mem, dx.Mem, columns), rows, columns, 8 * columns, n.DType);
                n.AddGradient(0, dx);
            }

            if (n.NeedsGradient(1))
            {
                Tensor dweight = n.NewGradient(1);
                MatMul.SumColumns(new LayerNormWeightTerm(n[0].Mem, dy.Mem, mean.Mem, rstd.Mem, columns), rows, columns, dweight);
                n.AddGradient(1, dweight);
            }

            if (n.NeedsGradient(2))
            {
                Tensor dbias = n.NewGradient(2);
                MatMul.SumColumns(dy, rows, columns, dbias);
                n.AddGradient(2, dbias);
            }
        },
        "mean",
        "rstd")
    {
        WhenEmpty = n =>
        {
            // A mean over no column is none.
            Shape rows = new(Rows(n[0].Shape));
            n.Keep(0, Tensor.Full(n.Device, rows, float.NaN, n.SumType));
            n.Keep(1, Tensor.Full(n.Device, rows, float.NaN, n.SumType));
        },
    };

    private static int Rows(Shape shape)
    {
        int rows = 1;
        for (int d = 0; d < shape.Rank - 1; d++)
        {
            rows *= shape[d];
        }

        return rows;
    }

    private static (int Rows, int Columns) Sizes(OpNode<LayerNormAttributes> n) => (Rows(n[0].Shape), n[0].Shape[-1]);
}
