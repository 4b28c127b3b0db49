using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace HeteroAKD.Kernels.Lanes;

/// <summary>
/// 16 neighbouring floats on the host, in one 512-bit register. The same members as its siblings, spelled for <see cref="Vector512"/>: the JIT needs the
/// concrete type.
/// </summary>
public unsafe struct F32x16 : IFloatLane<F32x16>
{
    private Vector512<float> _v; // not readonly, for AddProduct

    /// <summary>Wraps a register.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public F32x16(Vector512<float> v) => _v = v;

    public static int Width => 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 Splat(float value) => new(Vector512.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 Splat(int value) => new(Vector512.Create((float)value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 Iota(int start) => new(Vector512.ConvertToSingle(Vector512.Create(start) + Vector512<int>.Indices));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 operator +(F32x16 a, F32x16 b) => new(a._v + b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 operator -(F32x16 a, F32x16 b) => new(a._v - b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 operator *(F32x16 a, F32x16 b) => new(a._v * b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 operator /(F32x16 a, F32x16 b) => new(a._v / b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 operator -(F32x16 a) => new(-a._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 DivideNormal(F32x16 a, F32x16 b)
    {
        if (!Avx512F.IsSupported)
        {
            return a / b;
        }

        // A Newton step takes the reciprocal from 14 bits to within 1 ULP; its exact remainder then rounds the quotient correctly (Markstein).
        Vector512<float> r = Avx512F.Reciprocal14(b._v);
        r = Vector512.FusedMultiplyAdd(Avx512F.FusedMultiplyAddNegated(b._v, r, Vector512<float>.One), r, r);
        Vector512<float> q = a._v * r;
        return new(Vector512.FusedMultiplyAdd(Avx512F.FusedMultiplyAddNegated(b._v, q, a._v), r, q));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 Fma(F32x16 a, F32x16 b, F32x16 c) => new(Vector512.FusedMultiplyAdd(a._v, b._v, c._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddProduct(ref F32x16 sum, F32x16 a, F32x16 b) => sum._v = Vector512.FusedMultiplyAdd(a._v, b._v, sum._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 Max(F32x16 a, F32x16 b) => new(Vector512.Max(a._v, b._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 Min(F32x16 a, F32x16 b) => new(Vector512.Min(a._v, b._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 NegatedFma(F32x16 a, F32x16 b, F32x16 c) =>
        new(Avx512F.IsSupported ? Avx512F.FusedMultiplyAddNegated(a._v, b._v, c._v) : Vector512.FusedMultiplyAdd(-a._v, b._v, c._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 Larger(F32x16 a, F32x16 b) => Avx512F.IsSupported ? new(Avx512F.Max(a._v, b._v)) : SelectGreater(a, b, a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 Abs(F32x16 a) => new(Vector512.Abs(a._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 Sqrt(F32x16 a) => new(Vector512.Sqrt(a._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 Floor(F32x16 a) => new(Vector512.Floor(a._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 SelectGreater(F32x16 a, F32x16 b, F32x16 x, F32x16 y) =>
        new(Vector512.ConditionalSelect(Vector512.GreaterThan(a._v, b._v), x._v, y._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 SelectEqual(F32x16 a, F32x16 b, F32x16 x, F32x16 y) => new(Vector512.ConditionalSelect(Vector512.Equals(a._v, b._v), x._v, y._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AnyGreater(F32x16 a, F32x16 b) => Vector512.GreaterThanAny(a._v, b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 Exp(F32x16 x) => FloatMath.Exp(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 ExpNonpositive(F32x16 x) => FloatMath.ExpNonpositive(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 Log(F32x16 x) => FloatMath.Log(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 Log1p(F32x16 t) => FloatMath.Log1p(t);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 Log1pExp(F32x16 x) => FloatMath.Log1pExp(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 Tanh(F32x16 x) => FloatMath.Tanh(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 NormalTail(F32x16 a) => FloatMath.NormalTail(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 CenteredGeluSlope(F32x16 x) => FloatMath.CenteredGeluSlope(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 Reciprocal(F32x16 a) => new(Vector512<float>.One / a._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 Rsqrt(F32x16 a) => new(Vector512<float>.One / Vector512.Sqrt(a._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 Uniform(int key, int index)
    {
        // The rounds of CounterHash, on 16 counters at once.
        Vector512<uint> h = (Vector512.Create((uint)index) + Vector512<uint>.Indices) * Vector512.Create(CounterHash.Weyl) ^ Vector512.Create((uint)key);
        h = (h ^ (h >>> 16)) * Vector512.Create(CounterHash.Multiplier1);
        h = (h ^ (h >>> 15)) * Vector512.Create(CounterHash.Multiplier2);
        h ^= (h >>> 16) ^ Vector512.Create(CounterHash.KeyTwist(key));
        h = (h ^ (h >>> 16)) * Vector512.Create(CounterHash.Multiplier1);
        h = (h ^ (h >>> 15)) * Vector512.Create(CounterHash.Multiplier2);
        h ^= h >>> 16;
        return new(Vector512.ConvertToSingle((h >>> 8).AsInt32()) * Vector512.Create(CounterHash.ToUnit));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 Load(Mem memory, int index) => new(Vector512.Load(memory.Floats + index));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Mem memory, int index, F32x16 value) => value._v.Store(memory.Floats + index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 LoadPart(Mem memory, int index, int count, F32x16 fill) => count >= 16 ? Load(memory, index) : LoadTail(memory, index, count, fill);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePart(Mem memory, int index, int count, F32x16 value)
    {
        if (count >= 16)
        {
            Store(memory, index, value);
        }
        else
        {
            StoreTail(memory, index, count, value);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 LoadSplat(Mem memory, int index) => new(Vector512.Create(memory.Floats[index]));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 Gather(Mem memory, int start, F32x16 offsets)
    {
        float* p = memory.Floats + start;
        Vector512<int> o = Vector512.ConvertToInt32Native(offsets._v);
        // .NET has no 512-bit gather: two of 256 bits.
        return new(Vector512.Create(
            Avx2.GatherVector256(p, o.GetLower(), sizeof(float)),
            Avx2.GatherVector256(p, o.GetUpper(), sizeof(float))));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int LoadInteger(IndexMem memory, int index) => memory.Ints[index];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 LoadIndex(IndexMem memory, int index) => new(Vector512.ConvertToSingle(Vector512.Load(memory.Ints + index)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 GatherIndex(IndexMem memory, int start, F32x16 offsets)
    {
        // The same 32 bits a float gather would fetch, then read as integers.
        F32x16 bits = Gather(new Mem(memory.Ints), start, offsets);
        return new(Vector512.ConvertToSingle(bits._v.AsInt32()));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreIndex(IndexMem memory, int index, F32x16 value) => Vector512.ConvertToInt32Native(value._v).Store(memory.Ints + index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double SumAcross(F32x16 a) => Vector512.Sum(a._v);

    public static double MaxAcross(F32x16 a)
    {
        Vector256<float> half = Vector256.Max(a._v.GetLower(), a._v.GetUpper());
        Vector128<float> max = Vector128.Max(half.GetLower(), half.GetUpper());
        max = Vector128.Max(max, Vector128.Shuffle(max, Vector128.Create(2, 3, 0, 1)));
        return MathF.Max(max[0], max[1]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 SplatReduced(double value) => Splat((float)value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 Clamp(F32x16 x, float low, float high) =>
        new(Vector512.MinNative(Vector512.Create(high), Vector512.MaxNative(Vector512.Create(low), x._v)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 ScaleByPowerOfTwo(F32x16 x, F32x16 n)
    {
        if (Avx512F.IsSupported)
        {
            // One instruction with the same single rounding.
            return new(Avx512F.Scale(x._v, n._v));
        }

        Vector512<int> whole = Vector512.ConvertToInt32Native(n._v);
        Vector512<int> half = whole >> 1;
        Vector512<float> first = ((half + Vector512.Create(127)) << 23).AsSingle();
        Vector512<float> second = ((whole - half + Vector512.Create(127)) << 23).AsSingle();
        return new(x._v * first * second);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 LogExponent(F32x16 x) => new(Vector512.ConvertToSingle(ExponentBits(x._v)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 LogMantissa(F32x16 x) => new((x._v.AsInt32() - (ExponentBits(x._v) << 23)).AsSingle());

    // 0x3f3504f3 are the bits of √½: what is above it in the exponent field is e.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> ExponentBits(Vector512<float> x) => (x.AsInt32() - Vector512.Create(0x3f3504f3)) >> 23;

    // Masked instructions leave what lies behind the row alone; element by element a short row would cost more than a long one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static F32x16 LoadTail(Mem memory, int index, int count, F32x16 fill)
    {
        if (Avx512F.IsSupported)
        {
            return new(Avx512F.MaskLoad(memory.Floats + index, Below(count), fill._v));
        }

        Vector512<float> v = fill._v;
        for (int i = 0; i < count; i++)
        {
            v = v.WithElement(i, memory.Floats[index + i]);
        }

        return new(v);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreTail(Mem memory, int index, int count, F32x16 value)
    {
        if (Avx512F.IsSupported)
        {
            Avx512F.MaskStore(memory.Floats + index, Below(count), value._v);
            return;
        }

        for (int i = 0; i < count; i++)
        {
            memory.Floats[index + i] = value._v[i];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Below(int count) => Vector512.LessThan(Vector512<int>.Indices, Vector512.Create(count)).AsSingle();
}
