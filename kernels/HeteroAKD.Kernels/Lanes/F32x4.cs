using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

using X86Fma = System.Runtime.Intrinsics.X86.Fma;

namespace HeteroAKD.Kernels.Lanes;

/// <summary>
/// 4 neighbouring floats on the host, in one 128-bit register. The same members as its siblings, spelled for <see cref="Vector128"/>: the JIT needs the
/// concrete type.
/// </summary>
public unsafe struct F32x4 : IFloatLane<F32x4>
{
    private Vector128<float> _v; // not readonly, for AddProduct

    /// <summary>Wraps a register.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public F32x4(Vector128<float> v) => _v = v;

    public static int Width => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 Splat(float value) => new(Vector128.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 Splat(int value) => new(Vector128.Create((float)value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 Iota(int start) => new(Vector128.ConvertToSingle(Vector128.Create(start) + Vector128<int>.Indices));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 operator +(F32x4 a, F32x4 b) => new(a._v + b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 operator -(F32x4 a, F32x4 b) => new(a._v - b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 operator *(F32x4 a, F32x4 b) => new(a._v * b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 operator /(F32x4 a, F32x4 b) => new(a._v / b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 operator -(F32x4 a) => new(-a._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 DivideNormal(F32x4 a, F32x4 b) => a / b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 Fma(F32x4 a, F32x4 b, F32x4 c) => new(Vector128.FusedMultiplyAdd(a._v, b._v, c._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddProduct(ref F32x4 sum, F32x4 a, F32x4 b) => sum._v = Vector128.FusedMultiplyAdd(a._v, b._v, sum._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 Max(F32x4 a, F32x4 b) => new(Vector128.Max(a._v, b._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 Min(F32x4 a, F32x4 b) => new(Vector128.Min(a._v, b._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 NegatedFma(F32x4 a, F32x4 b, F32x4 c) =>
        new(X86Fma.IsSupported ? X86Fma.MultiplyAddNegated(a._v, b._v, c._v) : Vector128.FusedMultiplyAdd(-a._v, b._v, c._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 Larger(F32x4 a, F32x4 b) => Sse.IsSupported ? new(Sse.Max(a._v, b._v)) : SelectGreater(a, b, a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 Abs(F32x4 a) => new(Vector128.Abs(a._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 Sqrt(F32x4 a) => new(Vector128.Sqrt(a._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 Floor(F32x4 a) => new(Vector128.Floor(a._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 SelectGreater(F32x4 a, F32x4 b, F32x4 x, F32x4 y) => new(Vector128.ConditionalSelect(Vector128.GreaterThan(a._v, b._v), x._v, y._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 SelectEqual(F32x4 a, F32x4 b, F32x4 x, F32x4 y) => new(Vector128.ConditionalSelect(Vector128.Equals(a._v, b._v), x._v, y._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AnyGreater(F32x4 a, F32x4 b) => Vector128.GreaterThanAny(a._v, b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 Exp(F32x4 x) => FloatMath.Exp(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 ExpNonpositive(F32x4 x) => FloatMath.ExpNonpositive(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 Log(F32x4 x) => FloatMath.Log(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 Log1p(F32x4 t) => FloatMath.Log1p(t);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 Log1pExp(F32x4 x) => FloatMath.Log1pExp(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 Tanh(F32x4 x) => FloatMath.Tanh(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 NormalTail(F32x4 a) => FloatMath.NormalTail(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 CenteredGeluSlope(F32x4 x) => FloatMath.CenteredGeluSlope(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 Reciprocal(F32x4 a) => new(Vector128<float>.One / a._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 Rsqrt(F32x4 a) => new(Vector128<float>.One / Vector128.Sqrt(a._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 Uniform(int key, int index)
    {
        // The rounds of CounterHash, on 4 counters at once.
        Vector128<uint> h = (Vector128.Create((uint)index) + Vector128<uint>.Indices) * Vector128.Create(CounterHash.Weyl) ^ Vector128.Create((uint)key);
        h = (h ^ (h >>> 16)) * Vector128.Create(CounterHash.Multiplier1);
        h = (h ^ (h >>> 15)) * Vector128.Create(CounterHash.Multiplier2);
        h ^= (h >>> 16) ^ Vector128.Create(CounterHash.KeyTwist(key));
        h = (h ^ (h >>> 16)) * Vector128.Create(CounterHash.Multiplier1);
        h = (h ^ (h >>> 15)) * Vector128.Create(CounterHash.Multiplier2);
        h ^= h >>> 16;
        return new(Vector128.ConvertToSingle((h >>> 8).AsInt32()) * Vector128.Create(CounterHash.ToUnit));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 Load(Mem memory, int index) => new(Vector128.Load(memory.Floats + index));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Mem memory, int index, F32x4 value) => value._v.Store(memory.Floats + index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 LoadPart(Mem memory, int index, int count, F32x4 fill) => count >= 4 ? Load(memory, index) : LoadTail(memory, index, count, fill);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePart(Mem memory, int index, int count, F32x4 value)
    {
        if (count >= 4)
        {
            Store(memory, index, value);
        }
        else
        {
            StoreTail(memory, index, count, value);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 LoadSplat(Mem memory, int index) => new(Vector128.Create(memory.Floats[index]));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 Gather(Mem memory, int start, F32x4 offsets)
    {
        float* p = memory.Floats + start;
        Vector128<int> o = Vector128.ConvertToInt32Native(offsets._v);
        return new(Vector128.Create(p[o[0]], p[o[1]], p[o[2]], p[o[3]]));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int LoadInteger(IndexMem memory, int index) => memory.Ints[index];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 LoadIndex(IndexMem memory, int index) => new(Vector128.ConvertToSingle(Vector128.Load(memory.Ints + index)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 GatherIndex(IndexMem memory, int start, F32x4 offsets)
    {
        // The same 32 bits a float gather would fetch, then read as integers.
        F32x4 bits = Gather(new Mem(memory.Ints), start, offsets);
        return new(Vector128.ConvertToSingle(bits._v.AsInt32()));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreIndex(IndexMem memory, int index, F32x4 value) => Vector128.ConvertToInt32Native(value._v).Store(memory.Ints + index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double SumAcross(F32x4 a) => Vector128.Sum(a._v);

    public static double MaxAcross(F32x4 a)
    {
        Vector128<float> max = Vector128.Max(a._v, Vector128.Shuffle(a._v, Vector128.Create(2, 3, 0, 1)));
        return MathF.Max(max[0], max[1]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 SplatReduced(double value) => Splat((float)value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 Clamp(F32x4 x, float low, float high) =>
        new(Vector128.MinNative(Vector128.Create(high), Vector128.MaxNative(Vector128.Create(low), x._v)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 ScaleByPowerOfTwo(F32x4 x, F32x4 n)
    {
        if (Avx512F.VL.IsSupported)
        {
            // One instruction with the same single rounding.
            return new(Avx512F.VL.Scale(x._v, n._v));
        }

        Vector128<int> whole = Vector128.ConvertToInt32Native(n._v);
        Vector128<int> half = whole >> 1;
        Vector128<float> first = ((half + Vector128.Create(127)) << 23).AsSingle();
        Vector128<float> second = ((whole - half + Vector128.Create(127)) << 23).AsSingle();
        return new(x._v * first * second);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 LogExponent(F32x4 x) => new(Vector128.ConvertToSingle(ExponentBits(x._v)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 LogMantissa(F32x4 x) => new((x._v.AsInt32() - (ExponentBits(x._v) << 23)).AsSingle());

    // 0x3f3504f3 are the bits of √½: what is above it in the exponent field is e.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> ExponentBits(Vector128<float> x) => (x.AsInt32() - Vector128.Create(0x3f3504f3)) >> 23;

    // Masked instructions leave what lies behind the row alone; element by element a short row would cost more than a long one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static F32x4 LoadTail(Mem memory, int index, int count, F32x4 fill)
    {
        if (Avx.IsSupported)
        {
            return new(Vector128.ConditionalSelect(Below(count), Avx.MaskLoad(memory.Floats + index, Below(count)), fill._v));
        }

        Vector128<float> v = fill._v;
        for (int i = 0; i < count; i++)
        {
            v = v.WithElement(i, memory.Floats[index + i]);
        }

        return new(v);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreTail(Mem memory, int index, int count, F32x4 value)
    {
        if (Avx.IsSupported)
        {
            Avx.MaskStore(memory.Floats + index, Below(count), value._v);
            return;
        }

        for (int i = 0; i < count; i++)
        {
            memory.Floats[index + i] = value._v[i];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Below(int count) => Vector128.LessThan(Vector128<int>.Indices, Vector128.Create(count)).AsSingle();
}
