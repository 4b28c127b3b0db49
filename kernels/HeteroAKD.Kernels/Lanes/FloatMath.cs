using System.Runtime.CompilerServices;

namespace HeteroAKD.Kernels.Lanes;

/// <summary>
/// Elementary functions for every float lane, from the same polynomials in the same order. All host lanes give the same bits. A card may differ from them in
/// the last bits: NVIDIA's assembler fuses products and sums where the text does not forbid it. No result depends on that beyond a rounding. The bounds of
/// <see cref="ILane{T}"/> are tested over the whole range against float64.
/// </summary>
public static class FloatMath
{
    // 1.5·2^23: added to a number below 2^22 it leaves no bits for the fraction.
    private const float NoFraction = 12582912f;

    /// <summary>e^x is 0 below it.</summary>
    internal const float ExpLow = -104f;

    // e^x is infinity above it.
    private const float ExpHigh = 89f;

    /// <summary>e^x over the whole range.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Exp<T>(T x)
        where T : unmanaged, IFloatLane<T> => ExpInRange(T.Clamp(x, ExpLow, ExpHigh));

    /// <summary>e^x for x ≤ 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T ExpNonpositive<T>(T x)
        where T : unmanaged, IFloatLane<T> => ExpInRange(T.Larger(T.Splat(ExpLow), x));

    /// <summary>log x = e·ln 2 + log m with m in [√½, √2).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Log<T>(T x)
        where T : unmanaged, IFloatLane<T>
    {
        // A denormal has no exponent of its own: lift it by 2^23 first.
        T smallest = T.Splat(1.17549435e-38f);
        T scaled = T.SelectGreater(smallest, x, x * T.Splat(8388608f), x);
        T shift = T.SelectGreater(smallest, x, T.Splat(-23f), T.Splat(0f));
        T result = LogPolynomial(T.LogMantissa(scaled) - T.Splat(1f), T.LogExponent(scaled) + shift);
        result = T.SelectGreater(x, T.Splat(float.MaxValue), x, result);
        result = T.SelectEqual(x, T.Splat(0f), T.Splat(float.NegativeInfinity), result);
        result = T.SelectGreater(T.Splat(0f), x, T.Splat(float.NaN), result);
        return T.SelectEqual(x, x, result, x);
    }

    /// <summary>
    /// log(1 + t), t in [0, 1], is 2·atanh(s) with s = t/(2 + t) ≤ ⅓: a division, but no range reduction and half the polynomial. Written as
    /// t minus a small correction, so that little more than the last rounding is lost.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Log1p<T>(T t)
        where T : unmanaged, IFloatLane<T>
    {
        T s = T.DivideNormal(t, T.Splat(2f) + t);
        T w = s * s;
        T p = T.Fma(T.Splat(1.34257490e-1f), w, T.Splat(1.41183099e-1f));
        p = T.Fma(p, w, T.Splat(2.00037803e-1f));
        p = T.Fma(p, w, T.Splat(3.33333202e-1f));
        T half = T.Splat(0.5f) * t * t;
        return t - T.NegatedFma(s, T.Fma(w + w, p, half), half);
    }

    /// <summary>log(1 + e^x) = max(x, 0) + log1p(e^-|x|).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Log1pExp<T>(T x)
        where T : unmanaged, IFloatLane<T> => T.Max(x, T.Splat(0f)) + Log1p(T.ExpNonpositive(-T.Abs(x)));

    /// <summary>tanh: odd polynomial below 0.625, 1 - 2/(e^2|x| + 1) above.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Tanh<T>(T x)
        where T : unmanaged, IFloatLane<T>
    {
        T a = T.Abs(x);
        T s = x * x;
        T p = T.Fma(T.Splat(-5.70498872745e-3f), s, T.Splat(2.06390887954e-2f));
        p = T.Fma(p, s, T.Splat(-5.37397155531e-2f));
        p = T.Fma(p, s, T.Splat(1.33314422036e-1f));
        p = T.Fma(p, s, T.Splat(-3.33332819422e-1f));
        T small = T.Fma(p * s, x, x);
        T large = T.Splat(1f) - (T.Splat(2f) / (Exp(a + a) + T.Splat(1f)));
        large = T.SelectGreater(T.Splat(0f), x, -large, large);
        return T.SelectGreater(a, T.Splat(0.625f), large, small);
    }

