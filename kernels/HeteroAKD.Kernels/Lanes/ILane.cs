namespace HeteroAKD.Kernels.Lanes;

/// <summary>
/// What one step of a kernel computes on: one float on a device, 4, 8 or 16 neighbouring floats on the host, one double for gradient checks.
/// A kernel is written once, generic over its lane, and never asks which one it got.
/// </summary>
/// <remarks>
/// There is no mask type: a comparison and the choice that depends on it are one member (<c>Select…</c>), which every lane does without a branch.
/// NaN in gives NaN out, but for <see cref="Larger"/>. Comparisons with NaN are false.
/// </remarks>
public interface ILane<T>
    where T : unmanaged, ILane<T>
{
    /// <summary>Elements in a lane.</summary>
    static abstract int Width { get; }

    /// <summary>The value in every element.</summary>
    static abstract T Splat(float value);

    /// <summary>The integer in every element (exact below 2^24).</summary>
    static abstract T Splat(int value);

    /// <summary>start, start + 1, … as numbers (exact below 2^24).</summary>
    static abstract T Iota(int start);

    static abstract T operator +(T a, T b);

    static abstract T operator -(T a, T b);

    static abstract T operator *(T a, T b);

    static abstract T operator /(T a, T b);

    static abstract T operator -(T a);

    /// <summary>
    /// a / b for |a| and |b| in [2^-60, 2^60] or a = 0; NaN passes through. It is faster where the hardware divides slowly: with 16 elements at once.
    /// The result is correctly rounded. It differs from <c>/</c> in three cases: the sign of a zero, the last bit where the mantissas are those of
    /// 1/(2 - 2^-23), and perhaps the last bit of an a below that range.
    /// </summary>
    static abstract T DivideNormal(T a, T b);

    /// <summary>a · b + c with one rounding.</summary>
    static abstract T Fma(T a, T b, T c);

    /// <summary>
    /// sum = Fma(a, b, sum). Wide lanes write to their field, so that the JIT adds where the sum lies: through the value that <see cref="Fma"/> returns it
    /// overwrites a factor instead and moves the sum back, an instruction more for every second product.
    /// </summary>
    static virtual void AddProduct(ref T sum, T a, T b) => sum = T.Fma(a, b, sum);

    /// <summary>a where a &gt; b or a is NaN, else b; a NaN in either gives NaN.</summary>
    static abstract T Max(T a, T b);

    /// <summary>a where a &lt; b or a is NaN, else b; a NaN in either gives NaN.</summary>
    static abstract T Min(T a, T b);

    /// <summary>c - a · b with one rounding.</summary>
    static abstract T NegatedFma(T a, T b, T c);

    /// <summary>a &gt; b ? a : b, so a NaN in a is dropped: the quick maximum where something else will carry the NaN on.</summary>
    static abstract T Larger(T a, T b);

    /// <summary>|a|.</summary>
    static abstract T Abs(T a);

    /// <summary>Correctly rounded square root.</summary>
    static abstract T Sqrt(T a);

    /// <summary>The largest integer not above a, for |a| below 2^22.</summary>
    static abstract T Floor(T a);

    /// <summary>a &gt; b ? x : y.</summary>
    static abstract T SelectGreater(T a, T b, T x, T y);

    /// <summary>a == b ? x : y.</summary>
    static abstract T SelectEqual(T a, T b, T x, T y);

    /// <summary>Whether a &gt; b in any element: for a way that is open to the whole lane or to none of it.</summary>
    static abstract bool AnyGreater(T a, T b);

    /// <summary>e^x; ≤ 1 ULP on float lanes, denormal results included.</summary>
    static abstract T Exp(T x);

    /// <summary>e^x for x ≤ 0, the bits of <see cref="Exp"/> with an instruction less: what a softmax and e^-|x| need.</summary>
    static abstract T ExpNonpositive(T x);

    /// <summary>Natural logarithm; ≤ 2 ULP on float lanes. log(0) = -∞, log(negative) = NaN.</summary>
    static abstract T Log(T x);

    /// <summary>log(1 + t) for t in [0, 1]; ≤ 2 ULP on float lanes.</summary>
    static abstract T Log1p(T t);

    /// <summary>log(1 + e^x), "softplus", without overflow; ≤ 3 ULP on float lanes.</summary>
    static abstract T Log1pExp(T x);

    /// <summary>Hyperbolic tangent; ≤ 3 ULP on float lanes.</summary>
    static abstract T Tanh(T x);

    /// <summary>
    /// Tail of the normal distribution, Φ(−a), for a ≥ 0 (not infinity): ≤ 12 ULP on float lanes up to 4, beyond it a relative error of (1 + a²)·1e-7.
    /// </summary>
    static abstract T NormalTail(T a);

    /// <summary>Slope of GELU less a half, Φ(x) + x φ(x) − ½; ≤ 4 ULP on float lanes, which lose the sign of a zero.</summary>
    static abstract T CenteredGeluSlope(T x);

    /// <summary>1 / a, correctly rounded.</summary>
    static abstract T Reciprocal(T a);

    /// <summary>1 / sqrt(a); two roundings, ≤ 1.5 ULP on float lanes.</summary>
    static abstract T Rsqrt(T a);

    /// <summary>
    /// Uniform numbers in [0, 1) of a counter-based generator: element <c>index + i</c> of the stream that <c>key</c> names, the same bits on every lane and
    /// device.
    /// </summary>
    static abstract T Uniform(int key, int index);

    /// <summary>Elements index … index + Width - 1.</summary>
    static abstract T Load(Mem memory, int index);

    /// <summary>Writes elements index … index + Width - 1.</summary>
    static abstract void Store(Mem memory, int index, T value);

    /// <summary>As <see cref="Load"/>, but only the first <paramref name="count"/> elements are read; the others are <paramref name="fill"/>.</summary>
    static abstract T LoadPart(Mem memory, int index, int count, T fill);

    /// <summary>As <see cref="Store"/>, but only the first <paramref name="count"/> elements are written.</summary>
    static abstract void StorePart(Mem memory, int index, int count, T value);

    /// <summary>One element, in every element of the lane.</summary>
    static abstract T LoadSplat(Mem memory, int index);

    /// <summary>Elements start + offsets[i]; offsets hold whole numbers below 2^24.</summary>
    static abstract T Gather(Mem memory, int start, T offsets);

    /// <summary>One integer as it is.</summary>
    static abstract int LoadInteger(IndexMem memory, int index);

    /// <summary>Integers index … index + Width - 1 as numbers (labels; exact below 2^24).</summary>
    static abstract T LoadIndex(IndexMem memory, int index);

    /// <summary>Integers start + offsets[i] as numbers.</summary>
    static abstract T GatherIndex(IndexMem memory, int start, T offsets);

    /// <summary>Writes whole numbers (exact below 2^24) as integers index … index + Width - 1.</summary>
    static abstract void StoreIndex(IndexMem memory, int index, T value);

    /// <summary>The sum of the elements, in a fixed order.</summary>
    static abstract double SumAcross(T a);

    /// <summary>The largest element; NaN if there is one.</summary>
    static abstract double MaxAcross(T a);

    /// <summary>A number from a reduction in every element.</summary>
    static abstract T SplatReduced(double value);
}

/// <summary>The bit-level members that float lanes add, from which <see cref="FloatMath"/> builds the same functions for all of them.</summary>
public interface IFloatLane<T> : ILane<T>
    where T : unmanaged, IFloatLane<T>
{
    /// <summary>x limited to [low, high]; a NaN stays one.</summary>
    static abstract T Clamp(T x, float low, float high);

    /// <summary>x · 2^n for whole n in [-150, 128], in two steps so that denormal and infinite results come out right.</summary>
    static abstract T ScaleByPowerOfTwo(T x, T n);

    /// <summary>For normal positive x = m · 2^e with m in [√½, √2): e.</summary>
    static abstract T LogExponent(T x);

    /// <summary>For normal positive x = m · 2^e with m in [√½, √2): m.</summary>
    static abstract T LogMantissa(T x);
}
