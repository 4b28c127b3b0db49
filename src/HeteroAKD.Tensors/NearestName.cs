namespace HeteroAKD.Tensors;

/// <summary>Finds the name a user most likely meant.</summary>
internal static class NearestName
{
    /// <summary>The candidate with the smallest edit distance, or null where none is near enough to be a slip of the pen.</summary>
    /// <param name="name">What was written.</param>
    /// <param name="candidates">What could have been written.</param>
    public static string? Of(string name, IEnumerable<string> candidates)
    {
        string? best = null;
        string lower = name.ToLowerInvariant();
        int bestDistance = Math.Max(2, name.Length / 3) + 1;
        foreach (string candidate in candidates)
        {
            // Every missing character is an edit, and names from files may be long.
            if (Math.Abs(name.Length - candidate.Length) >= bestDistance)
            {
                continue;
            }

            int distance = EditDistance(lower, candidate.ToLowerInvariant());
            if (distance < bestDistance)
            {
                best = candidate;
                bestDistance = distance;
            }
        }

        return best;
    }

    /// <summary>Insertions, deletions, replacements and swaps of neighbours that turn one text into the other (optimal string alignment).</summary>
    public static int EditDistance(string a, string b)
    {
        int[,] d = new int[a.Length + 1, b.Length + 1];  // [i, j] distance of the first i and first j characters
        for (int i = 0; i <= a.Length; i++)
        {
            d[i, 0] = i;
        }

        for (int j = 0; j <= b.Length; j++)
        {
            d[0, j] = j;
        }

        for (int i = 1; i <= a.Length; i++)
        {
            for (int j = 1; j <= b.Length; j++)
            {
                int replaced = d[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                d[i, j] = Math.Min(replaced, Math.Min(d[i - 1, j], d[i, j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
                }
            }
        }

        return d[a.Length, b.Length];
    }
}
