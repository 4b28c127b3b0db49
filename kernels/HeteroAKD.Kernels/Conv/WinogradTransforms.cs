using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;

namespace HeteroAKD.Kernels.Conv;

/// <summary>
/// The transforms of F(4, 3) along one axis, by interpolation at 0, ±√½, ±√2 and infinity. Their coefficients lie between 1/6 and 2.9 (those of ±1 and ±2
/// between 1/24 and 8), which keeps roundings small.
/// </summary>
internal static class WinogradTransforms
{
    private const float Low = 0.70710678118654752f; // √½
    private const float High = 1.4142135623730950f; // √2

    /// <summary>Six inputs of a tile, in place: Bᵀ d.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Input<TLane>(ref TLane d0, ref TLane d1, ref TLane d2, ref TLane d3, ref TLane d4, ref TLane d5)
        where TLane : unmanaged, ILane<TLane>
    {
        TLane low = TLane.Splat(Low), high = TLane.Splat(High), middle = TLane.Splat(2.5f);
        TLane first = TLane.NegatedFma(middle, d2, d0 + d4);
        TLane last = TLane.NegatedFma(middle, d3, d1 + d5);
        TLane evenLow = TLane.NegatedFma(TLane.Splat(2f), d2, d4);
        TLane oddLow = TLane.NegatedFma(high, d1, low * d3);
        TLane evenHigh = TLane.NegatedFma(TLane.Splat(0.5f), d2, d4);
        TLane oddHigh = TLane.NegatedFma(low, d1, high * d3);
        d0 = first;
        d1 = evenLow + oddLow;
        d2 = evenLow - oddLow;
        d3 = evenHigh + oddHigh;
        d4 = evenHigh - oddHigh;
        d5 = last;
    }

    /// <summary>Four outputs of six sums: Aᵀ m.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Output<TLane>(TLane m0, TLane m1, TLane m2, TLane m3, TLane m4, TLane m5, out TLane y0, out TLane y1, out TLane y2, out TLane y3)
        where TLane : unmanaged, ILane<TLane>
    {
        TLane evenLow = m1 + m2, oddLow = m1 - m2, evenHigh = m3 + m4, oddHigh = m3 - m4;
        y0 = m0 + evenLow + evenHigh;
        y1 = TLane.Fma(TLane.Splat(High), oddHigh, TLane.Splat(Low) * oddLow);
        y2 = TLane.Fma(TLane.Splat(2f), evenHigh, TLane.Splat(0.5f) * evenLow);
        y3 = TLane.Fma(TLane.Splat(2 * High), oddHigh, TLane.Fma(TLane.Splat(Low / 2), oddLow, m5));
    }

    /// <summary>Six numbers of three weights, in double: G g.</summary>
    public static void Weight(double g0, double g1, double g2, Span<double> to)
    {
        double low = Math.Sqrt(0.5), high = Math.Sqrt(2);
        to[0] = g0;
        to[1] = (g0 + (low * g1) + (0.5 * g2)) * (-2.0 / 3);
        to[2] = (g0 - (low * g1) + (0.5 * g2)) * (-2.0 / 3);
        to[3] = (g0 + (high * g1) + (2 * g2)) / 6;
        to[4] = (g0 - (high * g1) + (2 * g2)) / 6;
        to[5] = g2;
    }
}
