namespace HeteroAKD.Weights.Import;

/// <summary>
/// What became of the entries of a network and of a file of weights. Every entry of the network is in <see cref="Loaded"/> or in <see cref="Left"/>.
/// </summary>
public sealed record ImportReport
{
    /// <summary>Entries of one kind that a person is shown.</summary>
    public const int MaxLines = 20;

    /// <summary>Our names of entries that have their values from the file.</summary>
    public required IReadOnlyList<string> Loaded { get; init; }

    /// <summary>Our names of entries that have not, whether they should or not.</summary>
    public required IReadOnlyList<string> Left { get; init; }

    /// <summary>Entries of ours that the file lacks, each with what was looked for and the nearest name.</summary>
    public required IReadOnlyList<string> Missing { get; init; }

    /// <summary>Entries of the file that nothing asked for, each with its shape and the nearest name.</summary>
    public required IReadOnlyList<string> Unexpected { get; init; }

    /// <summary>Entries with another shape in the file, each with both.</summary>
    public required IReadOnlyList<string> Mismatched { get; init; }

    /// <summary>
    /// Entries of the file that are expected to be left over: counters of batches, classifiers of ImageNet, an auxiliary head where the network has none.
    /// </summary>
    public required IReadOnlyList<string> Ignored { get; init; }

    /// <summary>Whether what does not fit is of the head alone.</summary>
    public required bool EncoderFits { get; init; }

    /// <summary>
    /// Whether the network has an auxiliary head, which training alone uses, and the file nothing of one: its entries are in <see cref="Left"/>, not missing.
    /// </summary>
    public bool LacksAuxiliaryHead { get; init; }

    /// <summary>
    /// Whether every entry that was asked for is there with its shape, and nothing else: what is left over would be of a deeper or another network.
    /// </summary>
    public bool Complete => Missing.Count == 0 && Mismatched.Count == 0 && Unexpected.Count == 0;

    /// <summary>How much of what was asked for was taken, from 0 to 1.</summary>
    public double Share => Loaded.Count / (double)Math.Max(1, Loaded.Count + Missing.Count + Mismatched.Count);

    /// <summary>What was taken of each part of the network, a line each.</summary>
    public IReadOnlyList<string> Parts()
    {
        HashSet<string> taken = [.. Loaded];
        (string Name, int Taken, int All)[] parts = Loaded
            .Concat(Left).GroupBy(PartOf).Select(g => (Name: g.Key, Taken: g.Count(taken.Contains), All: g.Count()))
            .OrderBy(g => g.Name, StringComparer.Ordinal).ToArray();
        int width = parts.Max(p => p.Name.Length);
        return [.. parts.Select(p => $"  {p.Name.PadRight(width)}  {p.Taken,4} of {p.All,4} entries")];
    }

    /// <summary>The report, a line each.</summary>
    public IReadOnlyList<string> Lines() =>
    [
        $"loaded      {Loaded.Count}",
        .. Section("missing", Missing),
        .. Section("mismatched", Mismatched),
        .. Section("unexpected", Unexpected),
        $"ignored     {Ignored.Count}{(Ignored.Count > 0 ? ": " + Kinds() : "")}",
    ];

    // encoder.layer1, head.aspp, aux_head.conv
    private static string PartOf(string name) => string.Join('.', name.Split('.').Take(2));

    // 'num_batches_tracked' once, not once a layer.
    private string Kinds() =>
        string.Join(
            ", ", Ignored.Select(n => n.EndsWith("num_batches_tracked", StringComparison.Ordinal) ? "num_batches_tracked" : n).Distinct().Take(MaxLines));

    private static IEnumerable<string> Section(string name, IReadOnlyList<string> entries)
    {
        yield return $"{name,-11} {entries.Count}";
        foreach (string entry in entries.Take(MaxLines))
        {
            yield return "  " + entry;
        }

        if (entries.Count > MaxLines)
        {
            yield return $"  ... and {entries.Count - MaxLines} more";
        }
    }
}
