namespace HeteroAKD.Tensors;

/// <summary>
/// Operators, each the function of <see cref="Functional"/> that it names: recorded for the backward pass, broadcast as <see cref="Ops.Arithmetic"/> says.
/// </summary>
public sealed partial class Tensor
{
    /// <summary>-x.</summary>
    public static Tensor operator -(Tensor x) => Functional.Neg(x);

    /// <summary>a + b.</summary>
    public static Tensor operator +(Tensor a, Tensor b) => Functional.Add(a, b);

    /// <summary>a + number.</summary>
    public static Tensor operator +(Tensor a, float number) => Functional.Add(a, number);

    /// <summary>number + b.</summary>
    public static Tensor operator +(float number, Tensor b) => Functional.Add(b, number);

    /// <summary>a - b.</summary>
    public static Tensor operator -(Tensor a, Tensor b) => Functional.Sub(a, b);

    /// <summary>a - number.</summary>
    public static Tensor operator -(Tensor a, float number) => Functional.Sub(a, number);

    /// <summary>number - b.</summary>
    public static Tensor operator -(float number, Tensor b) => Functional.Sub(number, b);

    /// <summary>a · b, element by element; <see cref="Functional.MatMul"/> is the matrix product.</summary>
    public static Tensor operator *(Tensor a, Tensor b) => Functional.Mul(a, b);

    /// <summary>a · number.</summary>
    public static Tensor operator *(Tensor a, float number) => Functional.Mul(a, number);

    /// <summary>number · b.</summary>
    public static Tensor operator *(float number, Tensor b) => Functional.Mul(b, number);

    /// <summary>a / b.</summary>
    public static Tensor operator /(Tensor a, Tensor b) => Functional.Div(a, b);

    /// <summary>a / number.</summary>
    public static Tensor operator /(Tensor a, float number) => Functional.Div(a, number);

    /// <summary>number / b.</summary>
    public static Tensor operator /(float number, Tensor b) => Functional.Div(number, b);
}
