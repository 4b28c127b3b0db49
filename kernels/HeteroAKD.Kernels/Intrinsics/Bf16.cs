using System.Runtime.CompilerServices;
using ILGPU;

namespace HeteroAKD.Kernels.Intrinsics;

/// <summary>bfloat16: the upper half of a float, 8 bits of exponent and 7 of mantissa.</summary>
public static class Bf16
{
    /// <summary>The nearest bf16 number's bits, ties to even; a NaN stays one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint FromFloat(float x)
    {
        uint bits = Interop.FloatAsInt(x);
        uint rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
        return float.IsNaN(x) ? 0x7fffu : rounded;
    }

    /// <summary>The number that the low 16 bits stand for.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float ToFloat(uint bits) => Interop.IntAsFloat(bits << 16);

    /// <summary>The number that the high 16 bits stand for.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float UpperToFloat(uint bits) => Interop.IntAsFloat(bits & 0xffff0000u);

    /// <summary>The nearest bf16 numbers' bits; host only.</summary>
    /// <param name="values">Floats.</param>
    /// <param name="bits">As many.</param>
    public static void FromFloats(ReadOnlySpan<float> values, Span<ushort> bits)
    {
        for (int i = 0; i < values.Length; i++)
        {
            bits[i] = (ushort)FromFloat(values[i]);
        }
    }

    /// <summary>The numbers that bits stand for; host only.</summary>
    /// <param name="bits">bf16 numbers.</param>
    /// <param name="values">As many.</param>
    public static void ToFloats(ReadOnlySpan<ushort> bits, Span<float> values)
    {
        for (int i = 0; i < bits.Length; i++)
        {
            values[i] = ToFloat(bits[i]);
        }
    }
}
