using HeteroAKD.Distillation;
using HeteroAKD.Distillation.Terms;
using HeteroAKD.Tensors;

namespace HeteroAKD.Experiments.Configuration;

/// <summary>What a distillation is held against, beside the student alone.</summary>
public enum DistillationControl
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>The student with plain KD alone.</summary>
    Kd,
}

/// <summary>
/// The <c>distillation</c> section. Options of <c>terms.heteroakd</c> may also stand directly in it (<c>distillation.tau</c>), as may <c>kdTau</c> for
/// <c>terms.kd.tau</c>.
/// </summary>
public sealed record DistillationConfig
{
    /// <summary>none, kd or heteroakd: which terms are added to the task loss (<see cref="Recipes"/>).</summary>
    public string Method { get; init => field = Recipes.Names.FirstOrDefault(n => n.Equals(value, StringComparison.OrdinalIgnoreCase)) ?? value; } =
        Recipes.HeteroAkd;

    /// <summary>Also train the student alone, with equal weights, order and steps, to show the gain.</summary>
    public bool Baseline { get; init; } = true;

    /// <summary>none or kd: also train the student with plain KD alone, to show what the other terms add; see <see cref="ControlTerms"/>.</summary>
    public DistillationControl Control { get; init; } = DistillationControl.None;

    /// <summary>Weight of plain KD in the control; 0 takes that of the distillation. A control deserves the weight that is best for it.</summary>
    [InRange("[0, 1000000]")]
    public double ControlWeight { get; init; }

    /// <summary>Weight of the plain KD term in the recipes kd and heteroakd.</summary>
    [InRange("[0, 1000000]")]
    public double Lambda1 { get; init; } = 0.1;

    /// <summary>Weight of the HeteroAKD term in the recipe heteroakd.</summary>
    [InRange("[0, 1000000]")]
    public double Lambda2 { get; init; } = 1;

    /// <summary>What the weights of all terms are multiplied by at the end of training.</summary>
    [InRange("[0, 1]")]
    public double Decay { get; init; } = 1;

    /// <summary>The last part of training, over which they fall.</summary>
    [InRange("(0, 1]")]
    public double DecayFraction { get; init; } = 0.25;

    /// <summary>Weight and options of every term.</summary>
    public TermSet Terms { get; init; } = new();

    /// <summary>The terms that take part, with their weights; none where the student learns alone.</summary>
    public IReadOnlyList<WeightedTerm> WeightedTerms() => TermsOf(Method);

    /// <summary>
    /// The control's term: plain KD as the recipe kd has it, whatever else has a weight. None where no control is asked for, and where it would be a network
    /// that is trained anyhow: the distilled one, which has no other term, or the student alone, because KD weighs nothing.
    /// </summary>
    public IReadOnlyList<WeightedTerm> ControlTerms() => Control == DistillationControl.None || WeightedTerms().All(IsKd)
        ? []
        : [.. TermsOf(Recipes.Kd).Where(IsKd).Select(t => ControlWeight > 0 ? t with { Weight = ControlWeight } : t).Where(t => t.Weight > 0)];

    /// <summary>Whether the distillation is its control with more terms: both give plain KD the same weight.</summary>
    public bool AddsToControl => ControlTerms() is [var control] && WeightedTerms().FirstOrDefault(IsKd)?.Weight == control.Weight;

    /// <summary>The same without a control, for a run of one network.</summary>
    public DistillationConfig WithoutControl() => this with { Control = DistillationControl.None, ControlWeight = 0 };

    private static bool IsKd(WeightedTerm term) => term.Name == Recipes.Kd;

    private IReadOnlyList<WeightedTerm> TermsOf(string recipe) => Recipes.Resolve(recipe, new PaperWeights(Lambda1, Lambda2), Terms);
}
