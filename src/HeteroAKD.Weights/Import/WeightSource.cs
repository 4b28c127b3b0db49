using System.Text.RegularExpressions;

namespace HeteroAKD.Weights.Import;

/// <summary>Where the values of one of our entries come from.</summary>
/// <param name="Names">Names in the file; several are put together along the first dimension. None: the values are 0.</param>
public sealed record WeightSource(params IReadOnlyList<string> Names)
{
    /// <summary>Zeros, where the file's network has no such parameter and works as if it were 0.</summary>
    public static WeightSource Zero { get; } = new();

    /// <summary>First of the <see cref="Thirds"/> taken of the first dimension.</summary>
    public int FirstThird { get; init; }

    /// <summary>How many thirds of the first dimension are taken; 3 takes all.</summary>
    public int Thirds { get; init; } = 3;

    /// <summary>Dimensions that a weight has there: 2 of a linear layer, 4 of a 1x1 convolution. 0: as many as here.</summary>
    public int Rank { get; init; }

    /// <summary>Whether the second dimension, red, green and blue, is turned around.</summary>
    public bool SwapRedAndBlue { get; init; }
}

/// <summary>Which of our names take their values from where: one of the lines of a <see cref="NameMap"/>.</summary>
/// <param name="pattern">Matches our whole name.</param>
/// <param name="source">The source for a match.</param>
internal sealed class NameRule(string pattern, Func<Match, WeightSource> source)
{
    private readonly Regex _pattern = new($"^{pattern}$", RegexOptions.CultureInvariant);

    /// <summary>A rule with one name in the file: <c>$1</c> stands for the first group.</summary>
    public NameRule(string pattern, string name)
        : this(pattern, match => new WeightSource(match.Result(name)))
    {
    }

    /// <summary>The source, or null where the name does not match.</summary>
    public WeightSource? Find(string name) => _pattern.Match(name) is { Success: true } match ? source(match) : null;
}
