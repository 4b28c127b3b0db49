using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace HeteroAKD.Kernels.Layout;

/// <summary>Transpositions of small blocks of floats in registers.</summary>
internal static unsafe class RegisterTranspose
{
    /// <summary>to[column, row] = from[row, column] for 8 x 8 floats; strides in elements. Needs AVX.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Turn8(float* from, nint fromStride, float* to, nint toStride)
    {
        Vector256<float> r0 = Vector256.Load(from), r1 = Vector256.Load(from + fromStride);
        Vector256<float> r2 = Vector256.Load(from + (2 * fromStride)), r3 = Vector256.Load(from + (3 * fromStride));
        Vector256<float> r4 = Vector256.Load(from + (4 * fromStride)), r5 = Vector256.Load(from + (5 * fromStride));
        Vector256<float> r6 = Vector256.Load(from + (6 * fromStride)), r7 = Vector256.Load(from + (7 * fromStride));

        // Pairs of rows, then fours, then halves of 128 bits.
        (r0, r1) = (Avx.UnpackLow(r0, r1), Avx.UnpackHigh(r0, r1));
        (r2, r3) = (Avx.UnpackLow(r2, r3), Avx.UnpackHigh(r2, r3));
        (r4, r5) = (Avx.UnpackLow(r4, r5), Avx.UnpackHigh(r4, r5));
        (r6, r7) = (Avx.UnpackLow(r6, r7), Avx.UnpackHigh(r6, r7));
        Vector256<float> a0 = Avx.Shuffle(r0, r2, 0x44), a1 = Avx.Shuffle(r0, r2, 0xee), a2 = Avx.Shuffle(r1, r3, 0x44), a3 = Avx.Shuffle(r1, r3, 0xee);
        Vector256<float> b0 = Avx.Shuffle(r4, r6, 0x44), b1 = Avx.Shuffle(r4, r6, 0xee), b2 = Avx.Shuffle(r5, r7, 0x44), b3 = Avx.Shuffle(r5, r7, 0xee);
        Avx.Permute2x128(a0, b0, 0x20).Store(to);
        Avx.Permute2x128(a1, b1, 0x20).Store(to + toStride);
        Avx.Permute2x128(a2, b2, 0x20).Store(to + (2 * toStride));
        Avx.Permute2x128(a3, b3, 0x20).Store(to + (3 * toStride));
        Avx.Permute2x128(a0, b0, 0x31).Store(to + (4 * toStride));
        Avx.Permute2x128(a1, b1, 0x31).Store(to + (5 * toStride));
        Avx.Permute2x128(a2, b2, 0x31).Store(to + (6 * toStride));
        Avx.Permute2x128(a3, b3, 0x31).Store(to + (7 * toStride));
    }

    /// <summary>to[column, row] = from[row, column] for 4 x 4 floats; strides in elements. Needs SSE.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Turn4(float* from, nint fromStride, float* to, nint toStride)
    {
        Vector128<float> r0 = Vector128.Load(from);
        Vector128<float> r1 = Vector128.Load(from + fromStride);
        Vector128<float> r2 = Vector128.Load(from + (2 * fromStride));
        Vector128<float> r3 = Vector128.Load(from + (3 * fromStride));
        Vector128<float> low01 = Sse.UnpackLow(r0, r1);
        Vector128<float> low23 = Sse.UnpackLow(r2, r3);
        Vector128<float> high01 = Sse.UnpackHigh(r0, r1);
        Vector128<float> high23 = Sse.UnpackHigh(r2, r3);
        Sse.MoveLowToHigh(low01, low23).Store(to);
        Sse.MoveHighToLow(low23, low01).Store(to + toStride);
        Sse.MoveLowToHigh(high01, high23).Store(to + (2 * toStride));
        Sse.MoveHighToLow(high23, high01).Store(to + (3 * toStride));
    }
}
