namespace HeteroAKD.Data;

/// <summary>Samples 0, k, 2k, … of another data set, at most so many of them: a student that has labels for a part of what its teacher saw.</summary>
public sealed class SubsetDataset : ISegmentationDataset
{
    private readonly ISegmentationDataset _source;
    private readonly int _every;

    /// <summary>Takes every <paramref name="every"/>-th sample.</summary>
    /// <param name="source">The whole; a cache in it serves both.</param>
    /// <param name="every">At least 1.</param>
    /// <param name="limit">Most samples; 0 for no limit.</param>
    public SubsetDataset(ISegmentationDataset source, int every, int limit = 0)
    {
        (_source, _every, Count) = (source, every, CountOf(source.Count, every, limit));
    }

    /// <inheritdoc/>
    public int Count { get; }

    /// <inheritdoc/>
    public ClassSet Classes => _source.Classes;

    /// <summary>Samples that are taken of <paramref name="count"/>.</summary>
    public static int CountOf(int count, int every, int limit)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(every, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        int taken = (count + every - 1) / every;
        return limit > 0 ? Math.Min(limit, taken) : taken;
    }

    /// <summary>The source's number of a sample.</summary>
    public int PlaceOf(int index) => index * _every;

    /// <inheritdoc/>
    public Sample Load(int index, Sample? reuse = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        return _source.Load(PlaceOf(index), reuse);
    }
}
