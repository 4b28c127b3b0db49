namespace HeteroAKD.Experiments.Statistics;

/// <summary>Holm's correction: of several comparisons one looks good by chance; these p-values take that into account.</summary>
internal static class Holm
{
    /// <summary>
    /// Adjusted p-values, in the order given. A NaN is no comparison: it stays and does not count. Source: Holm 1979, as R's <c>p.adjust(p, "holm")</c>.
    /// </summary>
    public static double[] Adjust(IReadOnlyList<double> pValues)
    {
        double[] adjusted = [.. pValues];
        int[] order = [.. Enumerable.Range(0, adjusted.Length).Where(i => !double.IsNaN(adjusted[i])).OrderBy(i => pValues[i])];
        double largest = 0;
        for (int rank = 0; rank < order.Length; rank++)
        {
            largest = Math.Max(largest, Math.Min(1, (order.Length - rank) * pValues[order[rank]]));
            adjusted[order[rank]] = largest;
        }

        return adjusted;
    }
}
