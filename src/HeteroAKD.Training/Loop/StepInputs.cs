using HeteroAKD.Data;
using HeteroAKD.Tensors;

namespace HeteroAKD.Training.Loop;

/// <summary>The tensors that batches are copied into: the same memory every step, as a recorded step will need it.</summary>
public sealed class StepInputs(Device device) : IDisposable
{
    private Tensor? _images;
    private Tensor? _labels;

    /// <summary>[N, 3, H, W].</summary>
    public Tensor Images => _images ?? throw new InvalidOperationException("no batch yet");

    /// <summary>[N, H, W] int32.</summary>
    public Tensor Labels => _labels ?? throw new InvalidOperationException("no batch yet");

    /// <summary>Copies a batch.</summary>
    public void Fill(Batch batch)
    {
        Shape images = new(batch.Count, 3, batch.Height, batch.Width);
        if (_images is null || _images.Shape != images)
        {
            Dispose();
            _images = Tensor.Persistent(device, images);
            _labels = Tensor.Persistent(device, new Shape(batch.Count, batch.Height, batch.Width), DType.Int32);
        }

        _images.CopyFrom(batch.Images.AsSpan(0, images.Count));
        _labels!.CopyFrom(batch.Labels.AsSpan(0, _labels.Shape.Count));
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        _images?.Dispose();
        _labels?.Dispose();
        _images = null;
        _labels = null;
    }
}
