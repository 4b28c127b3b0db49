using System.Numerics;
using HeteroAKD.CudaEmulator.Ptx;

namespace HeteroAKD.CudaEmulator.Execution;

/// <summary><c>cvt</c> between any two types, and into the short formats of matrix instructions.</summary>
internal static unsafe class Conversions
{
    /// <summary>Rounding modes of a conversion, in the low bits of the flags.</summary>
    public const int RoundingMask = 7;

    /// <summary>To an integral value, ties to even.</summary>
    public const int ToNearestInteger = 1;

    /// <summary>To an integral value, towards zero.</summary>
    public const int TowardsZero = 2;

    /// <summary>To an integral value, downwards.</summary>
    public const int Down = 3;

    /// <summary>To an integral value, upwards.</summary>
    public const int Up = 4;

    /// <summary>Values outside the range of the result are its limits.</summary>
    public const int Saturate = 8;

    /// <summary>The registers of the source are 64 bits wide.</summary>
    public const int WideSource = 16;

    /// <summary>The registers of the result are 64 bits wide.</summary>
    public const int WideResult = 32;

    /// <summary>The registers of the result are 16 bits wide.</summary>
    public const int NarrowResult = 64;

    /// <summary>Any conversion; both types are packed in the constant.</summary>
    public static void Run(Warp warp, in Instruction instruction, uint mask)
    {
        (PtxType to, PtxType from) = Unpack(instruction.Immediate);
        for (uint m = mask; m != 0; m &= m - 1)
        {
            int lane = BitOperations.TrailingZeroCount(m);
            ulong bits = (instruction.Flags & WideSource) != 0 ? Lanes.Row64(warp, instruction.A)[lane] : Lanes.Row32(warp, instruction.A)[lane];
            ulong result = from.Class == PtxClass.Float
                ? FromFloat(ReadFloat(bits, from.Bytes), to, instruction.Flags)
                : FromInteger(ReadInteger(bits, from), from, to, instruction.Flags);
            if ((instruction.Flags & WideResult) != 0)
            {
                Lanes.Row64(warp, instruction.D)[lane] = result;
            }
            else
            {
                Lanes.Row32(warp, instruction.D)[lane] = (uint)((instruction.Flags & NarrowResult) != 0 ? result & 0xFFFF : result);
            }
        }
    }

    /// <summary>Both types of a conversion as a constant.</summary>
    public static long Pack(PtxType to, PtxType from) => ((long)to.Class << 24) | ((long)to.Bytes << 16) | ((long)from.Class << 8) | (long)from.Bytes;

