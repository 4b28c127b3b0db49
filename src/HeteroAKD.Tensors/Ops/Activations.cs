using HeteroAKD.Kernels.Pixelwise;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Tensors.Ops;

/// <summary>An operation without attributes.</summary>
public readonly record struct NoAttributes;

/// <summary>Element-wise functions.</summary>
public static class Activations
{
    private static readonly OpInput[] s_input = [new("input", "any")];

    /// <summary>max(x, 0).</summary>
    public static readonly OpRow<NoAttributes> Relu = Row<Kernels.Pixelwise.Relu>("relu", "max(x, 0); torch.nn.functional.relu", 1);

    /// <summary>min(max(x, 0), 6).</summary>
    public static readonly OpRow<NoAttributes> Relu6 = Row<Kernels.Pixelwise.Relu6>("relu6", "min(max(x, 0), 6); torch.nn.functional.relu6", 1);

    /// <summary>x · ½ (1 + erf(x/√2)).</summary>
    public static readonly OpRow<NoAttributes> Gelu = Row<Kernels.Pixelwise.Gelu>(
        "gelu", "x · ½(1 + erf(x/√2)); torch.nn.functional.gelu(approximate='none')", 8);

    /// <summary>x · sigmoid(x).</summary>
    public static readonly OpRow<NoAttributes> Silu = Row<Kernels.Pixelwise.Silu>("silu", "x · sigmoid(x); torch.nn.functional.silu", 8);

    /// <summary>x · min(max(x + 3, 0), 6) / 6.</summary>
    public static readonly OpRow<NoAttributes> Hardswish = Row<Kernels.Pixelwise.Hardswish>(
        "hardswish", "x · min(max(x + 3, 0), 6) / 6; torch.nn.functional.hardswish", 4);

    /// <summary>1 / (1 + e^-x).</summary>
    public static readonly OpRow<NoAttributes> Sigmoid = Row<Kernels.Pixelwise.Sigmoid>("sigmoid", "1 / (1 + exp(-x)); torch.sigmoid", 6);

    /// <summary>Hyperbolic tangent.</summary>
    public static readonly OpRow<NoAttributes> Tanh = Row<Kernels.Pixelwise.Tanh>("tanh", "tanh(x); torch.tanh", 8);

    /// <summary>e^x.</summary>
    public static readonly OpRow<NoAttributes> Exp = Row<Kernels.Pixelwise.Exp>("exp", "exp(x); torch.exp", 4);

    /// <summary>log x.</summary>
    public static readonly OpRow<NoAttributes> Log = Row<Kernels.Pixelwise.Log>("log", "log(x); torch.log", 5);

    /// <summary>√x.</summary>
    public static readonly OpRow<NoAttributes> Sqrt = Row<Kernels.Pixelwise.Sqrt>("sqrt", "√x; torch.sqrt", 4);

    /// <summary>|x|; its derivative at 0 is 0.</summary>
    public static readonly OpRow<NoAttributes> Abs = Row<Absolute>("abs", "|x|; torch.abs", 1);

    /// <summary>x².</summary>
    public static readonly OpRow<NoAttributes> Square = Row<Kernels.Pixelwise.Square>("square", "x²; torch.square", 1);

    /// <summary>1 / x.</summary>
    public static readonly OpRow<NoAttributes> Reciprocal = Row<Kernels.Pixelwise.Reciprocal>("reciprocal", "1 / x; torch.reciprocal", 4);

    private static OpRow<NoAttributes> Row<TOperator>(string name, string source, int cost)
        where TOperator : struct, IUnaryOperator => new(
            name,
            source,
            s_input,
            shape: n => n[0].Shape,
            forward: n => n.Device.Pixel(
                new UnaryKernel<TOperator>(default, n[0].Mem, n.Output.Mem, n.Output.Shape.Count), 1, n.Output.Shape.Count, cost, n.DType),
            gradient: (n, dy) =>
            {
                Tensor dx = n.NewGradient(0);
                n.Device.Pixel(
                    new UnaryGradientKernel<TOperator>(default, n[0].Mem, n.Output.Mem, dy.Mem, dx.Mem, dx.Shape.Count), 1, dx.Shape.Count, cost + 1, n.DType);
                n.AddGradient(0, dx);
            });
}
