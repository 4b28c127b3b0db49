using System.Numerics;

namespace HeteroAKD.CudaEmulator.Execution;

internal readonly struct MulHighS32 : IMap2<int, int, int>
{
    public static int Apply(int a, int b) => (int)(((long)a * b) >> 32);
}

internal readonly struct MulHighU32 : IMap2<uint, uint, uint>
{
    public static uint Apply(uint a, uint b) => (uint)(((ulong)a * b) >> 32);
}

internal readonly struct MulWideS32 : IMap2<long, int, int>
{
    public static long Apply(int a, int b) => (long)a * b;
}

internal readonly struct MulWideU32 : IMap2<ulong, uint, uint>
{
    public static ulong Apply(uint a, uint b) => (ulong)a * b;
}

internal readonly struct MadWideS32 : IMap3<long, int, int, long>
{
    public static long Apply(int a, int b, long c) => ((long)a * b) + c;
}

internal readonly struct MadWideU32 : IMap3<ulong, uint, uint, ulong>
{
    public static ulong Apply(uint a, uint b, ulong c) => ((ulong)a * b) + c;
}

internal readonly struct MadHighS32 : IMap3<int, int, int, int>
{
    public static int Apply(int a, int b, int c) => (int)(((long)a * b) >> 32) + c;
}

internal readonly struct MadHighU32 : IMap3<uint, uint, uint, uint>
{
    public static uint Apply(uint a, uint b, uint c) => (uint)(((ulong)a * b) >> 32) + c;
}

internal readonly struct DivideSigned<T> : IMap2<T, T, T>
    where T : IBinaryInteger<T>, ISignedNumber<T>
{
    public static T Apply(T a, T b) => T.IsZero(b) ? T.NegativeOne : b == T.NegativeOne ? -a : a / b;
}

internal readonly struct DivideUnsigned<T> : IMap2<T, T, T>
    where T : IBinaryInteger<T>, IUnsignedNumber<T>
{
    public static T Apply(T a, T b) => T.IsZero(b) ? T.AllBitsSet : a / b;
}

internal readonly struct RemainderSigned<T> : IMap2<T, T, T>
    where T : IBinaryInteger<T>, ISignedNumber<T>
{
    public static T Apply(T a, T b) => T.IsZero(b) ? a : b == T.NegativeOne ? T.Zero : a % b;
}

internal readonly struct RemainderUnsigned<T> : IMap2<T, T, T>
    where T : IBinaryInteger<T>, IUnsignedNumber<T>
{
    public static T Apply(T a, T b) => T.IsZero(b) ? a : a % b;
}

internal readonly struct Min<T> : IMap2<T, T, T>
    where T : IBinaryInteger<T>
{
    public static T Apply(T a, T b) => T.Min(a, b);
}

internal readonly struct Max<T> : IMap2<T, T, T>
    where T : IBinaryInteger<T>
{
    public static T Apply(T a, T b) => T.Max(a, b);
}

internal readonly struct Shl32 : IMap2<uint, uint, uint>
{
    public static uint Apply(uint a, uint b) => b > 31 ? 0 : a << (int)b;
}

internal readonly struct ShrU32 : IMap2<uint, uint, uint>
{
    public static uint Apply(uint a, uint b) => b > 31 ? 0 : a >> (int)b;
}

internal readonly struct ShrS32 : IMap2<int, int, uint>
{
    public static int Apply(int a, uint b) => a >> (int)Math.Min(b, 31);
}

internal readonly struct Shl64 : IMap2<ulong, ulong, uint>
{
    public static ulong Apply(ulong a, uint b) => b > 63 ? 0 : a << (int)b;
}

internal readonly struct ShrU64 : IMap2<ulong, ulong, uint>
{
    public static ulong Apply(ulong a, uint b) => b > 63 ? 0 : a >> (int)b;
}

internal readonly struct ShrS64 : IMap2<long, long, uint>
{
    public static long Apply(long a, uint b) => a >> (int)Math.Min(b, 63);
}

internal readonly struct AddI64 : IMap2<ulong, ulong, ulong>
{
    public static ulong Apply(ulong a, ulong b) => a + b;
}

internal readonly struct SubI64 : IMap2<ulong, ulong, ulong>
{
    public static ulong Apply(ulong a, ulong b) => a - b;
}

internal readonly struct MulLowI64 : IMap2<ulong, ulong, ulong>
{
    public static ulong Apply(ulong a, ulong b) => a * b;
}

internal readonly struct AndI64 : IMap2<ulong, ulong, ulong>
{
    public static ulong Apply(ulong a, ulong b) => a & b;
}

internal readonly struct OrI64 : IMap2<ulong, ulong, ulong>
{
    public static ulong Apply(ulong a, ulong b) => a | b;
}

internal readonly struct XorI64 : IMap2<ulong, ulong, ulong>
{
    public static ulong Apply(ulong a, ulong b) => a ^ b;
}

internal readonly struct MadLowI64 : IMap3<ulong, ulong, ulong, ulong>
{
    public static ulong Apply(ulong a, ulong b, ulong c) => (a * b) + c;
}

internal readonly struct MulHighS64 : IMap2<long, long, long>
{
    public static long Apply(long a, long b) => Math.BigMul(a, b, out long _);
}

internal readonly struct MulHighU64 : IMap2<ulong, ulong, ulong>
{
    public static ulong Apply(ulong a, ulong b) => Math.BigMul(a, b, out ulong _);
}

internal readonly struct Move64 : IMap1<ulong, ulong>
{
    public static ulong Apply(ulong a) => a;
}

internal readonly struct NegI64 : IMap1<long, long>
{
    public static long Apply(long a) => -a;
}

internal readonly struct AbsI64 : IMap1<long, long>
{
    public static long Apply(long a) => a < 0 ? -a : a;
}

internal readonly struct Not64 : IMap1<ulong, ulong>
{
    public static ulong Apply(ulong a) => ~a;
}

internal readonly struct CountLeadingZeros32 : IMap1<uint, uint>
{
    public static uint Apply(uint a) => (uint)BitOperations.LeadingZeroCount(a);
}

internal readonly struct PopulationCount32 : IMap1<uint, uint>
{
    public static uint Apply(uint a) => (uint)BitOperations.PopCount(a);
}

internal readonly struct CountLeadingZeros64 : IMap1<uint, ulong>
{
    public static uint Apply(ulong a) => (uint)BitOperations.LeadingZeroCount(a);
}

internal readonly struct PopulationCount64 : IMap1<uint, ulong>
{
    public static uint Apply(ulong a) => (uint)BitOperations.PopCount(a);
}

internal readonly struct Not16 : IMap1<uint, uint>
{
    public static uint Apply(uint a) => ~a & 0xFFFF;
}