    /// <summary>The nearest bfloat16, ties to even; NaN is 0x7FFF.</summary>
    public static uint ToBFloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value) ? 0x7FFF : (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
    }

    /// <summary>The nearest number with ten bits of fraction, ties away from zero, as a float32; NaN is 0x7FFFFFFF.</summary>
    public static uint ToTensorFloat32(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value) ? 0x7FFF_FFFF : float.IsInfinity(value) ? bits : (bits + 0x1000) & ~0x1FFFu;
    }

    private static (PtxType To, PtxType From) Unpack(long types) =>
        (new PtxType((PtxClass)(types >> 24), (int)((types >> 16) & 0xFF)), new PtxType((PtxClass)((types >> 8) & 0xFF), (int)(types & 0xFF)));

    private static double ReadFloat(ulong bits, int bytes) => bytes switch
    {
        2 => (double)BitConverter.UInt16BitsToHalf((ushort)bits),
        4 => BitConverter.UInt32BitsToSingle((uint)bits),
        _ => BitConverter.UInt64BitsToDouble(bits),
    };

    private static long ReadInteger(ulong bits, PtxType type)
    {
        int unused = 64 - (8 * type.Bytes);
        return type.Class == PtxClass.Signed ? (long)(bits << unused) >> unused : (long)(bits << unused >> unused);
    }

    private static ulong FromFloat(double value, PtxType to, int flags)
    {
        value = (flags & RoundingMask) switch
        {
            ToNearestInteger => Math.Round(value, MidpointRounding.ToEven),
            TowardsZero => Math.Truncate(value),
            Down => Math.Floor(value),
            Up => Math.Ceiling(value),
            _ => value,
        };
        if (to.Class == PtxClass.Float)
        {
            return WriteFloat((flags & Saturate) == 0 ? value : double.IsNaN(value) ? 0 : Math.Clamp(value, 0, 1), to.Bytes);
        }

        // An integer result is always limited to its range; NaN gives 0.
        int bits = 8 * to.Bytes;
        return to.Class == PtxClass.Signed
            ? (ulong)(bits == 64 ? (long)value : (long)Math.Clamp(double.IsNaN(value) ? 0 : value, -(1L << (bits - 1)), (1L << (bits - 1)) - 1))
            : bits == 64 ? (ulong)value : (ulong)Math.Clamp(double.IsNaN(value) ? 0 : value, 0, (1UL << bits) - 1);
    }

    private static ulong FromInteger(long value, PtxType from, PtxType to, int flags)
    {
        bool isLarge = from is { Class: not PtxClass.Signed, Bytes: 8 };
        if (to.Class == PtxClass.Float)
        {
            return to.Bytes switch
            {
                4 => BitConverter.SingleToUInt32Bits(isLarge ? (ulong)value : value),
                _ => WriteFloat(isLarge ? (ulong)value : value, to.Bytes),
            };
        }

        if ((flags & Saturate) != 0)
        {
            Int128 wide = isLarge ? (Int128)(ulong)value : value;
            int bits = 8 * to.Bytes;
            value = to.Class == PtxClass.Signed
                ? (long)Int128.Clamp(wide, -(Int128.One << (bits - 1)), (Int128.One << (bits - 1)) - 1)
                : (long)(ulong)Int128.Clamp(wide, 0, (Int128.One << bits) - 1);
        }

        return (ulong)ReadInteger((ulong)value, to);
    }

    private static ulong WriteFloat(double value, int bytes) => bytes switch
    {
        2 => BitConverter.HalfToUInt16Bits((Half)value),
        4 => BitConverter.SingleToUInt32Bits((float)value),
        _ => BitConverter.DoubleToUInt64Bits(value),
    };
}

internal readonly struct FloatOfS32 : IMap1<float, int>
{
    public static float Apply(int a) => a;
}

internal readonly struct TruncateToS32 : IMap1<int, float>
{
    public static int Apply(float a) => float.IsNaN(a) ? 0 : (int)a;
}

internal readonly struct WidenU32 : IMap1<ulong, uint>
{
    public static ulong Apply(uint a) => a;
}

internal readonly struct WidenS32 : IMap1<long, int>
{
    public static long Apply(int a) => a;
}

internal readonly struct NarrowTo32 : IMap1<uint, ulong>
{
    public static uint Apply(ulong a) => (uint)a;
}

internal readonly struct RoundToTensorFloat : IMap1<uint, float>
{
    public static uint Apply(float a) => Conversions.ToTensorFloat32(a);
}

internal readonly struct RoundToBFloat : IMap1<uint, float>
{
    public static uint Apply(float a) => Conversions.ToBFloat16(a);
}

internal readonly struct RoundToBFloatPair : IMap2<uint, float, float>
{
    public static uint Apply(float a, float b) => (Conversions.ToBFloat16(a) << 16) | Conversions.ToBFloat16(b);
}

internal readonly struct RoundToHalfPair : IMap2<uint, float, float>
{
    public static uint Apply(float a, float b) => ((uint)BitConverter.HalfToUInt16Bits((Half)a) << 16) | BitConverter.HalfToUInt16Bits((Half)b);
}

internal readonly struct WidenBFloat : IMap1<uint, uint>
{
    public static uint Apply(uint a) => a << 16;
}
