namespace HeteroAKD.Data.Tests;

public class CachedDatasetTests
{
    [Fact]
    public void Load_AsksTheSourceOnce()
    {
        var loads = new int[3];
        var source = MemoryDataset.OfCoordinates(3, 4, 4);
        var dataset = new CachedDataset(new MemoryDataset(3, i =>
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
        var scenes = new SceneDataset(SceneSplit.Train, 4, new SceneOptions { Width = 64, Height = 32 });
        var dataset = new CachedDataset(scenes);
        var options = new LoaderOptions { BatchSize = 2, Threads = 1 };
        using var loader = new BatchLoader(dataset, options);
        for (var k = 0; k < 10; k++)
        {
            loader.Next();
        }
        for (var i = 0; i < 4; i++)
        {
            Assert.Equal(scenes.Load(i).Image.Pixels, dataset.Load(i).Image.Pixels);
        }
    }
}
