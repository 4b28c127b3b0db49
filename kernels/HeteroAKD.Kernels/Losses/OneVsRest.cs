using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;

namespace HeteroAKD.Kernels.Losses;

/// <summary>
/// Binary cross-entropy with logits of one class against the rest, and its slope. With v = -z for the label's class and z for the others it is
/// log(1 + e^v), so both cases share one e^-|z| and neither loses digits.
/// </summary>
internal readonly struct OneVsRest<TLane>
    where TLane : unmanaged, ILane<TLane>
{
    /// <summary>H = max(z, 0) - z·y + log(1 + e^-|z|).</summary>
    public readonly TLane Loss;

    /// <summary>dH/dz = σ(z) - y.</summary>
    public readonly TLane Slope;

    /// <summary><paramref name="sign"/> is -1 where the class is the label, else 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public OneVsRest(TLane logit, TLane sign)
        : this(logit, sign, TLane.ExpNonpositive(-TLane.Abs(logit)))
    {
    }

    /// <summary>The same where <paramref name="e"/> = e^-|z| is known.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public OneVsRest(TLane logit, TLane sign, TLane e)
    {
        TLane zero = TLane.Splat(0f);
        TLane one = TLane.Splat(1f);
        TLane v = logit * sign;
        Loss = TLane.Larger(v, zero) + TLane.Log1p(e);
        Slope = TLane.DivideNormal(sign * TLane.SelectGreater(v, zero, one, e), one + e);
    }

    /// <summary>The sign for class <paramref name="c"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Sign(TLane label, int c) => TLane.SelectEqual(label, TLane.Splat(c), TLane.Splat(-1f), TLane.Splat(1f));
}
