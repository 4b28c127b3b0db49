namespace HeteroAKD.Data;

/// <summary>The images of another data set without its labels.</summary>
public sealed class UnlabelledDataset(ISegmentationDataset source) : ISegmentationDataset
{
    /// <inheritdoc/>
    public int Count => source.Count;

    /// <inheritdoc/>
    public ClassSet Classes => source.Classes;

    /// <inheritdoc/>
    public (int Width, int Height)? SizeOf(int index) => source.SizeOf(index);

    /// <inheritdoc/>
    public Sample Load(int index, Sample? reuse = null)
    {
        Sample sample = source.Load(index); // a reused one has no room for the source's labels
        return new Sample(sample.Id, sample.Image);
    }
}
