namespace HeteroAKD.Kernels.Layout;

/// <summary>Whole numbers rounded up, for plans that cut work into pieces.</summary>
internal static class Ceiling
{
    /// <summary>⌈a / b⌉ for a ≥ 0 and b ≥ 1.</summary>
    public static int Divide(int a, int b) => (a + b - 1) / b;

    /// <summary>The least multiple of <paramref name="unit"/> that is no less than a.</summary>
    public static int RoundUp(int a, int unit) => Divide(a, unit) * unit;
}
