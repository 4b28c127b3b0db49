using System.Globalization;
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
            ways.Add(distillation.AddsToControl || !HasKd(distillation) ? $"with {PlainKd}" : $"with {Weighted(distillation.ControlTerms()[0])}");
        }

        if (distillation.WeightedTerms().Count > 0)
        {
            ways.Add(Distilled(distillation));
        }

        return ways.Count == 0 ? "nothing" : Join(ways, ways.Count > 2 ? ", and " : " and ");
    }

    /// <summary>
    /// What the distilled student has: "with plain KD and HeteroAKD", beside a control of the same weight "with HeteroAKD added", beside one of another weight
    /// "with plain KD (weight 0.5) and HeteroAKD".
    /// </summary>
    public static string Distilled(DistillationConfig distillation)
    {
        IReadOnlyList<WeightedTerm> terms = distillation.WeightedTerms();
        if (distillation.AddsToControl)
        {
            return $"with {Join([.. terms.Where(t => t.Name != Recipes.Kd).Select(Name)], " and ")} added";
        }

        bool another = distillation.ControlTerms().Count > 0;
        return $"with {Join([.. terms.Select(t => another && t.Name == Recipes.Kd ? Weighted(t) : Name(t))], " and ")}";
    }

    private static bool HasKd(DistillationConfig distillation) => distillation.WeightedTerms().Any(t => t.Name == Recipes.Kd);

    private static string Weighted(WeightedTerm term) =>
        term.Weight > 0 ? string.Create(CultureInfo.InvariantCulture, $"{Name(term)} (weight {term.Weight:R})") : Name(term);

    private static string Name(WeightedTerm term)
    {
        string name = term.Name switch { Recipes.Kd => PlainKd, Recipes.HeteroAkd => "HeteroAKD", _ => term.Name };
        return term.Weight > 0 ? name : $"{name} of weight 0";
    }

    private static string Join(IReadOnlyList<string> parts, string last) =>
        parts.Count == 1 ? parts[0] : string.Join(", ", parts.Take(parts.Count - 1)) + last + parts[^1];
}
