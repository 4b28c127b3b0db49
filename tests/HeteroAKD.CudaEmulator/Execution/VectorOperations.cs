using System.Runtime.Intrinsics;

namespace HeteroAKD.CudaEmulator.Execution;

internal readonly struct Move32 : IUnaryVector
{
    public static Vector256<uint> Apply(Vector256<uint> a) => a;
}

internal readonly struct AddI32 : IBinaryVector
{
    public static Vector256<uint> Apply(Vector256<uint> a, Vector256<uint> b) => a + b;
}

internal readonly struct SubI32 : IBinaryVector
{
    public static Vector256<uint> Apply(Vector256<uint> a, Vector256<uint> b) => a - b;
}

internal readonly struct MulLowI32 : IBinaryVector
{
    public static Vector256<uint> Apply(Vector256<uint> a, Vector256<uint> b) => a * b;
}

internal readonly struct MadLowI32 : ITernaryVector
{
    public static Vector256<uint> Apply(Vector256<uint> a, Vector256<uint> b, Vector256<uint> c) => (a * b) + c;
}

internal readonly struct MinS32 : IBinaryVector
{
    public static Vector256<uint> Apply(Vector256<uint> a, Vector256<uint> b) => Vector256.Min(a.AsInt32(), b.AsInt32()).AsUInt32();
}

internal readonly struct MaxS32 : IBinaryVector
{
    public static Vector256<uint> Apply(Vector256<uint> a, Vector256<uint> b) => Vector256.Max(a.AsInt32(), b.AsInt32()).AsUInt32();
}

internal readonly struct MinU32 : IBinaryVector
{
    public static Vector256<uint> Apply(Vector256<uint> a, Vector256<uint> b) => Vector256.Min(a, b);
}

internal readonly struct MaxU32 : IBinaryVector
{
    public static Vector256<uint> Apply(Vector256<uint> a, Vector256<uint> b) => Vector256.Max(a, b);
}

internal readonly struct NegI32 : IUnaryVector
{
    public static Vector256<uint> Apply(Vector256<uint> a) => -a;
}

internal readonly struct AbsI32 : IUnaryVector
{
    public static Vector256<uint> Apply(Vector256<uint> a) => Vector256.Abs(a.AsInt32()).AsUInt32();
}

internal readonly struct Not32 : IUnaryVector
{
    public static Vector256<uint> Apply(Vector256<uint> a) => ~a;
}

internal readonly struct And32 : IBinaryVector
{
    public static Vector256<uint> Apply(Vector256<uint> a, Vector256<uint> b) => a & b;
}

internal readonly struct Or32 : IBinaryVector
{
    public static Vector256<uint> Apply(Vector256<uint> a, Vector256<uint> b) => a | b;
}

internal readonly struct Xor32 : IBinaryVector
{
    public static Vector256<uint> Apply(Vector256<uint> a, Vector256<uint> b) => a ^ b;
}

internal readonly struct AddF32 : IBinaryVector
{
    public static Vector256<uint> Apply(Vector256<uint> a, Vector256<uint> b) => (a.AsSingle() + b.AsSingle()).AsUInt32();
}

internal readonly struct SubF32 : IBinaryVector
{
    public static Vector256<uint> Apply(Vector256<uint> a, Vector256<uint> b) => (a.AsSingle() - b.AsSingle()).AsUInt32();
}

internal readonly struct MulF32 : IBinaryVector
{
    public static Vector256<uint> Apply(Vector256<uint> a, Vector256<uint> b) => (a.AsSingle() * b.AsSingle()).AsUInt32();
}

internal readonly struct DivF32 : IBinaryVector
{
    public static Vector256<uint> Apply(Vector256<uint> a, Vector256<uint> b) => (a.AsSingle() / b.AsSingle()).AsUInt32();
}

internal readonly struct FmaF32 : ITernaryVector
{
    public static Vector256<uint> Apply(Vector256<uint> a, Vector256<uint> b, Vector256<uint> c) =>
        Vector256.FusedMultiplyAdd(a.AsSingle(), b.AsSingle(), c.AsSingle()).AsUInt32();
}

internal readonly struct ProductMinusF32 : ITernaryVector
{
    public static Vector256<uint> Apply(Vector256<uint> a, Vector256<uint> b, Vector256<uint> c) =>
        Vector256.FusedMultiplyAdd(a.AsSingle(), b.AsSingle(), -c.AsSingle()).AsUInt32();
}

internal readonly struct MinusProductF32 : ITernaryVector
{
    public static Vector256<uint> Apply(Vector256<uint> a, Vector256<uint> b, Vector256<uint> c) =>
        Vector256.FusedMultiplyAdd(-a.AsSingle(), b.AsSingle(), c.AsSingle()).AsUInt32();
}

internal readonly struct NegF32 : IUnaryVector
{
    public static Vector256<uint> Apply(Vector256<uint> a) => a ^ Vector256.Create(0x8000_0000u);
}

internal readonly struct AbsF32 : IUnaryVector
{
    public static Vector256<uint> Apply(Vector256<uint> a) => a & Vector256.Create(0x7FFF_FFFFu);
}

internal readonly struct SqrtF32 : IUnaryVector
{
    public static Vector256<uint> Apply(Vector256<uint> a) => Vector256.Sqrt(a.AsSingle()).AsUInt32();
}

internal readonly struct ReciprocalF32 : IUnaryVector
{
    public static Vector256<uint> Apply(Vector256<uint> a) => (Vector256<float>.One / a.AsSingle()).AsUInt32();
}
