using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;

namespace HeteroAKD.Kernels.Pixelwise;

/// <summary>A function of two numbers and what flows back to each of them.</summary>
public interface IBinaryOperator
{
    /// <summary>Whether the gradients look at a and b; if not, any memory may stand for them and neither need be kept.</summary>
    static abstract bool GradientReadsOperands { get; }

    /// <summary>y = f(a, b).</summary>
    TLane Forward<TLane>(TLane a, TLane b)
        where TLane : unmanaged, ILane<TLane>;

    /// <summary>dy · ∂f/∂a.</summary>
    TLane GradientA<TLane>(TLane dy, TLane a, TLane b)
        where TLane : unmanaged, ILane<TLane>;

    /// <summary>dy · ∂f/∂b.</summary>
    TLane GradientB<TLane>(TLane dy, TLane a, TLane b)
        where TLane : unmanaged, ILane<TLane>;

    /// <summary>The specification of f.</summary>
    double Reference(double a, double b);

    /// <summary>The specification of ∂f/∂a.</summary>
    double ReferenceGradientA(double a, double b);

    /// <summary>The specification of ∂f/∂b.</summary>
    double ReferenceGradientB(double a, double b);
}

/// <summary>a + b.</summary>
public readonly struct Add : IBinaryOperator
{
    public static bool GradientReadsOperands => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Forward<TLane>(TLane a, TLane b)
        where TLane : unmanaged, ILane<TLane> => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane GradientA<TLane>(TLane dy, TLane a, TLane b)
        where TLane : unmanaged, ILane<TLane> => dy;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane GradientB<TLane>(TLane dy, TLane a, TLane b)
        where TLane : unmanaged, ILane<TLane> => dy;

    public double Reference(double a, double b) => a + b;

    public double ReferenceGradientA(double a, double b) => 1;

    public double ReferenceGradientB(double a, double b) => 1;
}

/// <summary>a - b.</summary>
public readonly struct Subtract : IBinaryOperator
{
    public static bool GradientReadsOperands => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Forward<TLane>(TLane a, TLane b)
        where TLane : unmanaged, ILane<TLane> => a - b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane GradientA<TLane>(TLane dy, TLane a, TLane b)
        where TLane : unmanaged, ILane<TLane> => dy;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane GradientB<TLane>(TLane dy, TLane a, TLane b)
        where TLane : unmanaged, ILane<TLane> => -dy;

    public double Reference(double a, double b) => a - b;

    public double ReferenceGradientA(double a, double b) => 1;

    public double ReferenceGradientB(double a, double b) => -1;
}

/// <summary>a · b.</summary>
public readonly struct Multiply : IBinaryOperator
{
    public static bool GradientReadsOperands => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Forward<TLane>(TLane a, TLane b)
        where TLane : unmanaged, ILane<TLane> => a * b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane GradientA<TLane>(TLane dy, TLane a, TLane b)
        where TLane : unmanaged, ILane<TLane> => dy * b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane GradientB<TLane>(TLane dy, TLane a, TLane b)
        where TLane : unmanaged, ILane<TLane> => dy * a;

    public double Reference(double a, double b) => a * b;

    public double ReferenceGradientA(double a, double b) => b;

    public double ReferenceGradientB(double a, double b) => a;
}

/// <summary>a / b.</summary>
public readonly struct Divide : IBinaryOperator
{
    public static bool GradientReadsOperands => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Forward<TLane>(TLane a, TLane b)
        where TLane : unmanaged, ILane<TLane> => a / b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane GradientA<TLane>(TLane dy, TLane a, TLane b)
        where TLane : unmanaged, ILane<TLane> => dy / b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane GradientB<TLane>(TLane dy, TLane a, TLane b)
        where TLane : unmanaged, ILane<TLane> => -(dy * a) / (b * b);

    public double Reference(double a, double b) => a / b;

    public double ReferenceGradientA(double a, double b) => 1 / b;

    public double ReferenceGradientB(double a, double b) => -a / (b * b);
}

/// <summary>a == b ? 1 : 0. Piecewise constant, so its gradient is 0.</summary>
public readonly struct Equal : IBinaryOperator
{
    public static bool GradientReadsOperands => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Forward<TLane>(TLane a, TLane b)
        where TLane : unmanaged, ILane<TLane> => TLane.SelectEqual(a, b, TLane.Splat(1f), TLane.Splat(0f));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane GradientA<TLane>(TLane dy, TLane a, TLane b)
        where TLane : unmanaged, ILane<TLane> => TLane.Splat(0f);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane GradientB<TLane>(TLane dy, TLane a, TLane b)
        where TLane : unmanaged, ILane<TLane> => TLane.Splat(0f);

    public double Reference(double a, double b) => a == b ? 1 : 0;

    public double ReferenceGradientA(double a, double b) => 0;

    public double ReferenceGradientB(double a, double b) => 0;
}

/// <summary>f(b, a): for a broadcast left operand, as in 1 - x.</summary>
public readonly struct Swapped<TOperator> : IBinaryOperator
    where TOperator : struct, IBinaryOperator
{
    public static bool GradientReadsOperands => TOperator.GradientReadsOperands;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Forward<TLane>(TLane a, TLane b)
        where TLane : unmanaged, ILane<TLane> => default(TOperator).Forward(b, a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane GradientA<TLane>(TLane dy, TLane a, TLane b)
        where TLane : unmanaged, ILane<TLane> => default(TOperator).GradientB(dy, b, a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane GradientB<TLane>(TLane dy, TLane a, TLane b)
        where TLane : unmanaged, ILane<TLane> => default(TOperator).GradientA(dy, b, a);

    public double Reference(double a, double b) => default(TOperator).Reference(b, a);

    public double ReferenceGradientA(double a, double b) => default(TOperator).ReferenceGradientB(b, a);

    public double ReferenceGradientB(double a, double b) => default(TOperator).ReferenceGradientA(b, a);
}
