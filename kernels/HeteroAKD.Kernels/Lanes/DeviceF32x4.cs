using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Intrinsics;

namespace HeteroAKD.Kernels.Lanes;

/// <summary>
/// Four neighbouring floats of one thread on an accelerator, moved by accesses of 16 bytes, or of 8 where memory holds bf16 numbers. Lanes are read and written
/// at multiples of four elements only and rows end with a whole lane: kernels say by <see cref="Launch.IWideKernel"/> when that is so.
/// </summary>
public readonly struct DeviceF32x4 : IFloatLane<DeviceF32x4>
{
    /// <summary>First.</summary>
    public readonly DeviceF32 X;

    /// <summary>Second.</summary>
    public readonly DeviceF32 Y;

    /// <summary>Third.</summary>
    public readonly DeviceF32 Z;

    /// <summary>Fourth.</summary>
    public readonly DeviceF32 W;

    /// <summary>Puts four together.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public DeviceF32x4(DeviceF32 x, DeviceF32 y, DeviceF32 z, DeviceF32 w)
    {
        X = x;
        Y = y;
        Z = z;
        W = w;
    }

    public static int Width => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32x4 Splat(float value) => Spread(new(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32x4 Splat(int value) => Spread(new(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32x4 Iota(int start) => new(new(start), new(start + 1), new(start + 2), new(start + 3));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32x4 operator +(DeviceF32x4 a, DeviceF32x4 b) => new(a.X + b.X, a.Y + b.Y, a.Z + b.Z, a.W + b.W);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32x4 operator -(DeviceF32x4 a, DeviceF32x4 b) => new(a.X - b.X, a.Y - b.Y, a.Z - b.Z, a.W - b.W);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32x4 operator *(DeviceF32x4 a, DeviceF32x4 b) => new(a.X * b.X, a.Y * b.Y, a.Z * b.Z, a.W * b.W);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32x4 operator /(DeviceF32x4 a, DeviceF32x4 b) => new(a.X / b.X, a.Y / b.Y, a.Z / b.Z, a.W / b.W);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32x4 operator -(DeviceF32x4 a) => new(-a.X, -a.Y, -a.Z, -a.W);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32x4 DivideNormal(DeviceF32x4 a, DeviceF32x4 b) =>
        new(DeviceF32.DivideNormal(a.X, b.X), DeviceF32.DivideNormal(a.Y, b.Y), DeviceF32.DivideNormal(a.Z, b.Z), DeviceF32.DivideNormal(a.W, b.W));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32x4 Fma(DeviceF32x4 a, DeviceF32x4 b, DeviceF32x4 c) =>
        new(DeviceF32.Fma(a.X, b.X, c.X), DeviceF32.Fma(a.Y, b.Y, c.Y), DeviceF32.Fma(a.Z, b.Z, c.Z), DeviceF32.Fma(a.W, b.W, c.W));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32x4 Max(DeviceF32x4 a, DeviceF32x4 b) =>
        new(DeviceF32.Max(a.X, b.X), DeviceF32.Max(a.Y, b.Y), DeviceF32.Max(a.Z, b.Z), DeviceF32.Max(a.W, b.W));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32x4 Min(DeviceF32x4 a, DeviceF32x4 b) =>
        new(DeviceF32.Min(a.X, b.X), DeviceF32.Min(a.Y, b.Y), DeviceF32.Min(a.Z, b.Z), DeviceF32.Min(a.W, b.W));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32x4 NegatedFma(DeviceF32x4 a, DeviceF32x4 b, DeviceF32x4 c) =>
        new(DeviceF32.NegatedFma(a.X, b.X, c.X), DeviceF32.NegatedFma(a.Y, b.Y, c.Y), DeviceF32.NegatedFma(a.Z, b.Z, c.Z), DeviceF32.NegatedFma(a.W, b.W, c.W));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32x4 Larger(DeviceF32x4 a, DeviceF32x4 b) =>
        new(DeviceF32.Larger(a.X, b.X), DeviceF32.Larger(a.Y, b.Y), DeviceF32.Larger(a.Z, b.Z), DeviceF32.Larger(a.W, b.W));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32x4 Abs(DeviceF32x4 a) => new(DeviceF32.Abs(a.X), DeviceF32.Abs(a.Y), DeviceF32.Abs(a.Z), DeviceF32.Abs(a.W));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32x4 Sqrt(DeviceF32x4 a) => new(DeviceF32.Sqrt(a.X), DeviceF32.Sqrt(a.Y), DeviceF32.Sqrt(a.Z), DeviceF32.Sqrt(a.W));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32x4 Floor(DeviceF32x4 a) => new(DeviceF32.Floor(a.X), DeviceF32.Floor(a.Y), DeviceF32.Floor(a.Z), DeviceF32.Floor(a.W));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32x4 SelectGreater(DeviceF32x4 a, DeviceF32x4 b, DeviceF32x4 x, DeviceF32x4 y) =>
        new(
            DeviceF32.SelectGreater(a.X, b.X, x.X, y.X),
            DeviceF32.SelectGreater(a.Y, b.Y, x.Y, y.Y),
            DeviceF32.SelectGreater(a.Z, b.Z, x.Z, y.Z),
            DeviceF32.SelectGreater(a.W, b.W, x.W, y.W));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32x4 SelectEqual(DeviceF32x4 a, DeviceF32x4 b, DeviceF32x4 x, DeviceF32x4 y) =>
        new(
            DeviceF32.SelectEqual(a.X, b.X, x.X, y.X),
            DeviceF32.SelectEqual(a.Y, b.Y, x.Y, y.Y),
            DeviceF32.SelectEqual(a.Z, b.Z, x.Z, y.Z),
            DeviceF32.SelectEqual(a.W, b.W, x.W, y.W));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AnyGreater(DeviceF32x4 a, DeviceF32x4 b) =>
        DeviceF32.AnyGreater(a.X, b.X) || DeviceF32.AnyGreater(a.Y, b.Y) || DeviceF32.AnyGreater(a.Z, b.Z) || DeviceF32.AnyGreater(a.W, b.W);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32x4 Exp(DeviceF32x4 x) => new(DeviceF32.Exp(x.X), DeviceF32.Exp(x.Y), DeviceF32.Exp(x.Z), DeviceF32.Exp(x.W));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32x4 ExpNonpositive(DeviceF32x4 x) =>
        new(DeviceF32.ExpNonpositive(x.X), DeviceF32.ExpNonpositive(x.Y), DeviceF32.ExpNonpositive(x.Z), DeviceF32.ExpNonpositive(x.W));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32x4 Log(DeviceF32x4 x) => new(DeviceF32.Log(x.X), DeviceF32.Log(x.Y), DeviceF32.Log(x.Z), DeviceF32.Log(x.W));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32x4 Log1p(DeviceF32x4 t) => new(DeviceF32.Log1p(t.X), DeviceF32.Log1p(t.Y), DeviceF32.Log1p(t.Z), DeviceF32.Log1p(t.W));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32x4 Log1pExp(DeviceF32x4 x) =>
        new(DeviceF32.Log1pExp(x.X), DeviceF32.Log1pExp(x.Y), DeviceF32.Log1pExp(x.Z), DeviceF32.Log1pExp(x.W));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32x4 Tanh(DeviceF32x4 x) => new(DeviceF32.Tanh(x.X), DeviceF32.Tanh(x.Y), DeviceF32.Tanh(x.Z), DeviceF32.Tanh(x.W));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32x4 NormalTail(DeviceF32x4 a) =>
        new(DeviceF32.NormalTail(a.X), DeviceF32.NormalTail(a.Y), DeviceF32.NormalTail(a.Z), DeviceF32.NormalTail(a.W));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32x4 CenteredGeluSlope(DeviceF32x4 x) =>
        new(DeviceF32.CenteredGeluSlope(x.X), DeviceF32.CenteredGeluSlope(x.Y), DeviceF32.CenteredGeluSlope(x.Z), DeviceF32.CenteredGeluSlope(x.W));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32x4 Reciprocal(DeviceF32x4 a) =>
        new(DeviceF32.Reciprocal(a.X), DeviceF32.Reciprocal(a.Y), DeviceF32.Reciprocal(a.Z), DeviceF32.Reciprocal(a.W));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32x4 Rsqrt(DeviceF32x4 a) => new(DeviceF32.Rsqrt(a.X), DeviceF32.Rsqrt(a.Y), DeviceF32.Rsqrt(a.Z), DeviceF32.Rsqrt(a.W));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32x4 Uniform(int key, int index) =>
        new(DeviceF32.Uniform(key, index), DeviceF32.Uniform(key, index + 1), DeviceF32.Uniform(key, index + 2), DeviceF32.Uniform(key, index + 3));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32x4 Load(Mem memory, int index)
    {
        if (memory.IsNarrow)
        {
            Bf16x4 narrow = memory.View.Cast<Bf16x4>()[index >> 2];
            return new(new(Bf16.ToFloat(narrow.Low)), new(Bf16.UpperToFloat(narrow.Low)), new(Bf16.ToFloat(narrow.High)), new(Bf16.UpperToFloat(narrow.High)));
        }

        Float4 four = memory.View.Cast<Float4>()[index >> 2];
        return Of(four);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Mem memory, int index, DeviceF32x4 value)
    {
        if (memory.IsNarrow)
        {
            memory.View.Cast<Bf16x4>()[index >> 2] = new Bf16x4
            {
                Low = Bf16.FromFloat(value.X.Value) | (Bf16.FromFloat(value.Y.Value) << 16),
                High = Bf16.FromFloat(value.Z.Value) | (Bf16.FromFloat(value.W.Value) << 16),
            };
        }
        else
        {
            memory.View.Cast<Float4>()[index >> 2] = new Float4 { X = value.X.Value, Y = value.Y.Value, Z = value.Z.Value, W = value.W.Value };
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32x4 LoadPart(Mem memory, int index, int count, DeviceF32x4 fill) => Load(memory, index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePart(Mem memory, int index, int count, DeviceF32x4 value) => Store(memory, index, value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32x4 LoadSplat(Mem memory, int index) => Spread(DeviceF32.Load(memory, index));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32x4 Gather(Mem memory, int start, DeviceF32x4 offsets) =>
        new(
            DeviceF32.Gather(memory, start, offsets.X),
            DeviceF32.Gather(memory, start, offsets.Y),
            DeviceF32.Gather(memory, start, offsets.Z),
            DeviceF32.Gather(memory, start, offsets.W));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int LoadInteger(IndexMem memory, int index) => DeviceF32.LoadInteger(memory, index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32x4 LoadIndex(IndexMem memory, int index) =>
        new(
            DeviceF32.LoadIndex(memory, index),
            DeviceF32.LoadIndex(memory, index + 1),
            DeviceF32.LoadIndex(memory, index + 2),
            DeviceF32.LoadIndex(memory, index + 3));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32x4 GatherIndex(IndexMem memory, int start, DeviceF32x4 offsets) =>
        new(
            DeviceF32.GatherIndex(memory, start, offsets.X),
            DeviceF32.GatherIndex(memory, start, offsets.Y),
            DeviceF32.GatherIndex(memory, start, offsets.Z),
            DeviceF32.GatherIndex(memory, start, offsets.W));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreIndex(IndexMem memory, int index, DeviceF32x4 value)
    {
        DeviceF32.StoreIndex(memory, index, value.X);
        DeviceF32.StoreIndex(memory, index + 1, value.Y);
        DeviceF32.StoreIndex(memory, index + 2, value.Z);
        DeviceF32.StoreIndex(memory, index + 3, value.W);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double SumAcross(DeviceF32x4 a) => Total(a).Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double MaxAcross(DeviceF32x4 a) => Largest(a).Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32x4 SplatReduced(double value) => Splat((float)value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32x4 Clamp(DeviceF32x4 x, float low, float high) =>
        new(DeviceF32.Clamp(x.X, low, high), DeviceF32.Clamp(x.Y, low, high), DeviceF32.Clamp(x.Z, low, high), DeviceF32.Clamp(x.W, low, high));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32x4 ScaleByPowerOfTwo(DeviceF32x4 x, DeviceF32x4 n) =>
        new(
            DeviceF32.ScaleByPowerOfTwo(x.X, n.X),
            DeviceF32.ScaleByPowerOfTwo(x.Y, n.Y),
            DeviceF32.ScaleByPowerOfTwo(x.Z, n.Z),
            DeviceF32.ScaleByPowerOfTwo(x.W, n.W));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32x4 LogExponent(DeviceF32x4 x) =>
        new(DeviceF32.LogExponent(x.X), DeviceF32.LogExponent(x.Y), DeviceF32.LogExponent(x.Z), DeviceF32.LogExponent(x.W));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DeviceF32x4 LogMantissa(DeviceF32x4 x) =>
        new(DeviceF32.LogMantissa(x.X), DeviceF32.LogMantissa(x.Y), DeviceF32.LogMantissa(x.Z), DeviceF32.LogMantissa(x.W));

    /// <summary>The four numbers of a thread's share of a product.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static DeviceF32x4 Of(Float4 four) => new(new(four.X), new(four.Y), new(four.Z), new(four.W));

    /// <summary>One number in all four.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static DeviceF32x4 Spread(DeviceF32 value) => new(value, value, value, value);

    /// <summary>The sum of the four, in a fixed order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static DeviceF32 Total(DeviceF32x4 a) => (a.X + a.Y) + (a.Z + a.W);

    /// <summary>The largest of the four; NaN if there is one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static DeviceF32 Largest(DeviceF32x4 a) => DeviceF32.Max(DeviceF32.Max(a.X, a.Y), DeviceF32.Max(a.Z, a.W));
}
