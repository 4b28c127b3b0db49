using HeteroAKD.Nn;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Training.Evaluation;

/// <summary>Labelled images that networks are scored on. They may differ in size.</summary>
public interface IEvaluationSet
{
    /// <summary>Number of images.</summary>
    int Count { get; }

    /// <summary>Number of classes.</summary>
    int Classes { get; }

    /// <summary>The label that counts nowhere.</summary>
    int IgnoreIndex { get; }

    /// <summary>What stands beyond an image that is smaller than a window.</summary>
    Outside Outside { get; }

    /// <summary>All images once, in order, prepared for the network; a batch holds neighbours of one size and is valid until the next.</summary>
    /// <param name="batchSize">Most images of a batch.</param>
    IEnumerable<Batch> Read(int batchSize);
}
