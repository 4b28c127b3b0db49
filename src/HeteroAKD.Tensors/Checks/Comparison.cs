using System.Globalization;

namespace HeteroAKD.Tensors.Checks;

/// <summary>Compares results: NaN and infinities in place, numbers within a tolerance relative to the largest of the result.</summary>
public static class Comparison
{
    /// <summary>Throws at the first element that is off.</summary>
    /// <param name="what">Case, result and device, for the message.</param>
    /// <param name="actual">What came out.</param>
    /// <param name="expected">What must come out.</param>
    /// <param name="tolerance">Largest error over the largest finite expected element.</param>
    /// <exception cref="CaseFailure">An element is off.</exception>
    public static void Check(string what, double[] actual, double[] expected, double tolerance)
    {
        if (actual.Length != expected.Length)
        {
            throw new CaseFailure($"{what}: {actual.Length} elements, expected {expected.Length}");
        }

        double scale = 0;
        foreach (double value in expected)
        {
            scale = double.IsFinite(value) ? Math.Max(scale, Math.Abs(value)) : scale;
        }

        for (int i = 0; i < expected.Length; i++)
        {
            bool same = double.IsFinite(expected[i]) ? Math.Abs(actual[i] - expected[i]) <= tolerance * scale : actual[i].Equals(expected[i]);
            if (!same)
            {
                string error = (Math.Abs(actual[i] - expected[i]) / scale).ToString("0.0e0", CultureInfo.InvariantCulture);
                throw new CaseFailure(string.Create(
                    CultureInfo.InvariantCulture, $"{what}[{i}]: {actual[i]:R}, expected {expected[i]:R}; relative error {error}, allowed {tolerance:0.0e0}"));
            }
        }
    }

    /// <summary>Throws unless both hold the same bits.</summary>
    /// <exception cref="CaseFailure">An element differs.</exception>
    public static void CheckBits(string what, double[] actual, double[] expected)
    {
        for (int i = 0; i < Math.Max(actual.Length, expected.Length); i++)
        {
            if (i >= actual.Length || i >= expected.Length || BitConverter.DoubleToInt64Bits(actual[i]) != BitConverter.DoubleToInt64Bits(expected[i]))
            {
                throw new CaseFailure(
                    string.Create(
                        CultureInfo.InvariantCulture, $"{what}[{i}]: bits differ, {actual.ElementAtOrDefault(i):R} and {expected.ElementAtOrDefault(i):R}"));
            }
        }
    }
}
