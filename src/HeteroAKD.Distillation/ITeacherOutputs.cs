using HeteroAKD.Distillation.Terms;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;

namespace HeteroAKD.Distillation;

/// <summary>
/// Gives what a frozen teacher says of each batch without asking it every time: the values that it would compute, or an approximation where the implementation
/// says so.
/// </summary>
public interface ITeacherOutputs : IDisposable
{
    /// <summary>
    /// What terms can read if the teacher is no network of this program (a graph, or files of logits): it then gives outputs for training batches only, and its
    /// outputs hold no valid maps besides these. Null if the teacher is a network, which can compute any map of any image.
    /// </summary>
    TermReads? GivesOnly => null;

    /// <summary>
    /// The teacher's output for a batch: the same tensors for every batch of one shape, valid until the next call. Called outside what is recorded.
    /// </summary>
    /// <param name="batch">The batch on the host.</param>
    /// <param name="images">[N, 3, H, W], the batch's images on the device.</param>
    /// <param name="reads">The maps that are read; others may hold anything.</param>
    /// <param name="teacher">Computes the output of images that are normalised for the student, of any size, where it is not kept.</param>
    SegmentationOutput Of(Batch batch, Tensor images, TermReads reads, Func<Tensor, SegmentationOutput> teacher);
}
