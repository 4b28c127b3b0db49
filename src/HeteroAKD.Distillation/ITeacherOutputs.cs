using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;

namespace HeteroAKD.Distillation;

/// <summary>
/// Keeps what a frozen teacher says of each batch, so that another student with the same batches need not ask again. The values are those that the teacher would
/// compute, bit for bit.
/// </summary>
public interface ITeacherOutputs : IDisposable
{
    /// <summary>The teacher's output for a batch: the same tensors for every batch of one shape, valid until the next call. Called outside what is recorded.</summary>
    /// <param name="batch">The batch on the host.</param>
    /// <param name="images">[N, 3, H, W], the batch's images on the device.</param>
    /// <param name="teacher">Computes the output where it is not kept.</param>
    SegmentationOutput Of(Batch batch, Tensor images, Func<Tensor, SegmentationOutput> teacher);
}
