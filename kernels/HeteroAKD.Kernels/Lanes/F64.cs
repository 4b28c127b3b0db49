using System.Runtime.CompilerServices;
using MathNet.Numerics;

namespace HeteroAKD.Kernels.Lanes;

/// <summary>
/// One double on the host: the lane of gradient checks and of the truth that float results are held against. Functions are the platform's and MathNet's.
/// </summary>
public readonly unsafe struct F64 : ILane<F64>
{
    /// <summary>The number.</summary>
    public readonly double Value;

    /// <summary>Wraps a number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public F64(double value) => Value = value;

    public static int Width => 1;

    public static F64 Splat(float value) => new(value);

    public static F64 Splat(int value) => new(value);

    public static F64 Iota(int start) => new(start);

    public static F64 operator +(F64 a, F64 b) => new(a.Value + b.Value);

    public static F64 operator -(F64 a, F64 b) => new(a.Value - b.Value);

    public static F64 operator *(F64 a, F64 b) => new(a.Value * b.Value);

    public static F64 operator /(F64 a, F64 b) => new(a.Value / b.Value);

    public static F64 operator -(F64 a) => new(-a.Value);

    public static F64 DivideNormal(F64 a, F64 b) => a / b;

    public static F64 Fma(F64 a, F64 b, F64 c) => new(Math.FusedMultiplyAdd(a.Value, b.Value, c.Value));

    public static F64 Max(F64 a, F64 b) => new(Math.Max(a.Value, b.Value));

    public static F64 Min(F64 a, F64 b) => new(Math.Min(a.Value, b.Value));

    public static F64 NegatedFma(F64 a, F64 b, F64 c) => new(Math.FusedMultiplyAdd(-a.Value, b.Value, c.Value));

    public static F64 Larger(F64 a, F64 b) => new(a.Value > b.Value ? a.Value : b.Value);

    public static F64 Abs(F64 a) => new(Math.Abs(a.Value));

    public static F64 Sqrt(F64 a) => new(Math.Sqrt(a.Value));

    public static F64 Floor(F64 a) => new(Math.Floor(a.Value));

    public static F64 SelectGreater(F64 a, F64 b, F64 x, F64 y) => a.Value > b.Value ? x : y;

    public static F64 SelectEqual(F64 a, F64 b, F64 x, F64 y) => a.Value == b.Value ? x : y;

    public static bool AnyGreater(F64 a, F64 b) => a.Value > b.Value;

    public static F64 Exp(F64 x) => new(Math.Exp(x.Value));

    public static F64 ExpNonpositive(F64 x) => Exp(x);

    public static F64 Log(F64 x) => new(Math.Log(x.Value));

    public static F64 Log1p(F64 t) => new(SpecialFunctions.Log1p(t.Value));

    public static F64 Log1pExp(F64 x) => new(Math.Max(x.Value, 0) + SpecialFunctions.Log1p(Math.Exp(-Math.Abs(x.Value))));

    public static F64 Tanh(F64 x) => new(Math.Tanh(x.Value));

    public static F64 NormalTail(F64 a) => new(0.5 * SpecialFunctions.Erfc(a.Value * Math.Sqrt(0.5)));

    public static F64 CenteredGeluSlope(F64 x)
        => new(
            (0.5 * SpecialFunctions.Erf(x.Value * Math.Sqrt(0.5))) + (
                double.IsInfinity(x.Value) ? 0 : x.Value * Math.Exp(-0.5 * x.Value * x.Value) / Math.Sqrt(2 * Math.PI)));

    public static F64 Reciprocal(F64 a) => new(1 / a.Value);

    public static F64 Rsqrt(F64 a) => new(1 / Math.Sqrt(a.Value));

    public static F64 Uniform(int key, int index) => new((CounterHash.Hash(key, index) >> 8) * (double)CounterHash.ToUnit);

    public static F64 Load(Mem memory, int index) => new(memory.Doubles[index]);

    public static void Store(Mem memory, int index, F64 value) => memory.Doubles[index] = value.Value;

    public static F64 LoadPart(Mem memory, int index, int count, F64 fill) => Load(memory, index);

    public static void StorePart(Mem memory, int index, int count, F64 value) => Store(memory, index, value);

    public static F64 LoadSplat(Mem memory, int index) => Load(memory, index);

    public static F64 Gather(Mem memory, int start, F64 offsets) => new(memory.Doubles[start + (int)offsets.Value]);

    public static int LoadInteger(IndexMem memory, int index) => memory.Ints[index];

    public static F64 LoadIndex(IndexMem memory, int index) => new(memory.Ints[index]);

    public static F64 GatherIndex(IndexMem memory, int start, F64 offsets) => new(memory.Ints[start + (int)offsets.Value]);

    public static void StoreIndex(IndexMem memory, int index, F64 value) => memory.Ints[index] = (int)value.Value;

    public static double SumAcross(F64 a) => a.Value;

    public static double MaxAcross(F64 a) => a.Value;

    public static F64 SplatReduced(double value) => new(value);
}
