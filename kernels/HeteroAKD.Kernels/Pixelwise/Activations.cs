using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using MathNet.Numerics;

namespace HeteroAKD.Kernels.Pixelwise;

/// <summary>max(x, 0); derivative 0 at 0, 1 at NaN (torch.nn.ReLU).</summary>
public readonly struct Relu : IUnaryOperator
{
    public static bool GradientReadsInput => false;

    public static bool GradientReadsOutput => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Forward<TLane>(TLane x)
        where TLane : unmanaged, ILane<TLane> => TLane.Max(x, TLane.Splat(0f));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Gradient<TLane>(TLane x, TLane y)
        where TLane : unmanaged, ILane<TLane> => TLane.SelectEqual(y, TLane.Splat(0f), TLane.Splat(0f), TLane.Splat(1f));

    public double Reference(double x) => Math.Max(x, 0);

    public double ReferenceGradient(double x) => x <= 0 ? 0 : 1;
}

/// <summary>min(max(x, 0), 6); derivative 0 at both ends, 1 at NaN (torch.nn.ReLU6).</summary>
public readonly struct Relu6 : IUnaryOperator
{
    public static bool GradientReadsInput => false;

    public static bool GradientReadsOutput => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Forward<TLane>(TLane x)
        where TLane : unmanaged, ILane<TLane> => TLane.Min(TLane.Max(x, TLane.Splat(0f)), TLane.Splat(6f));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Gradient<TLane>(TLane x, TLane y)
        where TLane : unmanaged, ILane<TLane> =>
            TLane.SelectEqual(y, TLane.Splat(0f), TLane.Splat(0f), TLane.SelectEqual(y, TLane.Splat(6f), TLane.Splat(0f), TLane.Splat(1f)));

    public double Reference(double x) => Math.Min(Math.Max(x, 0), 6);

    public double ReferenceGradient(double x) => x is <= 0 or >= 6 ? 0 : 1;
}

/// <summary>x · min(max(x + 3, 0), 6) / 6; derivative 0 below -3 and 1 above 3 (torch.nn.Hardswish).</summary>
public readonly struct Hardswish : IUnaryOperator
{
    public static bool GradientReadsInput => true;

    public static bool GradientReadsOutput => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Forward<TLane>(TLane x)
        where TLane : unmanaged, ILane<TLane> =>
        x * TLane.Min(TLane.Max(x + TLane.Splat(3f), TLane.Splat(0f)), TLane.Splat(6f)) / TLane.Splat(6f);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Gradient<TLane>(TLane x, TLane y)
        where TLane : unmanaged, ILane<TLane>
    {
        TLane three = TLane.Splat(3f);
        TLane slope = (x / three) + TLane.Splat(0.5f);
        return TLane.SelectGreater(-three, x, TLane.Splat(0f), TLane.SelectGreater(x, three, TLane.Splat(1f), slope));
    }

    public double Reference(double x) => x * Math.Min(Math.Max(x + 3, 0), 6) / 6;

    public double ReferenceGradient(double x) => x < -3 ? 0 : x > 3 ? 1 : (x / 3) + 0.5;
}

/// <summary>x · Φ(x) with the exact normal distribution Φ (torch.nn.GELU, approximate = none).</summary>
public readonly struct Gelu : IUnaryOperator
{
    public static bool GradientReadsInput => true;

    public static bool GradientReadsOutput => false;

    // x Φ(x) = max(x, 0) − |x| Φ(−|x|): nothing cancels where x is negative. "Larger" only makes infinity times zero a zero.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Forward<TLane>(TLane x)
        where TLane : unmanaged, ILane<TLane>
    {
        TLane half = TLane.Splat(0.5f);
        TLane a = TLane.Abs(x);
        return TLane.Fma(half, x, half * a) - TLane.Larger(a * TLane.NormalTail(a), TLane.Splat(0f));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Gradient<TLane>(TLane x, TLane y)
        where TLane : unmanaged, ILane<TLane> => TLane.CenteredGeluSlope(x) + TLane.Splat(0.5f);

    public double Reference(double x) => x * 0.5 * (1 + SpecialFunctions.Erf(x * Math.Sqrt(0.5)));

    public double ReferenceGradient(double x) => (0.5 * (1 + SpecialFunctions.Erf(x * Math.Sqrt(0.5)))) + (x * Math.Exp(-0.5 * x * x) / Math.Sqrt(2 * Math.PI));
}

/// <summary>x · σ(x) (torch.nn.SiLU).</summary>
public readonly struct Silu : IUnaryOperator
{
    public static bool GradientReadsInput => true;

    public static bool GradientReadsOutput => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Forward<TLane>(TLane x)
        where TLane : unmanaged, ILane<TLane> => x * Sigmoid.Of(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Gradient<TLane>(TLane x, TLane y)
        where TLane : unmanaged, ILane<TLane> => Derivative(x, TLane.Exp(-TLane.Max(x, TLane.Splat(-80f))));

    public double Reference(double x) => x / (1 + Math.Exp(-x));

    public double ReferenceGradient(double x) => (1 + (x / (1 + Math.Exp(x)))) / (1 + Math.Exp(-x));

    // σ·(1 + x·(1 - σ)) with 1 - σ as e^-x·σ, which keeps the digits that a difference would lose; the cap keeps e^-x finite. x - x is 0, and NaN at an
    // infinity, where PyTorch has NaN.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLane Derivative<TLane>(TLane x, TLane exponential)
        where TLane : unmanaged, ILane<TLane>
    {
        TLane sigmoid = TLane.Reciprocal(TLane.Splat(1f) + exponential);
        return sigmoid * TLane.Fma(x, exponential * sigmoid, TLane.Splat(1f) + (x - x));
    }
}

/// <summary>Hyperbolic tangent.</summary>
public readonly struct Tanh : IUnaryOperator
{
    public static bool GradientReadsInput => false;

    public static bool GradientReadsOutput => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Forward<TLane>(TLane x)
        where TLane : unmanaged, ILane<TLane> => TLane.Tanh(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Gradient<TLane>(TLane x, TLane y)
        where TLane : unmanaged, ILane<TLane> => TLane.Fma(-y, y, TLane.Splat(1f));

    public double Reference(double x) => Math.Tanh(x);

    public double ReferenceGradient(double x) => 1 - (Math.Tanh(x) * Math.Tanh(x));
}

/// <summary>σ(x) = 1 / (1 + e^-x).</summary>
public readonly struct Sigmoid : IUnaryOperator
{
    public static bool GradientReadsInput => false;

    public static bool GradientReadsOutput => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Forward<TLane>(TLane x)
        where TLane : unmanaged, ILane<TLane> => Of(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Gradient<TLane>(TLane x, TLane y)
        where TLane : unmanaged, ILane<TLane> => y * (TLane.Splat(1f) - y);

    public double Reference(double x) => 1 / (1 + Math.Exp(-x));

    public double ReferenceGradient(double x) => 1 / (1 + Math.Exp(-x)) / (1 + Math.Exp(x));

    /// <summary>σ(x); where e^-x overflows the quotient is 0, as it should be.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Of<TLane>(TLane x)
        where TLane : unmanaged, ILane<TLane> => TLane.Reciprocal(TLane.Splat(1f) + TLane.Exp(-x));
}
