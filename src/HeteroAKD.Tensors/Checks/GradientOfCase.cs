namespace HeteroAKD.Tensors.Checks;

/// <summary>
/// Holds the gradients of a case, computed in float64 by the operation's own gradient rule for a random upstream gradient u, against central differences of Σ u
/// · output: element by element, and along random directions that see all elements at once.
/// </summary>
public static class GradientOfCase
{
    /// <summary>
    /// Largest error allowed, relative to the largest element of the gradient. A step of 1e-5 leaves a truncation of about 1e-10 and, from outputs of order 1
    /// known to 1e-16, a rounding of about 1e-11 times what the gradient is smaller than the output: 2e-8 at most over many seeds. A wrong rule is wrong by far
    /// more.
    /// </summary>
    public const double Tolerance = 1e-7;

    // A step over a kink (a ReLU behind a normalisation) measures no slope; a shorter one rarely meets the same kink.
    private static readonly double[] s_steps = [1e-5, 1e-6, 1e-7];

    // Elements to check one by one; of a larger input a random choice.
    private const int MostElements = 48;
    private const int Directions = 3;

    /// <summary>The largest relative error over all inputs with a gradient; NaN where a gradient is not a number.</summary>
    /// <param name="cpu">The <c>cpu</c> device, which has float64.</param>
    /// <param name="opCase">The case.</param>
    /// <param name="seed">Draws inputs, upstream gradient, elements and directions.</param>
    public static double Error(Device cpu, OpCase opCase, int seed)
    {
        CaseValues values = opCase.Values(seed);
        IReadOnlyDictionary<string, double[]> results = CaseRun.On(cpu, DType.Float64, opCase, values, gradients: true);
        if (opCase.ReferenceGradients(values) is { } references)
        {
            return references.Max(r => Distance(results[r.Name], r.Values));
        }

        double worst = 0;
        foreach (string input in opCase.Differentiable)
        {
            double error = double.PositiveInfinity;
            for (int i = 0; i < s_steps.Length && !(error <= Tolerance); i++)
            {
                error = Math.Min(error, ErrorOf(cpu, opCase, values, input, results["grad." + input], s_steps[i]));
            }

            // Math.Max keeps a NaN.
            worst = Math.Max(worst, error);
        }

        return worst;
    }

    private static double ErrorOf(Device cpu, OpCase opCase, CaseValues values, string input, double[] gradient, double step)
    {
        if (gradient.Length == 0)
        {
            return 0;
        }

        Random random = values.Generator("elements of " + input);
        int[] elements = [.. Enumerable.Range(0, gradient.Length)];
        random.Shuffle(elements);
        elements = elements[..Math.Min(MostElements, elements.Length)];
        double[] direction = new double[gradient.Length];
        double[] slopes = new double[elements.Length];
        for (int i = 0; i < elements.Length; i++)
        {
            direction[elements[i]] = 1;
            slopes[i] = Slope(cpu, opCase, values, input, direction, step);
            direction[elements[i]] = 0;
        }

        double error = Distance([.. elements.Select(e => gradient[e])], slopes, Largest(gradient));
        for (int d = 0; d < Directions; d++)
        {
            double expected = 0;
            for (int i = 0; i < direction.Length; i++)
            {
                direction[i] = random.Next(2) == 0 ? -1 : 1;
                expected += gradient[i] * direction[i];
            }

            double slope = Slope(cpu, opCase, values, input, direction, step);
            error = Math.Max(error, Distance([expected], [slope], Largest(gradient) * Math.Sqrt(gradient.Length)));
        }

        return error;
    }

    /// <summary>d/dt of Σ u · output(input + t · direction) at 0.</summary>
    private static double Slope(Device cpu, OpCase opCase, CaseValues values, string input, double[] direction, double step)
    {
        double[] above = Output(cpu, opCase, values, input, direction, step);
        double[] below = Output(cpu, opCase, values, input, direction, -step);
        double[] upstream = values.Upstream(above.Length);
        double sum = 0;
        for (int i = 0; i < above.Length; i++)
        {
            sum += upstream[i] * (above[i] - below[i]);
        }

        return sum / (2 * step);
    }

    private static double[] Output(Device cpu, OpCase opCase, CaseValues values, string input, double[] direction, double step)
    {
        double[] moved = [.. values[input]];
        for (int i = 0; i < moved.Length; i++)
        {
            moved[i] += step * direction[i];
        }

        return CaseRun.On(cpu, DType.Float64, opCase, values.With(input, moved), gradients: false)["output"];
    }

    private static double Distance(double[] actual, double[] expected) => Distance(actual, expected, Largest(expected));

    private static double Distance(double[] actual, double[] expected, double scale)
    {
        double worst = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            worst = Math.Max(worst, Math.Abs(actual[i] - expected[i]));
        }

        return worst / (scale > 0 ? scale : 1);
    }

    private static double Largest(double[] values) => values.Length == 0 ? 0 : values.Max(Math.Abs);
}
