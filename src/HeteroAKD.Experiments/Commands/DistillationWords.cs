using HeteroAKD.Distillation;
using HeteroAKD.Experiments.Configuration;

namespace HeteroAKD.Experiments.Commands;

/// <summary>A distillation in plain words, for whoever reads along.</summary>
public static class DistillationWords
{
    private const string PlainKd = "plain KD";

    /// <summary>How the student is trained, in order: "alone, with plain KD, and with HeteroAKD added".</summary>
    public static string Ways(DistillationConfig distillation)
    {
        List<string> ways = [];
        if (distillation.Baseline)
        {
            ways.Add("alone");
        }

        if (distillation.ControlTerms().Count > 0)
        {
            ways.Add($"with {PlainKd}");
        }

        if (distillation.WeightedTerms().Count > 0)
        {
            ways.Add(Distilled(distillation));
        }

        return ways.Count == 0 ? "nothing" : Join(ways, ways.Count > 2 ? ", and " : " and ");
    }

    /// <summary>What the distilled student has: "with plain KD and HeteroAKD", or beside its control "with HeteroAKD added".</summary>
    public static string Distilled(DistillationConfig distillation)
    {
        IReadOnlyList<WeightedTerm> terms = distillation.WeightedTerms();
        bool beside = distillation.ControlTerms().Count > 0;
        WeightedTerm[] named = [.. terms.Where(t => !beside || t.Name != Recipes.Kd)];
        string added = beside && named.Length < terms.Count ? " added" : "";
        return $"with {Join([.. named.Select(Name)], " and ")}{added}";
    }

    private static string Name(WeightedTerm term)
    {
        string name = term.Name switch { Recipes.Kd => PlainKd, Recipes.HeteroAkd => "HeteroAKD", _ => term.Name };
        return term.Weight > 0 ? name : $"{name} of weight 0";
    }

    private static string Join(IReadOnlyList<string> parts, string last) =>
        parts.Count == 1 ? parts[0] : string.Join(", ", parts.Take(parts.Count - 1)) + last + parts[^1];
}