    /// <summary>
    /// Φ(−a) = e^(−a²/2)·t·p(w) with t = 1/(1 + 0.3 a) and w = 1 − t, computed as 0.3 a·t so that it is exact near zero. p is the minimax polynomial of
    /// degree 7 of the relative error, weighted by e^(−a²/10); even and odd powers apart, because here the latency counts. Other than ½ − ½ erf it keeps
    /// its relative accuracy far out.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T NormalTail<T>(T a)
        where T : unmanaged, IFloatLane<T>
    {
        T e = T.ExpNonpositive(T.Splat(-0.5f) * a * a);
        T u = T.Splat(0.3f) * a;
        T t = T.DivideNormal(T.Splat(1f), T.Splat(1f) + u);
        T w = u * t;
        T w2 = w * w;
        T odd = T.Fma(T.Splat(-0.0362700373f), w2, T.Splat(-0.0152569637f));
        T even = T.Fma(T.Splat(0.0946814269f), w2, T.Splat(-0.129392073f));
        odd = T.Fma(odd, w2, T.Splat(-0.0825774521f));
        even = T.Fma(even, w2, T.Splat(0.618263543f));
        odd = T.Fma(odd, w2, T.Splat(-0.829810679f));
        even = T.Fma(even, w2, T.Splat(0.5f));
        return T.Fma(odd, w, even) * (t * e);
    }

    /// <summary>
    /// Φ(x) + x φ(x) − ½ = x·p(x²)/q(x²), a rational approximation of the absolute error with degrees 7 and 6: no exponential and no branch. Where x is
    /// capped the quotient rounds to ½ exactly.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T CenteredGeluSlope<T>(T x)
        where T : unmanaged, IFloatLane<T>
    {
        x = T.Clamp(x, -5.94f, 5.94f);
        T z = x * x;
        T p = T.Fma(T.Splat(-2.96382432e-11f), z, T.Splat(1.39271537e-08f));
        p = T.Fma(p, z, T.Splat(1.25613371e-06f));
        p = T.Fma(p, z, T.Splat(3.20132312e-05f));
        p = T.Fma(p, z, T.Splat(0.000335374818f));
        p = T.Fma(p, z, T.Splat(0.0134591749f));
        p = T.Fma(p, z, T.Splat(-0.0152708236f));
        p = T.Fma(p, z, T.Splat(0.797884524f));
        T q = T.Fma(T.Splat(4.00335693e-07f), z, T.Splat(1.14599807e-05f));
        q = T.Fma(q, z, T.Splat(0.000271089695f));
        q = T.Fma(q, z, T.Splat(0.00429208716f));
        q = T.Fma(q, z, T.Splat(0.0466015227f));
        q = T.Fma(q, z, T.Splat(0.314193577f));
        q = T.Fma(q, z, T.Splat(1f));
        return T.DivideNormal(x * p, q);
    }

    /// <summary>e^x: x = n·ln 2 + r with |r| ≤ ½ ln 2, e^x = 2^n · p(r); ln 2 is subtracted in two parts.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static T ExpInRange<T>(T x)
        where T : unmanaged, IFloatLane<T>
    {
        T n = T.Fma(x, T.Splat(1.44269504f), T.Splat(NoFraction)) - T.Splat(NoFraction);
        T r = T.Fma(n, T.Splat(-0.693145752f), x);
        r = T.Fma(n, T.Splat(-1.42860677e-6f), r);
        T p = T.Fma(T.Splat(1.37805939e-3f), r, T.Splat(8.37312452e-3f));
        p = T.Fma(p, r, T.Splat(4.16695364e-2f));
        p = T.Fma(p, r, T.Splat(1.66664720e-1f));
        p = T.Fma(p, r, T.Splat(4.99999851e-1f));
        p = T.Fma(p, r, T.Splat(1f));
        p = T.Fma(p, r, T.Splat(1f));
        return T.ScaleByPowerOfTwo(p, n);
    }

    /// <summary>log(1 + f) + e·ln 2 for f in [√½ - 1, √2 - 1]; ln 2 is added in two parts, the small one first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T LogPolynomial<T>(T f, T e)
        where T : unmanaged, IFloatLane<T>
    {
        T z = f * f;
        T p = T.Fma(T.Splat(7.0376836292e-2f), f, T.Splat(-1.1514610310e-1f));
        p = T.Fma(p, f, T.Splat(1.1676998740e-1f));
        p = T.Fma(p, f, T.Splat(-1.2420140846e-1f));
        p = T.Fma(p, f, T.Splat(1.4249322787e-1f));
        p = T.Fma(p, f, T.Splat(-1.6668057665e-1f));
        p = T.Fma(p, f, T.Splat(2.0000714765e-1f));
        p = T.Fma(p, f, T.Splat(-2.4999993993e-1f));
        p = T.Fma(p, f, T.Splat(3.3333331174e-1f));
        T y = p * f * z;
        y = T.Fma(e, T.Splat(-2.12194440e-4f), y);
        y = T.Fma(T.Splat(-0.5f), z, y);
        return T.Fma(e, T.Splat(0.693359375f), f + y);
    }
}
