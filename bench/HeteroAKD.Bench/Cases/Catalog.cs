using HeteroAKD.Bench.Peers;

namespace HeteroAKD.Bench.Cases;

/// <summary>All cases, in the order of the report.</summary>
internal static class Catalog
{
    /// <summary>The cases.</summary>
    public static IReadOnlyList<PeerCase> All { get; } =
    [
        .. HeteroAkdCase.Rows,
        .. HeteroAkdPartsCase.Rows,
        .. PixelKlCase.Rows,
        .. TargetedKlCase.Rows,
        .. RowKlCase.Rows,
        .. CdistCase.Rows,
        .. PearsonCase.Rows,
        .. PseudoLabelsCase.Rows,
        .. OneHotCase.Rows,
        .. CrossEntropyCase.Rows,
        .. SoftmaxCase.Rows,
        .. ElementwiseCase.Rows,
        .. ReductionCase.Rows,
        .. LayerNormCase.Rows,
        .. BatchNormCase.Rows,
        .. GroupNormCase.Rows,
        .. InterpolateCase.Rows,
        .. PoolCase.Rows,
        .. LayoutCase.Rows,
        .. MatMulCase.Rows,
        .. LinearCase.Rows,
        .. ConvCase.Rows,
        .. ConvTransposeCase.Rows,
        .. AttentionCase.Rows,
        .. OptimizerCase.Rows,
        .. StepCase.Rows,
        .. DistillationStepCase.Rows,
        .. InferenceCase.Rows,
    ];
}
