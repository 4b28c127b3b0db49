namespace HeteroAKD.Data;

/// <summary>The splits of a data set that was found in a folder.</summary>
/// <param name="Name">What reports call the data set.</param>
/// <param name="Root">Its folder.</param>
/// <param name="Classes">Classes of every split.</param>
/// <param name="Splits">The splits that are there, by name: "train", "val", "test".</param>
/// <param name="Warnings">Sentences on what is unusual, sizes other than the official ones for example.</param>
public sealed record DatasetSplits(
    string Name, string Root, ClassSet Classes, IReadOnlyDictionary<string, PairDataset> Splits, IReadOnlyList<string> Warnings)
{
    /// <summary>False where the labels of "test" are kept secret, so that its files hold no class.</summary>
    public bool HasTestTruth { get; init; } = true;

    /// <summary>Sentences on what was found and how it is taken.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Where each split that is missing was looked for, by name.</summary>
    public required IReadOnlyDictionary<string, string> LookedFor { get; init; }

    /// <summary>A split that must be there.</summary>
    /// <exception cref="DatasetException">It is not; the text says where it was looked for.</exception>
    public PairDataset Require(string split) =>
        Splits.TryGetValue(split, out PairDataset? dataset)
            ? dataset
            : throw new DatasetException(
                Root,
                $"{Name} has no split '{split}'{(LookedFor.TryGetValue(split, out string? places) ? "; looked for " + places : "")}",
                "Complete the data set, or correct the path");
}
