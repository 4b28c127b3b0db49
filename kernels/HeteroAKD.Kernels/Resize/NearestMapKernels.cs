using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Resize;

/// <summary>
/// One axis of a nearest-neighbour resize: target o is source ⌊o · source/target⌋ (F.interpolate, mode = nearest), or ⌊(o + ½) · source/target⌋
/// (nearest-exact). PyTorch takes the quotient as a float, this is its exact value. The fraction's numbers stay whole and lose their common factor, as in
/// <see cref="BilinearAxis"/>: below 2^24 every lane is exact.
/// </summary>
public readonly struct NearestAxis
{
    /// <summary>Elements to read from.</summary>
    public readonly int Source;

    /// <summary>Elements to make.</summary>
    public readonly int Target;

    /// <summary>What a step of one target element adds to the numerator.</summary>
    public readonly int Step;

    /// <summary>The numerator at target element 0.</summary>
    public readonly int Offset;

    /// <summary>The denominator.</summary>
    public readonly int Divisor;

    /// <summary>The axis that takes <paramref name="source"/> elements to <paramref name="target"/> ones, both at least 1.</summary>
    /// <param name="source">Elements to read from.</param>
    /// <param name="target">Elements to make.</param>
    /// <param name="exact">Whether the middle of a target element decides (nearest-exact), or its beginning (nearest).</param>
    public NearestAxis(int source, int target, bool exact)
    {
        Source = source;
        Target = target;
        int common = BilinearAxis.CommonDivisor(source, target);
        int half = exact ? 2 : 1;
        Step = half * (source / common);
        Offset = exact ? source / common : 0;
        Divisor = half * (target / common);
    }

    /// <summary>Most target elements that one source element becomes: the length of the loop in the gradient.</summary>
    public int MaxTargets => (Divisor + Step - 1) / Step;

    /// <summary>The source of a target element.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int From(int target) => ((target * Step) + Offset) / Divisor;

    /// <summary>As <see cref="From(int)"/>, for a lane of target elements.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane From<TLane>(TLane target)
        where TLane : unmanaged, ILane<TLane> => TLane.Floor(TLane.Fma(target, TLane.Splat(Step), TLane.Splat(Offset)) / TLane.Splat(Divisor));

    /// <summary>The first target element of source element <paramref name="source"/>; that of the next one ends its run, which may be empty.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int FirstTarget(int source)
    {
        int first = ((source * Divisor) - Offset + Step - 1) / Step;
        return first < Target ? (first > 0 ? first : 0) : Target;
    }

    /// <summary>As <see cref="FirstTarget(int)"/>, for a lane of source elements; beyond the last target where there is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane FirstTarget<TLane>(TLane source)
        where TLane : unmanaged, ILane<TLane>
    {
        TLane numerator = TLane.Fma(source, TLane.Splat(Divisor), TLane.Splat(Step - 1 - Offset));
        return TLane.Max(TLane.Floor(numerator / TLane.Splat(Step)), TLane.Splat(0f));
    }
}

/// <summary>Maps at another size by the nearest neighbour, [planes, H, W] to [planes, H', W']. Launch on planes · H' × W'.</summary>
public readonly struct NearestMapKernel(
    Mem x, // [planes, vertical.Source, horizontal.Source]
    Mem y, // [planes, vertical.Target, horizontal.Target] overwritten
    NearestAxis vertical,
    NearestAxis horizontal) : IPixelKernel
{
    /// <summary>y[p, i, j] = x[p, ⌊(i + o)·H/H'⌋, ⌊(j + o)·W/W'⌋] with o = ½ for nearest-exact and 0 for nearest.</summary>
    public static void Reference(ReadOnlySpan<double> x, Span<double> y, int height, int width, int newHeight, int newWidth, bool exact)
    {
        int half = exact ? 1 : 0;
        for (int k = 0; k < y.Length; k++)
        {
            int plane = k / (newHeight * newWidth);
            int row = (int)(((2L * (k / newWidth % newHeight)) + half) * height / (2L * newHeight));
            int column = (int)(((2L * (k % newWidth)) + half) * width / (2L * newWidth));
            y[k] = x[(((plane * height) + row) * width) + column];
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        int plane = row / vertical.Target;
        int source = ((plane * vertical.Source) + vertical.From(row - (plane * vertical.Target))) * horizontal.Source;
        TLane.Store(y, (row * horizontal.Target) + column, TLane.Gather(x, source, horizontal.From(TLane.Iota(column))));
    }
}

/// <summary>
/// The gradient of <see cref="NearestMapKernel"/>: a source element gathers from the rectangle of target elements that it became. Launch on planes · H × W.
/// </summary>
public readonly struct NearestMapGradientKernel(
    Mem dy, // [planes, vertical.Target, horizontal.Target]
    Mem dx, // [planes, vertical.Source, horizontal.Source] overwritten
    NearestAxis vertical,
    NearestAxis horizontal,
    int maxTargets) : IPixelKernel
{
    /// <summary>The kernel for two axes; the length of its inner loop is worked out once.</summary>
    public NearestMapGradientKernel(Mem dy, Mem dx, NearestAxis vertical, NearestAxis horizontal)
        : this(dy, dx, vertical, horizontal, horizontal.MaxTargets)
    {
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        int plane = row / vertical.Source;
        int source = row - (plane * vertical.Source);
        int end = vertical.FirstTarget(source + 1);
        TLane place = TLane.Iota(column);
        TLane first = horizontal.FirstTarget(place);
        TLane last = TLane.Splat(horizontal.Target - 1);
        TLane stop = horizontal.FirstTarget(place + TLane.Splat(1));
        TLane zero = TLane.Splat(0f);
        TLane sum = zero;
        for (int i = vertical.FirstTarget(source); i < end; i++)
        {
            int start = ((plane * vertical.Target) + i) * horizontal.Target;
            TLane target = first;
            for (int k = 0; k < maxTargets; k++)
            {
                // A lane whose run is over goes on at a place that can be read and adds nothing.
                TLane g = TLane.Gather(dy, start, TLane.Min(target, last));
                g = TLane.SelectGreater(stop, target, g, zero);
                sum += TLane.SelectGreater(target, last, zero, g);
                target += TLane.Splat(1f);
            }
        }

        TLane.Store(dx, (row * horizontal.Source) + column, sum);
    }
}
