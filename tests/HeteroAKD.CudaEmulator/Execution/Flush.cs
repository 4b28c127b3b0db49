using System.Runtime.Intrinsics;

namespace HeteroAKD.CudaEmulator.Execution;

/// <summary>The suffix <c>.ftz</c>: subnormal operands and results are zero with their sign.</summary>
internal static class Flush
{
    /// <summary>Eight lanes with subnormal numbers replaced.</summary>
    public static Vector256<uint> Subnormals(Vector256<uint> value)
    {
        Vector256<uint> isSmall = Vector256.Equals(value & Vector256.Create(0x7F80_0000u), Vector256<uint>.Zero);
        return Vector256.ConditionalSelect(isSmall, value & Vector256.Create(0x8000_0000u), value);
    }
}

internal readonly struct FlushUnary<T> : IUnaryVector
    where T : IUnaryVector
{
    public static Vector256<uint> Apply(Vector256<uint> a) => Flush.Subnormals(T.Apply(Flush.Subnormals(a)));
}

internal readonly struct FlushBinary<T> : IBinaryVector
    where T : IBinaryVector
{
    public static Vector256<uint> Apply(Vector256<uint> a, Vector256<uint> b) => Flush.Subnormals(T.Apply(Flush.Subnormals(a), Flush.Subnormals(b)));
}

internal readonly struct FlushTernary<T> : ITernaryVector
    where T : ITernaryVector
{
    public static Vector256<uint> Apply(Vector256<uint> a, Vector256<uint> b, Vector256<uint> c) =>
        Flush.Subnormals(T.Apply(Flush.Subnormals(a), Flush.Subnormals(b), Flush.Subnormals(c)));
}

internal readonly struct FlushMap<T> : IMap1<float, float>
    where T : IMap1<float, float>
{
    public static float Apply(float a) => Zero(T.Apply(Zero(a)));

    private static float Zero(float a) => float.IsSubnormal(a) ? float.CopySign(0, a) : a;
}
