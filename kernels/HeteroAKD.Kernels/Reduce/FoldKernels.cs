using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Reduce;

/// <summary>How a reduction brings two numbers together. The order is fixed by the kernels, so a sum has the same bits on any number of threads.</summary>
public interface IFold
{
    /// <summary>The result over no elements.</summary>
    static abstract float Start { get; }

    /// <summary>Two partial results as one.</summary>
    static abstract TLane Combine<TLane>(TLane a, TLane b)
        where TLane : unmanaged, ILane<TLane>;

    /// <summary>The partial results of a group as one.</summary>
    static abstract TLane Across<TLane, TGroup>(TGroup group, TLane value)
        where TLane : unmanaged, ILane<TLane>
        where TGroup : struct, IGroup<TLane>;

    /// <summary>The specification of <see cref="Combine{TLane}"/>.</summary>
    static abstract double Reference(double a, double b);
}

/// <summary>a + b.</summary>
public readonly struct SumFold : IFold
{
    /// <inheritdoc/>
    public static float Start => 0f;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Combine<TLane>(TLane a, TLane b)
        where TLane : unmanaged, ILane<TLane> => a + b;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Across<TLane, TGroup>(TGroup group, TLane value)
        where TLane : unmanaged, ILane<TLane>
        where TGroup : struct, IGroup<TLane> => group.Sum(value);

    /// <inheritdoc/>
    public static double Reference(double a, double b) => a + b;
}

/// <summary>The larger of a and b; a NaN in either gives NaN.</summary>
public readonly struct MaxFold : IFold
{
    /// <inheritdoc/>
    public static float Start => float.NegativeInfinity;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Combine<TLane>(TLane a, TLane b)
        where TLane : unmanaged, ILane<TLane> => TLane.Max(a, b);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Across<TLane, TGroup>(TGroup group, TLane value)
        where TLane : unmanaged, ILane<TLane>
        where TGroup : struct, IGroup<TLane> => group.Max(value);

    /// <inheritdoc/>
    public static double Reference(double a, double b) => Math.Max(a, b);
}

/// <summary>
/// y[o, p] = the fold of piece p of row o / divisor. A row is cut into pieces of <c>piece</c> elements, a number that must not depend on the threads and is a
/// multiple of 4; the last may be shorter. With one piece a row is done; otherwise the kernel runs again over y. Launch on outer·pieces rows.
/// </summary>
public readonly struct RowFoldKernel<TFold>(
    Mem x, // [outer, length]
    Mem y, // [outer, pieces] overwritten
    int length,
    int piece,
    int pieces,
    int divisor) : IRowKernel, IWideKernel
    where TFold : struct, IFold
{
    /// <summary>y[o] = the fold of x[o, 0 … length - 1] / divisor: all stages together.</summary>
    public static void Reference(ReadOnlySpan<double> x, Span<double> y, int length, int divisor) => AxisFoldKernel<TFold>.Reference(x, y, length, 1, divisor);

    /// <inheritdoc/>
    public bool IsAligned => x.IsAligned;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane, TGroup>(TGroup group, int row)
        where TLane : unmanaged, ILane<TLane>
        where TGroup : struct, IGroup<TLane>
    {
        int outer = row / pieces;
        int first = (row - (outer * pieces)) * piece;
        int count = length - first < piece ? length - first : piece;
        int start = (outer * length) + first;
        TLane nothing = TLane.Splat(TFold.Start);
        TLane result = nothing;
        for (int j = group.Start; j < count; j += group.Stride)
        {
            result = TFold.Combine(result, TLane.LoadPart(x, start + j, count - j, nothing));
        }

        group.StoreOne(y, row, TFold.Across(group, result) / TLane.Splat(divisor));
    }
}

/// <summary>
/// y[o, p, i] = the fold of x[o, r, i] / divisor over the r of piece p. The axis is cut into pieces of <c>piece</c> places, a number that must not depend on
/// the threads; with one piece the axis is gone, otherwise the kernel runs again over y. Launch on outer·pieces rows and inner columns.
/// </summary>
public readonly struct AxisFoldKernel<TFold>(
    Mem x, // [outer, length, inner]
    Mem y, // [outer, pieces, inner] overwritten
    int length,
    int inner,
    int piece,
    int pieces,
    int divisor) : IPixelKernel, IWideKernel
    where TFold : struct, IFold
{
    /// <summary>y[o, i] = the fold of x[o, 0 … length - 1, i] / divisor: all stages together.</summary>
    public static void Reference(ReadOnlySpan<double> x, Span<double> y, int length, int inner, int divisor)
    {
        for (int i = 0; i < y.Length; i++)
        {
            double result = TFold.Start;
            for (int r = 0; r < length; r++)
            {
                result = TFold.Reference(result, x[(((i / inner * length) + r) * inner) + (i % inner)]);
            }

            y[i] = result / divisor;
        }
    }

    /// <inheritdoc/>
    public bool IsAligned => x.IsAligned && y.IsAligned;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        int outer = row / pieces;
        int first = (row - (outer * pieces)) * piece;
        int end = length - first < piece ? length : first + piece;
        TLane result = TLane.Splat(TFold.Start);
        for (int r = first; r < end; r++)
        {
            result = TFold.Combine(result, TLane.Load(x, (((outer * length) + r) * inner) + column));
        }

        TLane.Store(y, (row * inner) + column, result / TLane.Splat(divisor));
    }
}
