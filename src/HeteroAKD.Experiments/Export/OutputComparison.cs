using HeteroAKD.Tensors;

namespace HeteroAKD.Experiments.Export;

/// <summary>One output of one run of a graph beside the network it was made from.</summary>
/// <param name="Output">Name of the output.</param>
/// <param name="Shape">[N, classes, h, w].</param>
/// <param name="MaxDifference">Largest difference of two logits; NaN where one is no number.</param>
/// <param name="RelativeDifference"><paramref name="MaxDifference"/> as a share of the network's largest logit.</param>
/// <param name="Agreement">Share of pixels with the same largest logit, in [0, 1].</param>
public sealed record OutputComparison(string Output, Shape Shape, double MaxDifference, double RelativeDifference, double Agreement)
{
    /// <summary>Share of pixels whose class must be the same.</summary>
    public const double LeastAgreement = 0.999;

    /// <summary>Compares logits.</summary>
    /// <param name="output">Name of the output.</param>
    /// <param name="shape">[N, classes, h, w] of both.</param>
    /// <param name="expected">The network's, row-major.</param>
    /// <param name="actual">The graph's, row-major.</param>
    public static OutputComparison Of(string output, Shape shape, ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        double largest = 0, difference = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            // Math.Max keeps a NaN, which then fails every comparison.
            largest = Math.Max(largest, Math.Abs((double)expected[i]));
            difference = Math.Max(difference, Math.Abs((double)expected[i] - actual[i]));
        }

        (int images, int classes, int pixels) = (shape[0], shape[1], shape.CountFrom(2));
        int same = 0;
        for (int n = 0; n < images; n++)
        {
            for (int p = 0; p < pixels; p++)
            {
                int first = (n * classes * pixels) + p;
                same += ArgMax(expected, first, classes, pixels) == ArgMax(actual, first, classes, pixels) ? 1 : 0;
            }
        }

        return new OutputComparison(output, shape, difference, difference == 0 ? 0 : difference / largest, (double)same / (images * pixels));
    }

    /// <summary>Whether the graph may be kept.</summary>
    /// <param name="tolerance">Largest accepted <see cref="RelativeDifference"/>.</param>
    public bool Within(double tolerance) => RelativeDifference <= tolerance && Agreement >= LeastAgreement;

    private static int ArgMax(ReadOnlySpan<float> logits, int first, int classes, int pixels)
    {
        int best = 0;
        for (int c = 1; c < classes; c++)
        {
            best = logits[first + (c * pixels)] > logits[first + (best * pixels)] ? c : best;
        }

        return best;
    }
}
