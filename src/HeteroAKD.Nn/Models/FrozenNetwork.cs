using HeteroAKD.Tensors;

namespace HeteroAKD.Nn.Models;

/// <summary>
/// A network whose weights no longer change, run as an inference engine runs it (<see cref="Tensors.Inference.FrozenGraph"/>): as
/// <see cref="SegmentationModel.Forward"/> in evaluation mode, but for the last bits, and with less time and memory. The bits are the same on any number of
/// threads.
/// </summary>
/// <remarks>
/// Made ready for every size of images when it first comes, and kept for the last few sizes. It holds the weights of convolutions and linear layers a second
/// time, in the order in which kernels read them. The network must outlive it, and where its weights change, another one must be made.
/// </remarks>
public sealed class FrozenNetwork : IDisposable
{
    // Windows and mirror images have one size, a pyramid of scales has a few.
    private const int MaxSizes = 4;

    // Every size has weights of its own, as kernels read them in an order that depends on it. Those of large networks are kept for one size alone: making them
    // is a small part of a pass.
    private const long MaxWeightBytes = 256L << 20;

    private readonly SegmentationModel _model;
    private readonly List<FrozenPass> _passes = []; // the last used one last

    internal FrozenNetwork(SegmentationModel model) => _model = model;

    /// <summary>Where it runs.</summary>
    public Device Device => _model.Device;

    /// <summary>Channels of the logits.</summary>
    public int Classes => _model.Classes;

    /// <summary>Segments images [N, 3, H, W] float32. All results belong to the open step, and nothing of them wants a gradient.</summary>
    /// <exception cref="ShapeMismatchException">The images have another form.</exception>
    public SegmentationOutput Forward(Tensor images) => PassFor(images, logitsAlone: false).Forward(images);

    /// <summary>
    /// The logits [N, classes, h, w] float32 alone, which needs less memory. They belong to the open step. From the second call with one size on, launches are
    /// replayed.
    /// </summary>
    /// <exception cref="ShapeMismatchException">The images have another form.</exception>
    public Tensor Logits(Tensor images) => PassFor(images, logitsAlone: true).Logits(images);

    /// <summary>Gives its memory back; the network stays.</summary>
    public void Dispose()
    {
        _passes.ForEach(p => p.Dispose());
        _passes.Clear();
    }

    private FrozenPass PassFor(Tensor images, bool logitsAlone)
    {
        int at = _passes.FindLastIndex(p => p.Serves(images, logitsAlone));
        if (at == _passes.Count - 1 && at >= 0)
        {
            return _passes[at];
        }

        while (at < 0 && (_passes.Count == MaxSizes || (_passes.Count > 0 && _passes.Sum(p => p.WeightBytes) + _passes[^1].WeightBytes > MaxWeightBytes)))
        {
            _passes[0].Dispose();
            _passes.RemoveAt(0);
        }

        FrozenPass pass = at < 0 ? new FrozenPass(_model, images, logitsAlone) : _passes[at];
        _passes.Remove(pass);
        _passes.Add(pass);
        return pass;
    }
}
