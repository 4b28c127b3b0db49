using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;

namespace HeteroAKD.Kernels.Layout;

/// <summary>
/// Which element of a source axis each element of a target axis is: target i is source (i · Step + Start) / Spacing where that is whole and within the source,
/// else there is none. A slice has a step, a padding a negative start; <see cref="Adjoint"/> of one is the other, which gives their gradients. Made on the
/// host; the functions run in kernels.
/// </summary>
public readonly struct AxisMap
{
    /// <summary>Largest step and spacing on an axis whose neighbours are loaded as lanes.</summary>
    public const int MaxLaneStep = 1 << 16;

    private const int Far = 1 << 21;

    /// <summary>Elements to read from.</summary>
    public readonly int Source;

    /// <summary>Elements to make.</summary>
    public readonly int Target;

    /// <summary>The numerator at target 0.</summary>
    public readonly int Start;

    /// <summary>What the numerator grows by from a target to the next.</summary>
    public readonly int Step;

    /// <summary>The divisor.</summary>
    public readonly int Spacing;

    /// <summary>Takes <paramref name="source"/> elements to <paramref name="target"/> ones; step and spacing at least 1.</summary>
    public AxisMap(int source, int target, int start = 0, int step = 1, int spacing = 1)
    {
        Source = source;
        Target = target;
        Start = start;
        Step = step;
        Spacing = spacing;
    }

    /// <summary>An axis that stays as it is.</summary>
    public static AxisMap Whole(int size) => new(size, size);

    /// <summary>The map that sends gradients back: source s gets target (s · Spacing - Start) / Step.</summary>
    public AxisMap Adjoint => new(Target, Source, -Start, Spacing, Step);

    /// <summary>The source of target <paramref name="target"/>, -1 where there is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int From(int target)
    {
        int numerator = (target * Step) + Start;
        int source = numerator / Spacing;
        return numerator >= 0 && source < Source && source * Spacing == numerator ? source : -1;
    }

    /// <summary>
    /// The elements of targets <paramref name="target"/> … + Width - 1 of a row that begins at <paramref name="row"/>; <paramref name="fill"/> where there is
    /// none.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Load<TLane>(Mem x, int row, int target, TLane fill)
        where TLane : unmanaged, ILane<TLane>
    {
        int numerator = (target * Step) + Start;
        if (Step == Spacing && Step == 1 && numerator >= 0 && numerator <= Source - TLane.Width)
        {
            return TLane.Load(x, row + numerator);
        }

        // Lanes hold distances from a place in the row: near ones are exact, and all far ones are beyond the source alike.
        int place = Math.Min(Math.Max(0, numerator) / Spacing, Source - 1);
        int distanceOfFirst = Math.Min(Math.Max(-Far, numerator - (place * Spacing)), Far);
        TLane spacing = TLane.Splat(Spacing);
        TLane rest = TLane.Fma(TLane.Iota(0), TLane.Splat(Step), TLane.Splat(distanceOfFirst));
        TLane distance = TLane.Floor(rest / spacing);
        TLane none = TLane.Splat(-1);
        TLane whole = TLane.SelectEqual(distance * spacing, rest, distance, none);
        TLane within = TLane.SelectGreater(TLane.Splat(Source - place), whole, whole, none);
        TLane value = TLane.Gather(x, row + place, TLane.SelectGreater(within, none, within, TLane.Splat(0)));
        return TLane.SelectGreater(within, none, value, fill);
    }
}
