using HeteroAKD.Nn;
using HeteroAKD.Tensors;

namespace HeteroAKD.Training.Loop;

/// <summary>
/// The tensors that batches are copied into: the same memory every step, as a recorded step will need it. On an accelerator a batch travels while the step
/// before it still runs.
/// </summary>
internal sealed class StepInputs(Device device) : IDisposable
{
    private UploadChannel? _images;
    private UploadChannel? _labels;

    /// <summary>[N, 3, H, W].</summary>
    public Tensor Images => _images?.Target ?? throw new InvalidOperationException("no batch yet");

    /// <summary>[N, H, W] int32.</summary>
    public Tensor Labels => _labels?.Target ?? throw new InvalidOperationException("no batch yet");

    /// <summary>Copies a batch, whose arrays are the caller's again at once.</summary>
    public void Fill(Batch batch)
    {
        Shape images = new(batch.Count, 3, batch.Height, batch.Width);
        if (_images is null || _labels is null || _images.Target.Shape != images)
        {
            Dispose();
            _images = Open("batch images", images, DType.Float32);
            _labels = Open("batch labels", new Shape(batch.Count, batch.Height, batch.Width), DType.Int32);
        }

        _images.Send(batch.Images.AsSpan(0, images.Count));
        _labels.Send(batch.Labels.AsSpan(0, Labels.Shape.Count));
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        Close(ref _images);
        Close(ref _labels);
    }

    private static void Close(ref UploadChannel? channel)
    {
        channel?.Dispose();
        channel?.Target.Dispose();
        channel = null;
    }

    private UploadChannel Open(string name, Shape shape, DType type)
    {
        Tensor target = Tensor.Persistent(device, shape, type);
        target.Name = name;
        return device.OpenChannel(target);
    }
}
