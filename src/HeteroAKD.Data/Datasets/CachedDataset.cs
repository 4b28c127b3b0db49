namespace HeteroAKD.Data;

/// <summary>
/// Keeps every sample of another data set in memory once it has been loaded: 4 bytes a pixel, no garbage and no decoding from the second epoch on.
/// </summary>
public sealed class CachedDataset(ISegmentationDataset source) : ISegmentationDataset
{
    private readonly Sample?[] _samples = new Sample?[source.Count];

    /// <inheritdoc/>
    public int Count => source.Count;

    /// <inheritdoc/>
    public ClassSet Classes => source.Classes;

    /// <inheritdoc/>
    public Sample Load(int index, Sample? reuse = null)
    {
        if (Volatile.Read(ref _samples[index]) is { } cached)
        {
            return cached;
        }
        Sample sample = source.Load(index); // never into a reused one: this sample stays
        Volatile.Write(ref _samples[index], sample); // two threads may load the same sample; both results are equal
        return sample;
    }
}
