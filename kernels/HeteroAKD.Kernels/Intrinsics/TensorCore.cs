using ILGPU;
using ILGPU.IR.Intrinsics;

namespace HeteroAKD.Kernels.Intrinsics;

/// <summary>The part of a 16 x 8 (tf32) or 16 x 16 (bf16) matrix that a thread of a warp holds, in bits.</summary>
public struct LeftFragment
{
    /// <summary>Row lane / 4, first half of the columns.</summary>
    public uint X;

    /// <summary>Row lane / 4 + 8, first half.</summary>
    public uint Y;

    /// <summary>Row lane / 4, second half.</summary>
    public uint Z;

    /// <summary>Row lane / 4 + 8, second half.</summary>
    public uint W;
}

/// <summary>The part of an 8 x 8 (tf32) or 16 x 8 (bf16) matrix that a thread of a warp holds, in bits.</summary>
public struct RightFragment
{
    /// <summary>Column lane / 4, first half of the rows.</summary>
    public uint X;

    /// <summary>Column lane / 4, second half.</summary>
    public uint Y;
}

/// <summary>
/// What one thread contributes to matrix products of its warp (PTX <c>mma.sync</c>, compute capability 8.0). All 32 threads must call together; no
/// thread can do it alone, so kernels that use it are for CUDA only and the plain loop above them is their specification.
/// </summary>
public static class TensorCore
{
    /// <summary>
    /// C + A B for 16 x 8 times 8 x 8 in tf32 (8 + 10 bits) with float sums. Thread l holds A(l/4, l%4), A(l/4 + 8, l%4), A(l/4, l%4 + 4), A(l/4 + 8, l%4 + 4);
    /// B(l%4, l/4), B(l%4 + 4, l/4); C(l/4, 2(l%4)), the one right of it, and both eight rows further down.
    /// </summary>
    [IntrinsicImplementation]
    public static Float4 MultiplyTf32(LeftFragment a, RightFragment b, Float4 c) => c;

    /// <summary>
    /// C + A B for 16 x 16 times 16 x 8 in bf16 with float sums. As <see cref="MultiplyTf32"/> with two neighbouring elements along K, the lower first, where
    /// that has one.
    /// </summary>
    [IntrinsicImplementation]
    public static Float4 MultiplyBf16(LeftFragment a, RightFragment b, Float4 c) => c;

    /// <summary>
    /// Loads four matrices of eight rows of 16 bytes from shared memory (PTX <c>ldmatrix.x4</c>). Thread l names where row l % 8 of matrix l / 8 begins, a
    /// multiple of 16 bytes, and gets of each matrix the four bytes l % 4 of row l / 4. The body is only a placeholder: one thread cannot do it alone.
    /// </summary>
    [IntrinsicImplementation]
    public static LeftFragment LoadMatrices(ref float row) => new() { X = Interop.FloatAsInt(row) };

    /// <summary>
    /// As <see cref="LoadMatrices"/>, but with matrices of 8 x 8 numbers of 16 bits transposed: a thread gets of each matrix the numbers l / 4 of the rows 2 (l
    /// % 4) and 2 (l % 4) + 1, the lower row's in the low half.
    /// </summary>
    [IntrinsicImplementation]
    public static LeftFragment LoadTransposed(ref Bf16x4 row) => new() { X = row.Low };

    /// <summary>The nearest tf32 number, ties away from zero: 10 bits of mantissa are left.</summary>
    [IntrinsicImplementation]
    public static uint ToTf32(float x) => (Interop.FloatAsInt(x) + 0x1000u) & 0xffffe000u;

    /// <summary>Two nearest bf16 numbers, ties to even: the low half holds <paramref name="low"/>.</summary>
    [IntrinsicImplementation]
    public static uint PackBf16(float low, float high) => Bf16.FromFloat(low) | (Bf16.FromFloat(high) << 16);
}
