using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Weights.Onnx;

/// <summary>
/// Finds where sizes come from: the same network was traced at two sizes of images, and a size of maps is that of a tensor which has it in both.
/// </summary>
internal sealed class OpenSizes
{
    private readonly IReadOnlyList<TracedOperation> _trace;
    private readonly IReadOnlyList<TracedOperation> _other;
    private readonly Dictionary<Tensor, int> _places = []; // of an operation, by its output
    private readonly (Tensor One, Tensor Other) _images;

    /// <summary>Puts two traces side by side.</summary>
    /// <param name="trace">Operations at the size that is exported.</param>
    /// <param name="other">The same at another one.</param>
    /// <param name="images">The images of both.</param>
    public OpenSizes(IReadOnlyList<TracedOperation> trace, IReadOnlyList<TracedOperation> other, (Tensor One, Tensor Other) images)
    {
        (_trace, _other, _images) = (trace, other, images);
        for (int i = 0; i < trace.Count; i++)
        {
            _places[trace[i].Output] = i;
        }
    }

    /// <summary>The tensor whose rows and columns an operation makes: the images, or the last one before it.</summary>
    /// <param name="operation">One of the trace.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <exception cref="ExportException">There is none, or both traces differ in their operations.</exception>
    public Tensor TensorOf(TracedOperation operation, int height, int width)
    {
        int place = _places[operation.Output];
        if (_trace.Count != _other.Count || _other[place].Row != operation.Row)
        {
            throw new ExportException("the network computes other operations at another size of images; export without --dynamic-size.");
        }

        (int, int) size = (height, width);
        (int, int) otherSize = MapSizeOf(_other[place]);
        if (Has(_images.One, size) && Has(_images.Other, otherSize))
        {
            return _images.One;
        }

        for (int i = place - 1; i >= 0; i--)
        {
            if (Has(_trace[i].Output, size) && Has(_other[i].Output, otherSize))
            {
                return _trace[i].Output;
            }
        }

        throw new ExportException($"operation '{operation.Row.Name}' makes {height} x {width}, which no map before it has; export without --dynamic-size.");
    }

    private static bool Has(Tensor tensor, (int, int) size) => tensor.Shape.Rank == 4 && (tensor.Shape[2], tensor.Shape[3]) == size;

    private static (int Height, int Width) MapSizeOf(TracedOperation operation) => operation.Attributes switch
    {
        InterpolateAttributes a => (a.Height, a.Width),
        MapAttributes a => (a.Height, a.Width),
        _ => throw new ExportException($"operation '{operation.Row.Name}' has a size of its own; export without --dynamic-size."),
    };
}
