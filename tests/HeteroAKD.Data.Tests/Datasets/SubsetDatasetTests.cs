namespace HeteroAKD.Data.Tests;

public class SubsetDatasetTests
{
    [Theory]
    [InlineData(1, 0, new[] { 0, 1, 2, 3, 4, 5, 6 })]
    [InlineData(3, 0, new[] { 0, 3, 6 })]
    [InlineData(3, 2, new[] { 0, 3 })]
    [InlineData(1, 4, new[] { 0, 1, 2, 3 })]
    [InlineData(9, 9, new[] { 0 })]
    public void Subset_TakesEveryKthUpToLimit(int every, int limit, int[] expected)
    {
        SubsetDataset subset = new(MemoryDataset.OfCoordinates(7, 4, 4), every, limit);
        Assert.Equal(expected, Enumerable.Range(0, subset.Count).Select(i => (int)subset.Load(i).Image.Pixels[2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => subset.Load(subset.Count));
    }
}
