using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;

namespace HeteroAKD.Kernels.Resize;

/// <summary>
/// One axis of a bilinear resize, PyTorch's coordinates (<c>F.interpolate(size=…, mode="bilinear")</c>): target element o lies at source position
/// <c>o·(source - 1)/(target - 1)</c> with align_corners, else at <c>max(0, (o + ½)·source/target - ½)</c>, and mixes the two source elements around it.
/// </summary>
/// <remarks>
/// A position is kept as the fraction (o·Step + Offset) / Divisor of whole numbers with their common factor taken out. As long as they stay below 2^24
/// every lane finds the exact neighbours, and a weight is one rounding away from its true value. Made on the host; the functions run in kernels.
/// </remarks>
public readonly struct BilinearAxis
{
    /// <summary>Elements to read from.</summary>
    public readonly int Source;

    /// <summary>Elements to make.</summary>
    public readonly int Target;

    /// <summary>What a step of one target element adds to the numerator.</summary>
    public readonly int Step;

    /// <summary>The numerator at target element 0, before it is clamped at 0.</summary>
    public readonly int Offset;

    /// <summary>The denominator: this many units are one source element.</summary>
    public readonly int Divisor;

    /// <summary>The axis that takes <paramref name="source"/> elements to <paramref name="target"/> ones, both at least 1.</summary>
    public BilinearAxis(int source, int target, bool alignCorners)
    {
        Source = source;
        Target = target;
        Step = alignCorners ? (target > 1 ? source - 1 : 0) : 2 * source;
        Offset = alignCorners ? 0 : source - target;
        Divisor = alignCorners ? Math.Max(1, target - 1) : 2 * target;
        int common = CommonDivisor(CommonDivisor(Step, Math.Abs(Offset)), Divisor);
        Step /= common;
        Offset /= common;
        Divisor /= common;
    }

    /// <summary>An upper bound of the target elements that one source element reaches: the length of the loop in a gradient kernel.</summary>
    public int MaxTargets => Source == 1 || Step == 0 ? Target : Math.Min(Target, ((2 * Divisor) + Step - 1) / Step);

    /// <summary>The lower of the two source elements that target element <paramref name="target"/> mixes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Low(int target) => Numerator(target) / Divisor;

    /// <summary>The upper source element beside <paramref name="low"/>; the same one at the end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int High(int low) => Math.Min(low + 1, Source - 1);

    /// <summary>The weight of the upper source element, for one target element; the lower one has the rest to 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Weight<TLane>(int target)
        where TLane : unmanaged, ILane<TLane>
    {
        int numerator = Numerator(target);
        return TLane.Splat(numerator - (numerator / Divisor * Divisor)) / TLane.Splat(Divisor);
    }

    /// <summary>As <see cref="Low(int)"/>, for a lane of target elements.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Low<TLane>(TLane target)
        where TLane : unmanaged, ILane<TLane> => TLane.Floor(Numerator(target) / TLane.Splat(Divisor));

    /// <summary>As <see cref="High(int)"/>, for a lane of source elements.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane High<TLane>(TLane low)
        where TLane : unmanaged, ILane<TLane> => TLane.Min(low + TLane.Splat(1), TLane.Splat(Source - 1));

    /// <summary>As <see cref="Weight{TLane}(int)"/>, for a lane of target elements and their <see cref="Low{TLane}(TLane)"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Weight<TLane>(TLane target, TLane low)
        where TLane : unmanaged, ILane<TLane> => (Numerator(target) - (low * TLane.Splat(Divisor))) / TLane.Splat(Divisor);

    /// <summary>
    /// Two neighbours by the weight of the upper one: weight · high + (1 - weight) · low. A weight of 0 leaves <paramref name="high"/> out, so that an infinity
    /// there does not reach <paramref name="low"/>, and two equal infinities stay what they are.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Mix<TLane>(TLane low, TLane high, TLane weight)
        where TLane : unmanaged, ILane<TLane> =>
        TLane.SelectGreater(weight, TLane.Splat(0f), TLane.Fma(weight, high, (TLane.Splat(1f) - weight) * low), low);

    /// <summary>
    /// What source element <paramref name="source"/> weighs in target element <paramref name="target"/>; 0 where it does not reach, or where there is
    /// no such target.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Share<TLane>(TLane target, TLane source)
        where TLane : unmanaged, ILane<TLane> => Units(target, source) / TLane.Splat(Divisor);

    /// <summary><see cref="Share{TLane}"/> times <see cref="Divisor"/>, a whole number: a sum of many shares is divided once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Units<TLane>(TLane target, TLane source)
        where TLane : unmanaged, ILane<TLane>
    {
        TLane divisor = TLane.Splat(Divisor);
        TLane distance = TLane.Abs(Numerator(target) - (source * divisor));
        TLane units = TLane.Max(divisor - distance, TLane.Splat(0f));
        return TLane.SelectGreater(target, TLane.Splat(Target - 1), TLane.Splat(0f), units);
    }

    /// <summary>As <see cref="Units{TLane}"/>, for one source element and one target element that there is.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Units(int target, int source)
    {
        int distance = Numerator(target) - (source * Divisor);
        return Math.Max(0, Divisor - (distance < 0 ? -distance : distance));
    }

    /// <summary>
    /// The first target element that source element <paramref name="source"/> reaches with a weight above 0 (or would, were there more targets).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int FirstTarget(int source) => source <= 0 || Step == 0 ? 0 : Math.Max(0, FloorDivide(((source - 1) * Divisor) - Offset, Step) + 1);

    /// <summary>
    /// The last target element, inclusive, that source element <paramref name="source"/> reaches with a weight above 0; below the first where there is
    /// none.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int LastTarget(int source) =>
        Step == 0 ? (source == 0 ? Target - 1 : -1)
        : source >= Source - 1 ? Target - 1
        : Math.Min(Target - 1, FloorDivide(((source + 1) * Divisor) - Offset - 1, Step));

    /// <summary>As <see cref="FirstTarget(int)"/>, for a lane of source elements.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane FirstTarget<TLane>(TLane source)
        where TLane : unmanaged, ILane<TLane>
    {
        if (Step == 0)
        {
            return TLane.Splat(0f);
        }

        TLane numerator = ((source - TLane.Splat(1)) * TLane.Splat(Divisor)) - TLane.Splat(Offset);
        TLane first = TLane.Max(TLane.Floor(numerator / TLane.Splat(Step)) + TLane.Splat(1), TLane.Splat(0f));
        return TLane.SelectGreater(source, TLane.Splat(0f), first, TLane.Splat(0f));
    }

    private int Numerator(int target) => Math.Min(Math.Max(0, (target * Step) + Offset), (Source - 1) * Divisor);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private TLane Numerator<TLane>(TLane target)
        where TLane : unmanaged, ILane<TLane>
    {
        TLane numerator = TLane.Fma(target, TLane.Splat(Step), TLane.Splat(Offset));
        return TLane.Min(TLane.Max(numerator, TLane.Splat(0f)), TLane.Splat((Source - 1) * Divisor));
    }

    // Rounds down for negative numerators too.
    private static int FloorDivide(int a, int b) => a >= 0 ? a / b : -((b - 1 - a) / b);

    /// <summary>The greatest common divisor; of 0 and a number that number.</summary>
    internal static int CommonDivisor(int a, int b)
    {
        while (b != 0)
        {
            (a, b) = (b, a % b);
        }

        return a;
    }
}
