using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Tensors.Ops;

/// <summary>Attributes of a conversion.</summary>
/// <param name="Dtype">Element type of the output.</param>
public readonly record struct ToAttributes(DType Dtype = DType.Float32)
{
    /// <summary>The defaults; without it <c>new()</c> would zero every field.</summary>
    public ToAttributes()
        : this(Dtype: DType.Float32)
    {
    }
}

/// <summary>Conversions between float types.</summary>
public static class Cast
{
    /// <summary>The same numbers as another type; the gradient is converted back.</summary>
    public static readonly OpRow<ToAttributes> To = new(
        "to",
        "the same numbers as float32 or bfloat16 (to nearest, ties to even); torch.Tensor.to",
        [new("input", "any")],
        shape: n => n[0].Shape,
        forward: n => Copy.Run(n[0], n.Output),
        gradient: (n, dy) =>
        {
            Tensor dx = n.NewGradient(0);
            Copy.Run(dy, dx);
            n.AddGradient(0, dx);
        })
    {
        OutputType = n => TypeOf(n.DType, n.Attributes.Dtype),
    };

    /// <summary>The type that a tensor has after a conversion. float64 is float32's place in gradient checks and stays.</summary>
    /// <exception cref="DTypeMismatchException">Not one of the types that are converted to.</exception>
    internal static DType TypeOf(DType from, DType to) =>
        to is not (DType.Float32 or DType.BFloat16) ? throw new DTypeMismatchException("to", "dtype", $"{DType.Float32} or {DType.BFloat16}", to)
        : from == DType.Float64 ? from
        : to;
}
