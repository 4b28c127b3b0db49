namespace HeteroAKD.Bench.Peers;

/// <summary>How near two sides came to the truth. Errors are relative to the tensor, of the worst tensor.</summary>
/// <param name="Ours">Our error.</param>
/// <param name="Theirs">libtorch's error in float32.</param>
/// <param name="Worst">Where our error is.</param>
/// <param name="Passed">Whether ours is within the case's tolerance.</param>
internal sealed record Agreement(double Ours, double Theirs, string Worst, bool Passed)
{
    // libtorch's float32 is the yardstick of what is reachable; this much more is still the same quality.
    private const double Slack = 3;

    /// <summary>Compares results of all sides, tensor by tensor.</summary>
    /// <param name="case">Says how errors are measured and what is tolerated.</param>
    /// <param name="ours">Our results, in float32.</param>
    /// <param name="theirs">libtorch's, in float32.</param>
    /// <param name="truth">libtorch's, in float64.</param>
    /// <exception cref="InvalidOperationException">The sides returned different tensors.</exception>
    public static Agreement Of(PeerCase @case, IReadOnlyList<Result> ours, IReadOnlyList<Result> theirs, IReadOnlyList<Result> truth)
    {
        Dictionary<string, double[]> our = ours.ToDictionary(r => r.Name, r => r.Values);
        Dictionary<string, double[]> their = theirs.ToDictionary(r => r.Name, r => r.Values);
        Func<double[], double> size = @case.AsWhole ? Euclidean : Largest;
        double floor = @case.Floor * truth.Max(r => size(r.Values));
        double ourError = 0;
        double theirError = 0;
        string worst = "";
        foreach (Result result in truth)
        {
            double scale = Math.Max(double.Epsilon, Math.Max(floor, size(result.Values)));
            double error = size(Difference(result, our)) / scale;
            if (worst.Length == 0 || !(error <= ourError))
            {
                ourError = error;
                worst = result.Name;
            }

            theirError = Math.Max(theirError, size(Difference(result, their)) / scale);
        }

        return new Agreement(ourError, theirError, worst, ourError <= (Slack * theirError) + @case.Tolerance);
    }

    private static double[] Difference(Result truth, Dictionary<string, double[]> found)
    {
        if (!found.TryGetValue(truth.Name, out double[]? values) || values.Length != truth.Values.Length)
        {
            throw new InvalidOperationException($"'{truth.Name}' has {truth.Values.Length} elements in libtorch and {values?.Length ?? 0} on the other side");
        }

        double[] difference = new double[values.Length];
        for (int i = 0; i < difference.Length; i++)
        {
            difference[i] = values[i] - truth.Values[i];
        }

        return difference;
    }

    private static double Largest(double[] values)
    {
        double largest = 0;
        foreach (double value in values)
        {
            largest = Math.Max(largest, Math.Abs(value)); // NaN wins
        }

        return largest;
    }

    private static double Euclidean(double[] values)
    {
        double sum = 0;
        foreach (double value in values)
        {
            sum += value * value;
        }

        return Math.Sqrt(sum);
    }
}
