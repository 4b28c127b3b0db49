using HeteroAKD.Data;
using HeteroAKD.Nn;
using HeteroAKD.Tensors.Ops;
using HeteroAKD.Training.Evaluation;

namespace HeteroAKD.Experiments;

/// <summary>A data set as networks are scored on it.</summary>
/// <param name="dataset">The images.</param>
/// <param name="augmentation">Normalisation and padding of evaluation.</param>
internal sealed class EvaluatedDataset(ISegmentationDataset dataset, Augmentation augmentation) : IEvaluationSet
{
    /// <inheritdoc/>
    public int Count => dataset.Count;

    /// <inheritdoc/>
    public int Classes => dataset.Classes.Count;

    /// <inheritdoc/>
    public int IgnoreIndex => dataset.Classes.IgnoreIndex;

    /// <inheritdoc/>
    public Outside Outside => Beyond(augmentation);

    /// <summary>What stands beyond an image that is padded so.</summary>
    public static Outside Beyond(Augmentation augmentation) => augmentation.Pad == PadMode.Mean ? Outside.Zero : Outside.Edge;

    /// <inheritdoc/>
    public IEnumerable<Batch> Read(int batchSize) => EqualSizes.Read(dataset, augmentation, batchSize);
}
