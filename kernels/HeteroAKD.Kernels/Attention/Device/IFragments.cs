using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Intrinsics;
using ILGPU;

namespace HeteroAKD.Kernels.Attention.Device;

/// <summary>
/// A thread's part of 16 x 16 elements as the left side of a product, rounded. In what follows a lane is 4 g + t; the sum over the 16 may take its terms in any
/// order as long as both sides take the same, so a lane holds those that it has anyway.
/// </summary>
public struct LeftPiece
{
    /// <summary>The first half of the sum, or all of it.</summary>
    public LeftFragment First;

    /// <summary>The second half, where an instruction sums over 8.</summary>
    public LeftFragment Second;
}

/// <summary>The precision of a warp's products in attention. Sums are 16 x 8: rows g and g + 8, columns 2 t and 2 t + 1 of a thread.</summary>
public interface IFragments
{
    /// <summary>Whether tiles are rounded when they have arrived in shared memory; else the right sides of products are rounded as they are read.</summary>
    static abstract bool RoundsTiles { get; }

    /// <summary>Four elements of a tile as they are to lie in shared memory.</summary>
    static abstract Float4 Round(Float4 x);

    /// <summary>A piece of a matrix in memory as left side: columns 4 t … 4 t + 3 of the rows g and g + 8.</summary>
    static abstract LeftPiece Rows(Float4 top, Float4 bottom);

    /// <summary>Two neighbouring results of 16 x 8 as left side of the next product.</summary>
    static abstract LeftPiece Results(Float4 first, Float4 second);

    /// <summary>sum + left Bᵀ for a left side from <see cref="Rows"/>.</summary>
    /// <param name="left">[16, 16].</param>
    /// <param name="line">Columns 4 t … 4 t + 3 of row g of B, [8, 16].</param>
    /// <param name="sum">[16, 8].</param>
    static abstract Float4 AddLines(LeftPiece left, Float4 line, Float4 sum);

    /// <summary>sum + left B for a left side from <see cref="Results"/>; B is [16, 8], and its column of the thread any that all rows agree on.</summary>
    /// <param name="left">[16, 16].</param>
    /// <param name="a">Row 2 t of B.</param>
    /// <param name="b">Row 2 t + 1.</param>
    /// <param name="c">Row 2 t + 8.</param>
    /// <param name="d">Row 2 t + 9.</param>
    /// <param name="sum">[16, 8].</param>
    static abstract Float4 AddTokens(LeftPiece left, float a, float b, float c, float d, Float4 sum);
}

/// <summary>Factors rounded to tf32; an instruction sums over 8, of which it wants elements t and t + 4 of a thread.</summary>
public readonly struct Tf32Fragments : IFragments
{
    /// <inheritdoc/>
    public static bool RoundsTiles => true; // a rounding is two instructions, and every warp reads the whole tile

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float4 Round(Float4 x) => new() { X = Round(x.X), Y = Round(x.Y), Z = Round(x.Z), W = Round(x.W) };

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LeftPiece Rows(Float4 top, Float4 bottom) => new()
    {
        First = Left(top.X, bottom.X, top.Y, bottom.Y),
        Second = Left(top.Z, bottom.Z, top.W, bottom.W),
    };

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LeftPiece Results(Float4 first, Float4 second) => new()
    {
        First = Left(first.X, first.Z, first.Y, first.W),
        Second = Left(second.X, second.Z, second.Y, second.W),
    };

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float4 AddLines(LeftPiece left, Float4 line, Float4 sum) => AddTokens(left, line.X, line.Y, line.Z, line.W, sum);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float4 AddTokens(LeftPiece left, float a, float b, float c, float d, Float4 sum) =>
        TensorCore.MultiplyTf32(left.Second, Right(c, d), TensorCore.MultiplyTf32(left.First, Right(a, b), sum));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static LeftFragment Left(float x, float y, float z, float w) => new()
    {
        X = TensorCore.ToTf32(x),
        Y = TensorCore.ToTf32(y),
        Z = TensorCore.ToTf32(z),
        W = TensorCore.ToTf32(w),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static RightFragment Right(float x, float y) => new() { X = Interop.FloatAsInt(x), Y = Interop.FloatAsInt(y) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Round(float x) => Interop.IntAsFloat(TensorCore.ToTf32(x));
}

/// <summary>Factors rounded to bf16; an instruction sums over 16, of which it wants the pairs from 2 t and 2 t + 8 on.</summary>
public readonly struct Bf16Fragments : IFragments
{
    /// <inheritdoc/>
    public static bool RoundsTiles => false; // an instruction rounds and packs two, and which two differs between the two kinds of product

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float4 Round(Float4 x) => x;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LeftPiece Rows(Float4 top, Float4 bottom) => new()
    {
        First = new LeftFragment
        {
            X = TensorCore.PackBf16(top.X, top.Y),
            Y = TensorCore
                .PackBf16(bottom.X, bottom.Y),
            Z = TensorCore.PackBf16(top.Z, top.W),
            W = TensorCore.PackBf16(bottom.Z, bottom.W),
        },
    };

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LeftPiece Results(Float4 first, Float4 second) => new()
    {
        First = new LeftFragment
        {
            X = TensorCore.PackBf16(first.X, first.Y),
            Y = TensorCore
                .PackBf16(first.Z, first.W),
            Z = TensorCore.PackBf16(second.X, second.Y),
            W = TensorCore.PackBf16(second.Z, second.W),
        },
    };

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float4 AddLines(LeftPiece left, Float4 line, Float4 sum) => AddTokens(left, line.X, line.Y, line.Z, line.W, sum);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float4 AddTokens(LeftPiece left, float a, float b, float c, float d, Float4 sum) =>
        TensorCore.MultiplyBf16(left.First, new RightFragment { X = TensorCore.PackBf16(a, b), Y = TensorCore.PackBf16(c, d) }, sum);
}
