namespace HeteroAKD.Tensors.Checks;

/// <summary>
/// What float32 may be off from float64. A line of the table is the error that a plain float32 loop of the class has, in units of 2^-24 of the largest element
/// of the result, for a sum of n terms: no more than such loops really have on normal numbers (PlainLoopTests measures them). Twice that is allowed, on every
/// device.
/// </summary>
public static class FloatTolerance
{
    /// <summary>Half a unit in the last place of 1: the error of one rounding.</summary>
    public const double Unit = 1.0 / (1 << 24);

    /// <summary>
    /// What storing as bfloat16 may cost, relative to the largest element of a result: two roundings to 8 bits, where a gradient is computed from a rounded
    /// output; in attention four, as its gradients take the sum of output times gradient from every score before they multiply by a key that may be larger than
    /// the result.
    /// </summary>
    public static double OfBFloat16(ErrorClass error) => error == ErrorClass.Attention ? 1.0 / (1 << 7) : 1.0 / (1 << 8);

    /// <summary>The error of a plain float32 loop in units of <see cref="Unit"/>.</summary>
    public static double PlainLoop(ErrorClass error, int terms) => error switch
    {
        ErrorClass.Exact => 0,
        ErrorClass.Arithmetic => 0.8,
        ErrorClass.Function => 1.4,
        ErrorClass.Sum => 0.55 * Math.Sqrt(terms),
        ErrorClass.Normalization => 2 + (0.2 * Math.Sqrt(terms)),
        ErrorClass.Attention => 1.5 + (0.65 * Math.Sqrt(terms)),
        ErrorClass.Loss => 3 + (0.15 * Math.Sqrt(terms)),
        _ => throw new ArgumentOutOfRangeException(nameof(error), $"the table has no line for {error}"),
    };

    /// <summary>The largest error allowed, relative to the largest element of the result.</summary>
    public static double Of(ErrorClass error, int terms) => 2 * PlainLoop(error, terms) * Unit;
}
