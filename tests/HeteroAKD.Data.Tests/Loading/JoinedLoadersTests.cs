using HeteroAKD.Nn;

namespace HeteroAKD.Data.Tests;

public class JoinedLoadersTests
{
    private const int Labelled = 2;
    private const int Unlabelled = 3;

    // Scales below one leave a border around the image.
    private static readonly LoaderOptions Options = new()
    {
        BatchSize = Labelled, Seed = 9, Augmentation = new Augmentation { Height = 32, Width = 64, ScaleMin = 0.5f, ScaleMax = 0.9f },
    };

    private static SceneDataset Scenes(int count, int first = 0) => new(SceneSplit.Train, count, new SceneOptions { Width = 64, Height = 32 }, first);

    private static JoinedLoaders Join(int threads = 1) => new(
        new BatchLoader(Scenes(5), Options with { Threads = threads }),
        new BatchLoader(new UnlabelledDataset(Scenes(7, first: 5)), Options with { BatchSize = Unlabelled, Threads = threads, Seed = 9 | 1UL << 32 }));

    private static (float[] Images, int[] Labels, int[] Indices) Copy(Batch batch)
    {
        var pixels = batch.Count * batch.Height * batch.Width;
        return (batch.Images[..(3 * pixels)], batch.Labels[..pixels], batch.Indices[..batch.Count]);
    }

    [Fact]
    public void LabelledImagesComeFirstAndAreThoseWithoutTheOthers()
    {
        using var joined = Join();
        using var alone = new BatchLoader(Scenes(5), Options);
        for (var step = 0; step < 6; step++)
        {
            var batch = joined.Next();
            var labelled = alone.Next();
            Assert.Equal((Labelled + Unlabelled, 32, 64), (batch.Count, batch.Height, batch.Width));
            for (var n = 0; n < Labelled; n++)
            {
                Assert.True(labelled.ImageAt(n).SequenceEqual(batch.ImageAt(n)));
                Assert.True(labelled.LabelsAt(n).SequenceEqual(batch.LabelsAt(n)));
                Assert.Equal(labelled.Indices[n], batch.Indices[n]);
            }
            for (var n = Labelled; n < batch.Count; n++)
            {
                Assert.Equal([Batch.Unlabelled, 255], batch.LabelsAt(n).ToArray().Distinct().Order());
            }
        }
        Assert.Equal(6, joined.Position);
    }

    [Fact]
    public void UnlabelledImagesAreTheSourcesOwn()
    {
        var whole = Augmentation.None;
        var options = LoaderOptions.ForEvaluation(1, whole) with { Threads = 0 };
        using var joined = new JoinedLoaders(new BatchLoader(Scenes(1), options), new BatchLoader(new UnlabelledDataset(Scenes(7, first: 5)), options));
        using var expected = new BatchLoader(Scenes(7, first: 5), options);
        var batch = joined.Next();
        Assert.True(expected.Next().ImageAt(0).SequenceEqual(batch.ImageAt(1)));
        Assert.All(batch.LabelsAt(1).ToArray(), label => Assert.Equal(Batch.Unlabelled, label));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void BatchesDependOnTheirNumberAlone(int threads)
    {
        using var unbroken = Join();
        var expected = Enumerable.Range(0, 8).Select(_ => Copy(unbroken.Next())).ToArray();
        using var joined = Join(threads);
        foreach (var position in new[] { 0, 5, 2, 7 })
        {
            joined.Seek(position);
            Assert.Equal(position, joined.Position);
            Assert.Equivalent(expected[position], Copy(joined.Next()), strict: true);
            Assert.Equal(position + 1, joined.Position);
        }
    }

    [Fact]
    public void BothPartsAreDrawnAnewAndApart()
    {
        // The same images on both sides: their own keys make other crops of them.
        using var joined = new JoinedLoaders(
            new BatchLoader(Scenes(1), Options with { BatchSize = 1 }), new BatchLoader(new UnlabelledDataset(Scenes(1)), Options with { BatchSize = 1, Seed = 9 | 1UL << 32 }));
        var batch = joined.Next();
        Assert.False(batch.ImageAt(0).SequenceEqual(batch.ImageAt(1)));
    }

    [Fact]
    public void WithoutUnlabelledImagesItIsTheLoader()
    {
        using var joined = new JoinedLoaders(new BatchLoader(Scenes(5), Options), null);
        using var alone = new BatchLoader(Scenes(5), Options);
        joined.Seek(3);
        alone.Seek(3);
        Assert.Equivalent(Copy(alone.Next()), Copy(joined.Next()), strict: true);
        Assert.Equal(4, joined.Position);
    }

    [Fact]
    public void WindowsOfTwoSizesAreRefused()
    {
        var options = LoaderOptions.ForEvaluation(1, Augmentation.None);
        var large = new SceneDataset(SceneSplit.Train, 1, new SceneOptions { Width = 64, Height = 64 });
        using var joined = new JoinedLoaders(new BatchLoader(Scenes(1), options), new BatchLoader(new UnlabelledDataset(large), options));
        Assert.Contains("labelled images are 64x32, those of unlabelled ones 64x64", Assert.Throws<DatasetException>(() => joined.Next()).Message, StringComparison.Ordinal);
    }
}
