namespace HeteroAKD.Data.Tests;

public class CachedDatasetTests
{
    [Fact]
    public void Load_AsksTheSourceOnce()
    {
        int[] loads = new int[3];
        MemoryDataset source = MemoryDataset.OfCoordinates(3, 4, 4);
        CachedDataset dataset = new(new MemoryDataset(3, i =>
        {
            loads[i]++;
            return source.Load(i);
        }));
        Assert.Same(dataset.Load(1), dataset.Load(1, dataset.Load(2)));
        Assert.Equal([0, 1, 1], loads);
    }

    /// <summary>The loader hands its last sample back for reuse; a cached one must survive that.</summary>
    [Fact]
    public void CachedScenes_StayWhatTheyAre()
    {
        SceneDataset scenes = new(SceneSplit.Train, 4, new SceneOptions { Width = 64, Height = 32 });
        CachedDataset dataset = new(scenes);
        LoaderOptions options = new() { BatchSize = 2, Threads = 1 };
        using BatchLoader loader = new(dataset, options);
        for (int k = 0; k < 10; k++)
        {
            loader.Next();
        }
        for (int i = 0; i < 4; i++)
        {
            Assert.Equal(scenes.Load(i).Image.Pixels, dataset.Load(i).Image.Pixels);
        }
    }
}
