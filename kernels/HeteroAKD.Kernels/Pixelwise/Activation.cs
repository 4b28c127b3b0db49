using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;

namespace HeteroAKD.Kernels.Pixelwise;

/// <summary>The element-wise function at the end of a layer.</summary>
public enum ActivationKind
{
    /// <summary>x.</summary>
    None,

    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>min(max(x, 0), 6).</summary>
    Relu6,

    /// <summary>x Φ(x) with the error function, as <c>torch.nn.GELU()</c>.</summary>
    Gelu,

    /// <summary>x σ(x).</summary>
    Silu,
}

/// <summary>The formulas of <see cref="ActivationKind"/>, shared by the element-wise kernels and by the epilogues of products and convolutions.</summary>
public static class Activation
{
    private const float InverseSqrt2 = 0.70710678118654752f;
    private const float InverseSqrt2Pi = 0.39894228040143268f;

    /// <summary>f(x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Apply<TLane>(ActivationKind kind, TLane x)
        where TLane : unmanaged, ILane<TLane>
    {
        TLane zero = TLane.Splat(0f);
        if (kind == ActivationKind.Relu)
        {
            return TLane.Max(x, zero);
        }

        if (kind == ActivationKind.Relu6)
        {
            return TLane.Min(TLane.Max(x, zero), TLane.Splat(6f));
        }

        if (kind == ActivationKind.Gelu)
        {
            return x * NormalCdf(x);
        }

        return kind == ActivationKind.Silu ? x * Sigmoid(x) : x;
    }

    /// <summary>df/dx at the input x. At a kink the value is PyTorch's: 0 at x = 0, and for <see cref="ActivationKind.Relu6"/> 0 at x = 6.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Derivative<TLane>(ActivationKind kind, TLane x)
        where TLane : unmanaged, ILane<TLane>
    {
        TLane zero = TLane.Splat(0f);
        TLane one = TLane.Splat(1f);
        if (kind == ActivationKind.Relu)
        {
            return TLane.SelectGreater(x, zero, one, zero);
        }

        if (kind == ActivationKind.Relu6)
        {
            return TLane.SelectGreater(x, zero, TLane.SelectGreater(TLane.Splat(6f), x, one, zero), zero);
        }

        if (kind == ActivationKind.Gelu)
        {
            TLane density = TLane.Splat(InverseSqrt2Pi) * TLane.Exp(TLane.Splat(-0.5f) * x * x);
            return TLane.Fma(x, density, NormalCdf(x));
        }

        if (kind == ActivationKind.Silu)
        {
            TLane sigmoid = Sigmoid(x);
            return sigmoid * TLane.Fma(x, one - sigmoid, one);
        }

        return one;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLane NormalCdf<TLane>(TLane x)
        where TLane : unmanaged, ILane<TLane>
        => TLane.Splat(0.5f) * (TLane.Splat(1f) + TLane.Erf(x * TLane.Splat(InverseSqrt2)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLane Sigmoid<TLane>(TLane x)
        where TLane : unmanaged, ILane<TLane>
        => TLane.Splat(1f) / (TLane.Splat(1f) + TLane.Exp(-x));
}
