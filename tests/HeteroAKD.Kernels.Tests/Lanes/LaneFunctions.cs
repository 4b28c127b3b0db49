using HeteroAKD.Kernels.Lanes;

namespace HeteroAKD.Kernels.Tests.Lanes;

/// <summary>A function of one lane and the truth in double.</summary>
public interface ILaneFunction
{
    /// <summary>The lane's function.</summary>
    static abstract T Run<T>(T x)
        where T : unmanaged, ILane<T>;

    /// <summary>The same in double.</summary>
    static abstract double Truth(double x);
}

public readonly struct ExpFunction : ILaneFunction
{
    public static T Run<T>(T x)
        where T : unmanaged, ILane<T> => T.Exp(x);

    public static double Truth(double x) => Math.Exp(x);
}

public readonly struct ExpNonpositiveFunction : ILaneFunction
{
    public static T Run<T>(T x)
        where T : unmanaged, ILane<T> => T.ExpNonpositive(x);

    public static double Truth(double x) => Math.Exp(x);
}

public readonly struct LogFunction : ILaneFunction
{
    public static T Run<T>(T x)
        where T : unmanaged, ILane<T> => T.Log(x);

    public static double Truth(double x) => Math.Log(x);
}

public readonly struct Log1pFunction : ILaneFunction
{
    public static T Run<T>(T x)
        where T : unmanaged, ILane<T> => T.Log1p(x);

    public static double Truth(double x) => MathNet.Numerics.SpecialFunctions.Log1p(x);
}

public readonly struct Log1pExpFunction : ILaneFunction
{
    public static T Run<T>(T x)
        where T : unmanaged, ILane<T> => T.Log1pExp(x);

    public static double Truth(double x) => double.IsNaN(x) ? x : Math.Max(x, 0) + MathNet.Numerics.SpecialFunctions.Log1p(Math.Exp(-Math.Abs(x)));
}

public readonly struct TanhFunction : ILaneFunction
{
    public static T Run<T>(T x)
        where T : unmanaged, ILane<T> => T.Tanh(x);

    public static double Truth(double x) => Math.Tanh(x);
}

public readonly struct NormalTailFunction : ILaneFunction
{
    public static T Run<T>(T x)
        where T : unmanaged, ILane<T> => T.NormalTail(x);

    public static double Truth(double x) => 0.5 * MathNet.Numerics.SpecialFunctions.Erfc(x * Math.Sqrt(0.5));
}

public readonly struct CenteredGeluSlopeFunction : ILaneFunction
{
    public static T Run<T>(T x)
        where T : unmanaged, ILane<T> => T.CenteredGeluSlope(x);

    public static double Truth(double x)
        => (0.5 * MathNet.Numerics.SpecialFunctions.Erf(x * Math.Sqrt(0.5))) + (double.IsInfinity(x) ? 0 : x * Math.Exp(-0.5 * x * x) / Math.Sqrt(2 * Math.PI));
}

public readonly struct SqrtFunction : ILaneFunction
{
    public static T Run<T>(T x)
        where T : unmanaged, ILane<T> => T.Sqrt(x);

    public static double Truth(double x) => Math.Sqrt(x);
}

public readonly struct ReciprocalFunction : ILaneFunction
{
    public static T Run<T>(T x)
        where T : unmanaged, ILane<T> => T.Reciprocal(x);

    public static double Truth(double x) => 1 / x;
}

public readonly struct RsqrtFunction : ILaneFunction
{
    public static T Run<T>(T x)
        where T : unmanaged, ILane<T> => T.Rsqrt(x);

    public static double Truth(double x) => 1 / Math.Sqrt(x);
}
