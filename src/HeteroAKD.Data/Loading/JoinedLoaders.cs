using HeteroAKD.Nn;

namespace HeteroAKD.Data;

/// <summary>
/// Batches of labelled images followed by unlabelled ones. Each part is made by a loader of its own, so the labelled images of batch k are the same whatever
/// comes after them. Both loaders stand at the same batch.
/// </summary>
public sealed class JoinedLoaders : IBatchSource, IDisposable
{
    private readonly BatchLoader _labelled;
    private readonly BatchLoader? _unlabelled;
    private readonly Batch _joined = new();

    /// <summary>Takes over both loaders.</summary>
    /// <param name="labelled">Makes the first images of a batch.</param>
    /// <param name="unlabelled">Makes those after them; null where there are none.</param>
    public JoinedLoaders(BatchLoader labelled, BatchLoader? unlabelled)
    {
        (_labelled, _unlabelled) = (labelled, unlabelled);
        unlabelled?.Seek(labelled.Position);
    }

    /// <inheritdoc/>
    public long Position => _labelled.Position;

    /// <summary>Seconds that <see cref="Next"/> has spent waiting for either loader.</summary>
    public double WaitSeconds => _labelled.WaitSeconds + (_unlabelled?.WaitSeconds ?? 0);

    /// <inheritdoc/>
    /// <exception cref="DatasetException">The windows of the two parts differ in size.</exception>
    public Batch Next()
    {
        Batch labelled = _labelled.Next();
        if (_unlabelled is null)
        {
            return labelled;
        }
        Batch unlabelled = _unlabelled.Next();
        if ((labelled.Height, labelled.Width) != (unlabelled.Height, unlabelled.Width))
        {
            throw new DatasetException(
                null, $"the windows of labelled images are {labelled.Width}x{labelled.Height}, those of unlabelled ones "
                    + $"{unlabelled.Width}x{unlabelled.Height}", "Set the window's Height and Width");
        }
        _joined.Resize(labelled.Count + unlabelled.Count, labelled.Height, labelled.Width);
        Copy(labelled, 0, source: 0);
        Copy(unlabelled, labelled.Count, source: 1);
        return _joined;
    }

    /// <inheritdoc/>
    public void Seek(long position)
    {
        _labelled.Seek(position);
        _unlabelled?.Seek(position);
    }

    /// <summary>Stops both loaders.</summary>
    public void Dispose()
    {
        _labelled.Dispose();
        _unlabelled?.Dispose();
    }

    private void Copy(Batch part, int first, int source)
    {
        int pixels = part.Height * part.Width;
        part.Images.AsSpan(0, part.Count * 3 * pixels).CopyTo(_joined.Images.AsSpan(first * 3 * pixels));
        part.Labels.AsSpan(0, part.Count * pixels).CopyTo(_joined.Labels.AsSpan(first * pixels));
        part.Indices.AsSpan(0, part.Count).CopyTo(_joined.Indices.AsSpan(first));
        for (int n = 0; n < part.Count; n++)
        {
            _joined.Views[first + n] = part.Views[n] with { Source = source };
        }
    }
}
