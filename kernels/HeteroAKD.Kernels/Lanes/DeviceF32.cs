using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Intrinsics;
using ILGPU;

namespace HeteroAKD.Kernels.Lanes;

/// <summary>One float of one thread on an accelerator; in memory perhaps a bf16 number, to which stores round to nearest, ties to even.</summary>
public readonly struct DeviceF32 : IFloatLane<DeviceF32>
{
    /// <summary>The number.</summary>
    public readonly float Value;

    /// <summary>Wraps a number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public DeviceF32(float value) => Value = value;

    public static int Width => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32 Splat(float value) => new(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32 Splat(int value) => new(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32 Iota(int start) => new(start);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32 operator +(DeviceF32 a, DeviceF32 b) => new(a.Value + b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32 operator -(DeviceF32 a, DeviceF32 b) => new(a.Value - b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32 operator *(DeviceF32 a, DeviceF32 b) => new(a.Value * b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32 operator /(DeviceF32 a, DeviceF32 b) => new(a.Value / b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32 operator -(DeviceF32 a) => new(-a.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32 DivideNormal(DeviceF32 a, DeviceF32 b) => a / b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32 Fma(DeviceF32 a, DeviceF32 b, DeviceF32 c) => new(MathF.FusedMultiplyAdd(a.Value, b.Value, c.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32 Max(DeviceF32 a, DeviceF32 b) => new(a.Value > b.Value || float.IsNaN(a.Value) ? a.Value : b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32 Min(DeviceF32 a, DeviceF32 b) => new(a.Value < b.Value || float.IsNaN(a.Value) ? a.Value : b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32 NegatedFma(DeviceF32 a, DeviceF32 b, DeviceF32 c) => new(MathF.FusedMultiplyAdd(-a.Value, b.Value, c.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32 Larger(DeviceF32 a, DeviceF32 b) => new(a.Value > b.Value ? a.Value : b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32 Abs(DeviceF32 a) => new(MathF.Abs(a.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32 Sqrt(DeviceF32 a) => new(MathF.Sqrt(a.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32 Floor(DeviceF32 a) => new(MathF.Floor(a.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32 SelectGreater(DeviceF32 a, DeviceF32 b, DeviceF32 x, DeviceF32 y) => new(a.Value > b.Value ? x.Value : y.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32 SelectEqual(DeviceF32 a, DeviceF32 b, DeviceF32 x, DeviceF32 y) => new(a.Value == b.Value ? x.Value : y.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AnyGreater(DeviceF32 a, DeviceF32 b) => a.Value > b.Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32 Exp(DeviceF32 x) => FloatMath.Exp(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32 ExpNonpositive(DeviceF32 x)
    {
        // Not Larger with the constant first: ILGPU 1.5.3 turns 'constant > x' into 'x < constant' and has that hold for NaN too, which loses the NaN.
        return FloatMath.ExpInRange(new DeviceF32(x.Value < FloatMath.ExpLow ? FloatMath.ExpLow : x.Value));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32 Log(DeviceF32 x) => FloatMath.Log(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32 Log1p(DeviceF32 t) => FloatMath.Log1p(t);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32 Log1pExp(DeviceF32 x) => FloatMath.Log1pExp(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32 Tanh(DeviceF32 x) => FloatMath.Tanh(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32 NormalTail(DeviceF32 a) => FloatMath.NormalTail(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32 CenteredGeluSlope(DeviceF32 x) => FloatMath.CenteredGeluSlope(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32 Reciprocal(DeviceF32 a) => new(1f / a.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32 Rsqrt(DeviceF32 a) => new(1f / MathF.Sqrt(a.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32 Uniform(int key, int index) => new((int)(CounterHash.Hash(key, index) >> 8) * CounterHash.ToUnit);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32 Load(Mem memory, int index)
    {
        if (memory.IsNarrow)
        {
            return new(Bf16.ToFloat(memory.View.Cast<ushort>()[index]));
        }

        return new(memory.View[index]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Mem memory, int index, DeviceF32 value)
    {
        if (memory.IsNarrow)
        {
            memory.View.Cast<ushort>()[index] = (ushort)Bf16.FromFloat(value.Value);
        }
        else
        {
            memory.View[index] = value.Value;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32 LoadPart(Mem memory, int index, int count, DeviceF32 fill) => Load(memory, index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePart(Mem memory, int index, int count, DeviceF32 value) => Store(memory, index, value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32 LoadSplat(Mem memory, int index) => Load(memory, index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32 Gather(Mem memory, int start, DeviceF32 offsets) => Load(memory, start + (int)offsets.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int LoadInteger(IndexMem memory, int index) => memory.View[index];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32 LoadIndex(IndexMem memory, int index) => new(memory.View[index]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32 GatherIndex(IndexMem memory, int start, DeviceF32 offsets) => new(memory.View[start + (int)offsets.Value]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreIndex(IndexMem memory, int index, DeviceF32 value) => memory.View[index] = (int)value.Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double SumAcross(DeviceF32 a) => a.Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double MaxAcross(DeviceF32 a) => a.Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32 SplatReduced(double value) => new((float)value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32 Clamp(DeviceF32 x, float low, float high) => new(x.Value > high ? high : x.Value < low ? low : x.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32 ScaleByPowerOfTwo(DeviceF32 x, DeviceF32 n)
    {
        int whole = (int)n.Value;
        int half = whole >> 1;
        float first = Interop.IntAsFloat((uint)((half + 127) << 23));
        float second = Interop.IntAsFloat((uint)((whole - half + 127) << 23));
        return new(x.Value * first * second);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32 LogExponent(DeviceF32 x) => new(ExponentBits(x.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32 LogMantissa(DeviceF32 x) => new(Interop.IntAsFloat((uint)((int)Interop.FloatAsInt(x.Value) - (ExponentBits(x.Value) << 23))));

    // 0x3f3504f3 are the bits of √½: what is above it in the exponent field is e.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int ExponentBits(float x) => ((int)Interop.FloatAsInt(x) - 0x3f3504f3) >> 23;
}
