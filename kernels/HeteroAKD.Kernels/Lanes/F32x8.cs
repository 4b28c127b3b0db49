using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

using X86Fma = System.Runtime.Intrinsics.X86.Fma;

namespace HeteroAKD.Kernels.Lanes;

/// <summary>
/// 8 neighbouring floats on the host, in one 256-bit register. The same members as its siblings, spelled for <see cref="Vector256"/>: the JIT needs the
/// concrete type.
/// </summary>
public unsafe struct F32x8 : IFloatLane<F32x8>
{
    private Vector256<float> _v; // not readonly, for AddProduct

    /// <summary>Wraps a register.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public F32x8(Vector256<float> v) => _v = v;

    public static int Width => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 Splat(float value) => new(Vector256.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 Splat(int value) => new(Vector256.Create((float)value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 Iota(int start) => new(Vector256.ConvertToSingle(Vector256.Create(start) + Vector256<int>.Indices));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 operator +(F32x8 a, F32x8 b) => new(a._v + b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 operator -(F32x8 a, F32x8 b) => new(a._v - b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 operator *(F32x8 a, F32x8 b) => new(a._v * b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 operator /(F32x8 a, F32x8 b) => new(a._v / b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 operator -(F32x8 a) => new(-a._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 DivideNormal(F32x8 a, F32x8 b) => a / b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 Fma(F32x8 a, F32x8 b, F32x8 c) => new(Vector256.FusedMultiplyAdd(a._v, b._v, c._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddProduct(ref F32x8 sum, F32x8 a, F32x8 b) => sum._v = Vector256.FusedMultiplyAdd(a._v, b._v, sum._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 Max(F32x8 a, F32x8 b) => new(Vector256.Max(a._v, b._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 Min(F32x8 a, F32x8 b) => new(Vector256.Min(a._v, b._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 NegatedFma(F32x8 a, F32x8 b, F32x8 c) =>
        new(X86Fma.IsSupported ? X86Fma.MultiplyAddNegated(a._v, b._v, c._v) : Vector256.FusedMultiplyAdd(-a._v, b._v, c._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 Larger(F32x8 a, F32x8 b) => Avx.IsSupported ? new(Avx.Max(a._v, b._v)) : SelectGreater(a, b, a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 Abs(F32x8 a) => new(Vector256.Abs(a._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 Sqrt(F32x8 a) => new(Vector256.Sqrt(a._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 Floor(F32x8 a) => new(Vector256.Floor(a._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 SelectGreater(F32x8 a, F32x8 b, F32x8 x, F32x8 y) => new(Vector256.ConditionalSelect(Vector256.GreaterThan(a._v, b._v), x._v, y._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 SelectEqual(F32x8 a, F32x8 b, F32x8 x, F32x8 y) => new(Vector256.ConditionalSelect(Vector256.Equals(a._v, b._v), x._v, y._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AnyGreater(F32x8 a, F32x8 b) => Vector256.GreaterThanAny(a._v, b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 Exp(F32x8 x) => FloatMath.Exp(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 ExpNonpositive(F32x8 x) => FloatMath.ExpNonpositive(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 Log(F32x8 x) => FloatMath.Log(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 Log1p(F32x8 t) => FloatMath.Log1p(t);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 Log1pExp(F32x8 x) => FloatMath.Log1pExp(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 Tanh(F32x8 x) => FloatMath.Tanh(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 NormalTail(F32x8 a) => FloatMath.NormalTail(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 CenteredGeluSlope(F32x8 x) => FloatMath.CenteredGeluSlope(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 Reciprocal(F32x8 a) => new(Vector256<float>.One / a._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 Rsqrt(F32x8 a) => new(Vector256<float>.One / Vector256.Sqrt(a._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 Uniform(int key, int index)
    {
        // The rounds of CounterHash, on 8 counters at once.
        Vector256<uint> h = (Vector256.Create((uint)index) + Vector256<uint>.Indices) * Vector256.Create(CounterHash.Weyl) ^ Vector256.Create((uint)key);
        h = (h ^ (h >>> 16)) * Vector256.Create(CounterHash.Multiplier1);
        h = (h ^ (h >>> 15)) * Vector256.Create(CounterHash.Multiplier2);
        h ^= (h >>> 16) ^ Vector256.Create(CounterHash.KeyTwist(key));
        h = (h ^ (h >>> 16)) * Vector256.Create(CounterHash.Multiplier1);
        h = (h ^ (h >>> 15)) * Vector256.Create(CounterHash.Multiplier2);
        h ^= h >>> 16;
        return new(Vector256.ConvertToSingle((h >>> 8).AsInt32()) * Vector256.Create(CounterHash.ToUnit));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 Load(Mem memory, int index) => new(Vector256.Load(memory.Floats + index));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Mem memory, int index, F32x8 value) => value._v.Store(memory.Floats + index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 LoadPart(Mem memory, int index, int count, F32x8 fill) => count >= 8 ? Load(memory, index) : LoadTail(memory, index, count, fill);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePart(Mem memory, int index, int count, F32x8 value)
    {
        if (count >= 8)
        {
            Store(memory, index, value);
        }
        else
        {
            StoreTail(memory, index, count, value);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 LoadSplat(Mem memory, int index) => new(Vector256.Create(memory.Floats[index]));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 Gather(Mem memory, int start, F32x8 offsets)
    {
        float* p = memory.Floats + start;
        Vector256<int> o = Vector256.ConvertToInt32Native(offsets._v);
        return Avx2.IsSupported
            ? new(Avx2.GatherVector256(p, o, sizeof(float)))
            : new(Vector256.Create(p[o[0]], p[o[1]], p[o[2]], p[o[3]], p[o[4]], p[o[5]], p[o[6]], p[o[7]]));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int LoadInteger(IndexMem memory, int index) => memory.Ints[index];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 LoadIndex(IndexMem memory, int index) => new(Vector256.ConvertToSingle(Vector256.Load(memory.Ints + index)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 GatherIndex(IndexMem memory, int start, F32x8 offsets)
    {
        // The same 32 bits a float gather would fetch, then read as integers.
        F32x8 bits = Gather(new Mem(memory.Ints), start, offsets);
        return new(Vector256.ConvertToSingle(bits._v.AsInt32()));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreIndex(IndexMem memory, int index, F32x8 value) => Vector256.ConvertToInt32Native(value._v).Store(memory.Ints + index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double SumAcross(F32x8 a) => Vector256.Sum(a._v);

    public static double MaxAcross(F32x8 a)
    {
        Vector128<float> max = Vector128.Max(a._v.GetLower(), a._v.GetUpper());
        max = Vector128.Max(max, Vector128.Shuffle(max, Vector128.Create(2, 3, 0, 1)));
        return MathF.Max(max[0], max[1]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 SplatReduced(double value) => Splat((float)value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 Clamp(F32x8 x, float low, float high) =>
        new(Vector256.MinNative(Vector256.Create(high), Vector256.MaxNative(Vector256.Create(low), x._v)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 ScaleByPowerOfTwo(F32x8 x, F32x8 n)
    {
        if (Avx512F.VL.IsSupported)
        {
            // One instruction with the same single rounding.
            return new(Avx512F.VL.Scale(x._v, n._v));
        }

        Vector256<int> whole = Vector256.ConvertToInt32Native(n._v);
        Vector256<int> half = whole >> 1;
        Vector256<float> first = ((half + Vector256.Create(127)) << 23).AsSingle();
        Vector256<float> second = ((whole - half + Vector256.Create(127)) << 23).AsSingle();
        return new(x._v * first * second);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 LogExponent(F32x8 x) => new(Vector256.ConvertToSingle(ExponentBits(x._v)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 LogMantissa(F32x8 x) => new((x._v.AsInt32() - (ExponentBits(x._v) << 23)).AsSingle());

    // 0x3f3504f3 are the bits of √½: what is above it in the exponent field is e.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> ExponentBits(Vector256<float> x) => (x.AsInt32() - Vector256.Create(0x3f3504f3)) >> 23;

    // Masked instructions leave what lies behind the row alone; element by element a short row would cost more than a long one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static F32x8 LoadTail(Mem memory, int index, int count, F32x8 fill)
    {
        if (Avx.IsSupported)
        {
            return new(Vector256.ConditionalSelect(Below(count), Avx.MaskLoad(memory.Floats + index, Below(count)), fill._v));
        }

        Vector256<float> v = fill._v;
        for (int i = 0; i < count; i++)
        {
            v = v.WithElement(i, memory.Floats[index + i]);
        }

        return new(v);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreTail(Mem memory, int index, int count, F32x8 value)
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
    private static Vector256<float> Below(int count) => Vector256.LessThan(Vector256<int>.Indices, Vector256.Create(count)).AsSingle();
}
