using HeteroAKD.Bench.Machine;
using HeteroAKD.Tensors;
using TorchSharp;

namespace HeteroAKD.Bench.Peers;

/// <summary>A row of the comparison: the same work for us and for libtorch.</summary>
/// <param name="Group">What it belongs to: <c>conv</c>, <c>gemm</c>, <c>step</c>, …</param>
/// <param name="Name">Operation and shapes.</param>
internal abstract record PeerCase(string Group, string Name)
{
    /// <summary>Times libtorch's speed that the project wants to reach at least (full iteration), or null where none is set.</summary>
    public double? Goal { get; init; }

    /// <summary>The roofline of a full iteration.</summary>
    public abstract Work Work { get; }

    /// <summary>
    /// How far our result may be from libtorch's in float64 beside three times what libtorch's own float32 is, both relative to the tensor
    /// (see <see cref="AsWhole"/>).
    /// </summary>
    public virtual double Tolerance => 1e-5;

    /// <summary>
    /// Whether a tensor's error is the Euclidean norm of the difference over that of the tensor, rather than its largest element over the largest element.
    /// </summary>
    public virtual bool AsWhole => false;

    /// <summary>On how many different inputs results are compared: the one with the middle error decides.</summary>
    public virtual int Batches => 1;

    /// <summary>Tensors that matter less than this share of the largest one are measured against that share of it: where an exact zero is expected.</summary>
    public virtual double Floor => 0;

    /// <summary>
    /// Whether our side records an iteration and replays it. It then holds its memory between iterations, so that all it has counts, parameters and inputs
    /// included.
    /// </summary>
    public virtual bool IsReplayed => false;

    /// <summary>Our side.</summary>
    public abstract IContender Ours(Device device);

    /// <summary>libtorch's side; float64 gives the truth that both are held against.</summary>
    public abstract IContender Theirs(torch.ScalarType type);
}
