using System.Runtime.CompilerServices;
using ILGPU;

namespace HeteroAKD.Kernels.Lanes;

/// <summary>One float on the host: the tail of a row that fills no vector.</summary>
public readonly unsafe struct F32 : IFloatLane<F32>
{
    /// <summary>The number.</summary>
    public readonly float Value;

    /// <summary>Wraps a number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public F32(float value) => Value = value;

    public static int Width => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Splat(float value) => new(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Splat(int value) => new(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Iota(int start) => new(start);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 operator +(F32 a, F32 b) => new(a.Value + b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 operator -(F32 a, F32 b) => new(a.Value - b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 operator *(F32 a, F32 b) => new(a.Value * b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 operator /(F32 a, F32 b) => new(a.Value / b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 operator -(F32 a) => new(-a.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 DivideNormal(F32 a, F32 b) => a / b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Fma(F32 a, F32 b, F32 c) => new(MathF.FusedMultiplyAdd(a.Value, b.Value, c.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Max(F32 a, F32 b) => new(a.Value > b.Value || float.IsNaN(a.Value) ? a.Value : b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Min(F32 a, F32 b) => new(a.Value < b.Value || float.IsNaN(a.Value) ? a.Value : b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 NegatedFma(F32 a, F32 b, F32 c) => new(MathF.FusedMultiplyAdd(-a.Value, b.Value, c.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Larger(F32 a, F32 b) => new(a.Value > b.Value ? a.Value : b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Abs(F32 a) => new(MathF.Abs(a.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Sqrt(F32 a) => new(MathF.Sqrt(a.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Floor(F32 a) => new(MathF.Floor(a.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 SelectGreater(F32 a, F32 b, F32 x, F32 y) => new(a.Value > b.Value ? x.Value : y.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 SelectEqual(F32 a, F32 b, F32 x, F32 y) => new(a.Value == b.Value ? x.Value : y.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AnyGreater(F32 a, F32 b) => a.Value > b.Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Exp(F32 x) => FloatMath.Exp(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 ExpNonpositive(F32 x) => FloatMath.ExpNonpositive(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Log(F32 x) => FloatMath.Log(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Log1p(F32 t) => FloatMath.Log1p(t);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Log1pExp(F32 x) => FloatMath.Log1pExp(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Tanh(F32 x) => FloatMath.Tanh(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 NormalTail(F32 a) => FloatMath.NormalTail(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 CenteredGeluSlope(F32 x) => FloatMath.CenteredGeluSlope(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Reciprocal(F32 a) => new(1f / a.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Rsqrt(F32 a) => new(1f / MathF.Sqrt(a.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Uniform(int key, int index) => new((int)(CounterHash.Hash(key, index) >> 8) * CounterHash.ToUnit);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Load(Mem memory, int index) => new(memory.Floats[index]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Mem memory, int index, F32 value) => memory.Floats[index] = value.Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 LoadPart(Mem memory, int index, int count, F32 fill) => Load(memory, index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePart(Mem memory, int index, int count, F32 value) => Store(memory, index, value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 LoadSplat(Mem memory, int index) => Load(memory, index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Gather(Mem memory, int start, F32 offsets) => new(memory.Floats[start + (int)offsets.Value]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int LoadInteger(IndexMem memory, int index) => memory.Ints[index];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 LoadIndex(IndexMem memory, int index) => new(memory.Ints[index]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 GatherIndex(IndexMem memory, int start, F32 offsets) => new(memory.Ints[start + (int)offsets.Value]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreIndex(IndexMem memory, int index, F32 value) => memory.Ints[index] = (int)value.Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double SumAcross(F32 a) => a.Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double MaxAcross(F32 a) => a.Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 SplatReduced(double value) => new((float)value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Clamp(F32 x, float low, float high) => SelectGreater(new(low), x, new(low), SelectGreater(x, new(high), new(high), x));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 ScaleByPowerOfTwo(F32 x, F32 n)
    {
        int whole = (int)n.Value;
        int half = whole >> 1;
        float first = Interop.IntAsFloat((uint)((half + 127) << 23));
        float second = Interop.IntAsFloat((uint)((whole - half + 127) << 23));
        return new(x.Value * first * second);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 LogExponent(F32 x) => new(ExponentBits(x.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 LogMantissa(F32 x) => new(Interop.IntAsFloat((uint)((int)Interop.FloatAsInt(x.Value) - (ExponentBits(x.Value) << 23))));

    // 0x3f3504f3 are the bits of √½: what is above it in the exponent field is e.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int ExponentBits(float x) => ((int)Interop.FloatAsInt(x) - 0x3f3504f3) >> 23;
}
