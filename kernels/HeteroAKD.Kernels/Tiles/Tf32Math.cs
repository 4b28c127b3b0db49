using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Intrinsics;
using ILGPU;

namespace HeteroAKD.Kernels.Tiles;

/// <summary>
/// Tensor cores on numbers rounded to tf32 (10 bits of mantissa, the range of float), sums in float. Where pieces lie along K, a load of matrices brings four
/// numbers to every thread in the order of the instruction's registers: taken from registers that a load of 16 bytes had filled, they would all have to be
/// moved.
/// </summary>
public readonly struct Tf32Math : ITileMath, IWarpProduct
{
    /// <inheritdoc/>
    public static int Depth => 8;

    /// <inheritdoc/>
    public static int Threads<TTile>()
        where TTile : struct, ITile => WarpMath.Threads<TTile>();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Multiply<TTile, TLeft, TRight>(ArrayView<float> a, ArrayView<float> b, Float4[] sums, int thread)
        where TTile : struct, ITile
        where TLeft : struct, ITileSource<TLeft>
        where TRight : struct, ITileSource<TRight> => WarpMath.Multiply<Tf32Math, TTile, TLeft, TRight>(a, b, sums, thread);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Spill<TTile, TLeft, TRight>(ArrayView<float> result, Float4[] sums, int thread)
        where TTile : struct, ITile
        where TLeft : struct, ITileSource<TLeft>
        where TRight : struct, ITileSource<TRight> => WarpMath.Spill<TTile>(result, sums, thread);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LeftFragment Left<TSource>(ArrayView<float> slice, int line, int k, int lines, int lane)
        where TSource : struct, ITileSource<TSource>
    {
        if (TSource.AlongDepth)
        {
            // Matrices: lines 0-7 and 8-15 of the first four steps, then of the last four. Thread l names row l % 8 of matrix l / 8.
            return Rounded(TensorCore.LoadMatrices(ref slice[Slice.AlongDepth(line + (lane & 15), (k >> 2) + (lane >> 4))]));
        }

        int own = line + (lane >> 2);
        int step = k + (lane & 3);
        return new LeftFragment
        {
            X = TensorCore.ToTf32(Slice.Across(slice, step, own, lines)),
            Y = TensorCore.ToTf32(Slice.Across(slice, step, own + 8, lines)),
            Z = TensorCore.ToTf32(Slice.Across(slice, step + 4, own, lines)),
            W = TensorCore.ToTf32(Slice.Across(slice, step + 4, own + 8, lines)),
        };
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LeftFragment Right<TSource>(ArrayView<float> slice, int line, int k, int lines, int lane)
        where TSource : struct, ITileSource<TSource>
    {
        if (TSource.AlongDepth)
        {
            // Matrices: the first four and the last four steps of lines 0-7, then of lines 8-15.
            int own = line + (lane & 7) + ((lane >> 4) << 3);
            return Rounded(TensorCore.LoadMatrices(ref slice[Slice.AlongDepth(own, (k >> 2) + ((lane >> 3) & 1))]));
        }

        int first = line + (lane >> 2);
        int step = k + (lane & 3);
        return new LeftFragment
        {
            X = TensorCore.ToTf32(Slice.Across(slice, step, first, lines)),
            Y = TensorCore.ToTf32(Slice.Across(slice, step + 4, first, lines)),
            Z = TensorCore.ToTf32(Slice.Across(slice, step, first + 8, lines)),
            W = TensorCore.ToTf32(Slice.Across(slice, step + 4, first + 8, lines)),
        };
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float4 Add(LeftFragment left, RightFragment right, Float4 sum) => TensorCore.MultiplyTf32(left, right, sum);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static LeftFragment Rounded(LeftFragment bits) => new()
    {
        X = TensorCore.ToTf32(Interop.IntAsFloat(bits.X)),
        Y = TensorCore.ToTf32(Interop.IntAsFloat(bits.Y)),
        Z = TensorCore.ToTf32(Interop.IntAsFloat(bits.Z)),
        W = TensorCore.ToTf32(Interop.IntAsFloat(bits.W)),
    };
}
