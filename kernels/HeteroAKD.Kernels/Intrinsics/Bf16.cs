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
}
