using System.Numerics;

namespace HeteroAKD.CudaEmulator.Execution;

internal readonly struct Equal<T> : ITest<T>
    where T : IComparisonOperators<T, T, bool>
{
    public static bool Apply(T a, T b) => a == b;
}

internal readonly struct NotEqual<T> : ITest<T>
    where T : IComparisonOperators<T, T, bool>
{
    public static bool Apply(T a, T b) => a < b || a > b;
}

internal readonly struct Less<T> : ITest<T>
    where T : IComparisonOperators<T, T, bool>
{
    public static bool Apply(T a, T b) => a < b;
}

internal readonly struct LessOrEqual<T> : ITest<T>
    where T : IComparisonOperators<T, T, bool>
{
    public static bool Apply(T a, T b) => a <= b;
}

internal readonly struct Greater<T> : ITest<T>
    where T : IComparisonOperators<T, T, bool>
{
    public static bool Apply(T a, T b) => a > b;
}

internal readonly struct GreaterOrEqual<T> : ITest<T>
    where T : IComparisonOperators<T, T, bool>
{
    public static bool Apply(T a, T b) => a >= b;
}

internal readonly struct Ordered<T> : ITest<T>
    where T : IFloatingPointIeee754<T>
{
    public static bool Apply(T a, T b) => !T.IsNaN(a) && !T.IsNaN(b);
}

internal readonly struct Unordered<T> : ITest<T>
    where T : IFloatingPointIeee754<T>
{
    public static bool Apply(T a, T b) => T.IsNaN(a) || T.IsNaN(b);
}

/// <summary>A comparison that also holds where an operand is NaN.</summary>
internal readonly struct OrUnordered<TTest, T> : ITest<T>
    where TTest : ITest<T>
    where T : IFloatingPointIeee754<T>
{
    public static bool Apply(T a, T b) => T.IsNaN(a) || T.IsNaN(b) || TTest.Apply(a, b);
}
