using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;

namespace HeteroAKD.Kernels.Pixelwise;

/// <summary>x itself: a copy.</summary>
public readonly struct Identity : IUnaryOperator
{
    public static bool GradientReadsInput => false;

    public static bool GradientReadsOutput => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Forward<TLane>(TLane x)
        where TLane : unmanaged, ILane<TLane> => x;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Gradient<TLane>(TLane x, TLane y)
        where TLane : unmanaged, ILane<TLane> => TLane.Splat(1f);

    public double Reference(double x) => x;

    public double ReferenceGradient(double x) => 1;
}

/// <summary>e^x.</summary>
public readonly struct Exp : IUnaryOperator
{
    public static bool GradientReadsInput => false;

    public static bool GradientReadsOutput => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Forward<TLane>(TLane x)
        where TLane : unmanaged, ILane<TLane> => TLane.Exp(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Gradient<TLane>(TLane x, TLane y)
        where TLane : unmanaged, ILane<TLane> => y;

    public double Reference(double x) => Math.Exp(x);

    public double ReferenceGradient(double x) => Math.Exp(x);
}

/// <summary>Natural logarithm.</summary>
public readonly struct Log : IUnaryOperator
{
    public static bool GradientReadsInput => true;

    public static bool GradientReadsOutput => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Forward<TLane>(TLane x)
        where TLane : unmanaged, ILane<TLane> => TLane.Log(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Gradient<TLane>(TLane x, TLane y)
        where TLane : unmanaged, ILane<TLane> => TLane.Reciprocal(x);

    public double Reference(double x) => Math.Log(x);

    public double ReferenceGradient(double x) => 1 / x;
}

/// <summary>Square root.</summary>
public readonly struct Sqrt : IUnaryOperator
{
    public static bool GradientReadsInput => false;

    public static bool GradientReadsOutput => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Forward<TLane>(TLane x)
        where TLane : unmanaged, ILane<TLane> => TLane.Sqrt(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Gradient<TLane>(TLane x, TLane y)
        where TLane : unmanaged, ILane<TLane> => TLane.Splat(0.5f) / y;

    public double Reference(double x) => Math.Sqrt(x);

    public double ReferenceGradient(double x) => 0.5 / Math.Sqrt(x);
}

/// <summary>-x.</summary>
public readonly struct Negate : IUnaryOperator
{
    public static bool GradientReadsInput => false;

    public static bool GradientReadsOutput => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Forward<TLane>(TLane x)
        where TLane : unmanaged, ILane<TLane> => -x;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Gradient<TLane>(TLane x, TLane y)
        where TLane : unmanaged, ILane<TLane> => TLane.Splat(-1f);

    public double Reference(double x) => -x;

    public double ReferenceGradient(double x) => -1;
}

/// <summary>|x|; derivative 0 at 0.</summary>
public readonly struct Absolute : IUnaryOperator
{
    public static bool GradientReadsInput => true;

    public static bool GradientReadsOutput => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Forward<TLane>(TLane x)
        where TLane : unmanaged, ILane<TLane> => TLane.Abs(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Gradient<TLane>(TLane x, TLane y)
        where TLane : unmanaged, ILane<TLane> =>
            TLane.SelectGreater(x, TLane.Splat(0f), TLane.Splat(1f), TLane.SelectGreater(TLane.Splat(0f), x, TLane.Splat(-1f), TLane.Splat(0f)));

    public double Reference(double x) => Math.Abs(x);

    public double ReferenceGradient(double x) => x > 0 ? 1 : x < 0 ? -1 : 0;
}

/// <summary>x².</summary>
public readonly struct Square : IUnaryOperator
{
    public static bool GradientReadsInput => true;

    public static bool GradientReadsOutput => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Forward<TLane>(TLane x)
        where TLane : unmanaged, ILane<TLane> => x * x;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Gradient<TLane>(TLane x, TLane y)
        where TLane : unmanaged, ILane<TLane> => x + x;

    public double Reference(double x) => x * x;

    public double ReferenceGradient(double x) => 2 * x;
}

/// <summary>1 / x.</summary>
public readonly struct Reciprocal : IUnaryOperator
{
    public static bool GradientReadsInput => false;

    public static bool GradientReadsOutput => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Forward<TLane>(TLane x)
        where TLane : unmanaged, ILane<TLane> => TLane.Reciprocal(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Gradient<TLane>(TLane x, TLane y)
        where TLane : unmanaged, ILane<TLane> => -(y * y);

    public double Reference(double x) => 1 / x;

    public double ReferenceGradient(double x) => -1 / (x * x);
}

/// <summary>scale · x + shift.</summary>
public readonly struct ScaleShift(float scale, float shift) : IUnaryOperator
{
    public static bool GradientReadsInput => false;

    public static bool GradientReadsOutput => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Forward<TLane>(TLane x)
        where TLane : unmanaged, ILane<TLane> => TLane.Fma(x, TLane.Splat(scale), TLane.Splat(shift));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Gradient<TLane>(TLane x, TLane y)
        where TLane : unmanaged, ILane<TLane> => TLane.Splat(scale);

    public double Reference(double x) => (scale * x) + shift;

    public double ReferenceGradient(double x) => scale;
}
