using HeteroAKD.Distillation.Terms;
using HeteroAKD.Tensors;

namespace HeteroAKD.Distillation;

/// <summary>The weights of Eq. 11.</summary>
/// <param name="Lambda1">λ1, weight of plain KD.</param>
/// <param name="Lambda2">λ2, weight of L_hakd.</param>
public readonly record struct PaperWeights(double Lambda1, double Lambda2);

/// <summary>Which terms a distillation method consists of: the short way to name a sum of <see cref="DistillationTerm"/>s.</summary>
public static class Recipes
{
    /// <summary>No distillation: the student alone.</summary>
    public const string None = "none";

    /// <summary>Plain KD, Eq. 1.</summary>
    public const string Kd = "kd";

    /// <summary>Eq. 11: plain KD and L_hakd.</summary>
    public const string HeteroAkd = "heteroakd";

    // The losses of other papers with the weights of CIRKD's scripts (docs/method.md 9).
    private static readonly OrderedDictionary<string, Dictionary<string, double>> s_published = new()
    {
        ["fitnet"] = new() { [Kd] = 1, ["fitnet"] = 10 },
        ["at"] = new() { [Kd] = 1, ["at"] = 10_000 },
        ["skd"] = new() { [Kd] = 1, ["skd"] = 10 },
        ["ifvd"] = new() { [Kd] = 1, ["ifvd"] = 20 },
        ["cwd"] = new() { [Kd] = 1, ["cwd"] = 50, ["cwdLogits"] = 3 },
        ["dsd"] = new() { ["psd"] = 1000, ["csd"] = 10 },
        ["cirkd"] = new() { [Kd] = 1, ["crossImage"] = 1, ["memoryBank"] = 0.1 },
        ["cirkdv2"] = new() { [Kd] = 1, ["crossImage"] = 1, ["memoryBank"] = 0.1, ["channelContrast"] = 1, ["graphFitnet"] = 10 },
        ["afdcd"] = new() { [Kd] = 1, ["afdcd"] = 1 },
        ["dist"] = new() { ["dist"] = 1 },
        ["ofa"] = new() { ["ofa"] = 1 },
    };

    /// <summary>The names.</summary>
    public static IReadOnlyList<string> Names { get; } = [None, Kd, HeteroAkd, .. s_published.Keys];

    /// <summary>
    /// The terms of a recipe with their weights, in the order of <see cref="TermTable"/>. A weight among the options wins over the recipe's; a term that the
    /// recipe does not name takes part if its own weight is above 0. A term that the recipe names takes part even with weight 0: its diagnostics and the
    /// supervision of its projectors stay.
    /// </summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="weights">Weights of Eq. 11, for <see cref="Kd"/> and <see cref="HeteroAkd"/> alone.</param>
    /// <param name="options">Options of all terms.</param>
    public static IReadOnlyList<WeightedTerm> Resolve(string name, PaperWeights weights, TermSet options)
    {
        Dictionary<string, double> recipe = name switch
        {
            None => [],
            Kd => new() { [Kd] = weights.Lambda1 },
            HeteroAkd => new() { [Kd] = weights.Lambda1, [HeteroAkd] = weights.Lambda2 },
            _ when s_published.TryGetValue(name, out Dictionary<string, double>? published) => published,
            _ => throw new HeteroAkdException($"there is no distillation method '{name}'; the methods are {string.Join(", ", Names)}"),
        };
        return
        [
            .. from term in TermSet.Names
               let own = options[term].Weight
               where recipe.ContainsKey(term) || own > 0
               select new WeightedTerm(term, options[term], own ?? recipe[term]),
        ];
    }
}

/// <summary>A term of a sum.</summary>
/// <param name="Name">Its name in <see cref="TermTable"/>.</param>
/// <param name="Options">Its options.</param>
/// <param name="Weight">Its weight.</param>
public sealed record WeightedTerm(string Name, TermOptions Options, double Weight);
