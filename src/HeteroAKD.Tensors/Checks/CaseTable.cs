using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Checks.Cases;

namespace HeteroAKD.Tensors.Checks;

/// <summary>
/// The one list of cases: what the tests, <c>heteroakd gradcheck</c> and the check of a new device run. Sizes are odd, 1, 0 where that is legal, and no
/// multiples of lanes or tiles.
/// </summary>
public static class CaseTable
{
    /// <summary>Every case.</summary>
    public static IReadOnlyList<OpCase> All { get; } =
    [
        .. ElementwiseCases.All(),
        .. ArithmeticCases.All(),
        .. ReductionCases.All(),
        .. LayoutCases.All(),
        .. ProductCases.All(),
        .. NormalizationCases.All(),
        .. ResizingCases.All(),
        .. AttentionCases.All(),
        .. LossCases.All(),
        .. SamplingCases.All(),
        .. OptimizerCases.All(),
    ];

    /// <summary>The cases of an operation.</summary>
    public static IEnumerable<OpCase> Of(OpRow row) => All.Where(c => ReferenceEquals(c.Row, row));
}
