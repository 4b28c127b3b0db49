namespace HeteroAKD.Weights.Formats;

/// <summary>What no file of weights needs more of; both readers refuse it, since a hostile file would make later work grow with its square.</summary>
internal static class FileLimits
{
    /// <summary>Dimensions of a tensor, as many as PyTorch's own operations take.</summary>
    public const int MaxRank = 64;

    /// <summary>Characters of a tensor's name.</summary>
    public const int MaxNameLength = 1024;

    private const int ShownLength = 60;

    /// <summary>What is wrong with a name, or null.</summary>
    public static string? NameProblem(string name) =>
        name.Length > MaxNameLength ? $"has a tensor '{Shown(name)}' whose name has {name.Length} characters; up to {MaxNameLength} are read" : null;

    /// <summary>What is wrong with a number of dimensions, or null.</summary>
    public static string? RankProblem(string tensor, int rank) =>
        rank > MaxRank ? $"has {tensor} of {rank} dimensions; up to {MaxRank} are read" : null;

    /// <summary>A name, or the first part of a long one, for messages.</summary>
    public static string Shown(string name) => name.Length > ShownLength ? name[..ShownLength] + "..." : name;
}
