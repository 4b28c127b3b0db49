using HeteroAKD.Distillation;
using HeteroAKD.Distillation.Terms;
using HeteroAKD.Tensors;

namespace HeteroAKD.Experiments.Configuration;

/// <summary>
/// The <c>distillation</c> section. Options of <c>terms.heteroakd</c> may also stand directly in it (<c>distillation.tau</c>), as may <c>kdTau</c> for
/// <c>terms.kd.tau</c>.
/// </summary>
public sealed record DistillationConfig
{
    /// <summary>none, kd or heteroakd: which terms are added to the task loss (<see cref="Recipes"/>).</summary>
    public string Method { get; init; } = Recipes.HeteroAkd;

    /// <summary>Also train the student alone, with equal weights, order and steps, to show the gain.</summary>
    public bool Baseline { get; init; } = true;

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
    public IReadOnlyList<WeightedTerm> WeightedTerms() => Recipes.Resolve(Method, new PaperWeights(Lambda1, Lambda2), Terms);
}
