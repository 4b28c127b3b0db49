using HeteroAKD.Tensors;

namespace HeteroAKD.Training.Evaluation;

/// <summary>A network that gives NaN or infinity for an image; no class can be told from that.</summary>
public sealed class NonFiniteLogitsException()
    : HeteroAkdException($"evaluation: {Problem}. {Remedy}.")
{
    /// <summary>What is wrong.</summary>
    public const string Problem = "the network's logits are NaN or infinite, although its weights are finite: an activation left the range of float32";

    /// <summary>What to do.</summary>
    public const string Remedy = "Take an earlier checkpoint (ROLE-best), or give the mean and deviation that the network was trained with "
        + "(augmentation.mean, augmentation.std)";
}
