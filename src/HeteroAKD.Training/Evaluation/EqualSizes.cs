using HeteroAKD.Data;

namespace HeteroAKD.Training.Evaluation;

/// <summary>
/// The images of a data set in order, in batches of neighbours that have one size: a set of equal images gives full batches, a set of different ones small batches.
/// </summary>
internal sealed class EqualSizes : IDisposable
{
    private readonly BatchLoader _loader;
    private readonly int _batchSize;
    private int _loaded;
    private Batch? _next;  // read, but not yet part of a batch; the loader's own, until its next call

    /// <summary>Starts reading.</summary>
    public EqualSizes(ISegmentationDataset dataset, Augmentation augmentation, int batchSize)
    {
        _loader = new BatchLoader(dataset, LoaderOptions.ForEvaluation(1, augmentation));
        _batchSize = Math.Min(batchSize, dataset.Count);
    }

    /// <summary>N, images in the batch.</summary>
    public int Count { get; private set; }

    /// <summary>Index of the first image in the data set; the others follow it.</summary>
    public int First { get; private set; }

    /// <summary>H.</summary>
    public int Height { get; private set; }

    /// <summary>W.</summary>
    public int Width { get; private set; }

    /// <summary>[N, 3, H, W], normalised; the array may be longer.</summary>
    public float[] Images { get; private set; } = [];

    /// <summary>[N, H, W], class ids or the ignored id; the array may be longer.</summary>
    public int[] Labels { get; private set; } = [];

    /// <summary>Reads the next batch; false at the end of the data set.</summary>
    public bool Read()
    {
        Count = 0;
        while (Count < _batchSize && Peek() is { } image)
        {
            if (Count == 0)
            {
                Begin(image);
            }
            else if ((image.Height, image.Width) != (Height, Width))
            {
                break;
            }

            int pixels = Height * Width;
            image.Images.AsSpan(0, 3 * pixels).CopyTo(Images.AsSpan(Count * 3 * pixels));
            image.Labels.AsSpan(0, pixels).CopyTo(Labels.AsSpan(Count * pixels));
            Count++;
            _next = null;
        }

        return Count > 0;
    }

    /// <inheritdoc/>
    public void Dispose() => _loader.Dispose();

    private Batch? Peek()
    {
        if (_next is null && _loaded < _loader.BatchesPerEpoch)
        {
            _next = _loader.Next();
            _loaded++;
        }

        return _next;
    }

    private void Begin(Batch image)
    {
        (First, Height, Width) = (image.Indices[0], image.Height, image.Width);
        int pixels = checked(_batchSize * Height * Width);
        if (Labels.Length < pixels)
        {
            Labels = new int[pixels];
            Images = new float[checked(pixels * 3)];
        }
    }
}
