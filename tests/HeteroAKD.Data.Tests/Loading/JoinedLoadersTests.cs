using HeteroAKD.Nn;

namespace HeteroAKD.Data.Tests;

public class JoinedLoadersTests
{
    private const int Labelled = 2;
    private const int Unlabelled = 3;

    // Scales below one leave a border around the image.
    private static readonly LoaderOptions s_options = new()
    {
        BatchSize = Labelled,
        Seed = 9,
        Augmentation = new Augmentation { Height = 32, Width = 64, ScaleMin = 0.5f, ScaleMax = 0.9f },
    };

    private static SceneDataset Scenes(int count, int first = 0) => new(SceneSplit.Train, count, new SceneOptions { Width = 64, Height = 32 }, first);

    private static JoinedLoaders Join(int threads = 1) => new(
        new BatchLoader(Scenes(5), s_options with { Threads = threads }),
        new BatchLoader(new UnlabelledDataset(Scenes(7, first: 5)), s_options with { BatchSize = Unlabelled, Threads = threads, Seed = 9 | 1UL << 32 }));

    private static (float[] Images, int[] Labels, int[] Indices) Copy(Batch batch)
    {
        int pixels = batch.Count * batch.Height * batch.Width;
        return (batch.Images[..(3 * pixels)], batch.Labels[..pixels], batch.Indices[..batch.Count]);
    }

    [Fact]
    public void LabelledImagesComeFirstAndAreThoseWithoutTheOthers()
    {
        using JoinedLoaders joined = Join();
        using BatchLoader alone = new(Scenes(5), s_options);
        for (int step = 0; step < 6; step++)
        {
            Batch batch = joined.Next();
            Batch labelled = alone.Next();
            Assert.Equal((Labelled + Unlabelled, 32, 64), (batch.Count, batch.Height, batch.Width));
            for (int n = 0; n < Labelled; n++)
            {
                Assert.True(labelled.ImageAt(n).SequenceEqual(batch.ImageAt(n)));
                Assert.True(labelled.LabelsAt(n).SequenceEqual(batch.LabelsAt(n)));
                Assert.Equal(labelled.Indices[n], batch.Indices[n]);
            }
            for (int n = Labelled; n < batch.Count; n++)
            {
                Assert.Equal([Batch.Unlabelled, 255], batch.LabelsAt(n).ToArray().Distinct().Order());
            }
        }
        Assert.Equal(6, joined.Position);
    }

    [Fact]
    public void UnlabelledImagesAreTheSourcesOwn()
    {
        Augmentation whole = Augmentation.None;
        LoaderOptions options = LoaderOptions.ForEvaluation(1, whole) with { Threads = 0 };
        using JoinedLoaders joined = new(new BatchLoader(Scenes(1), options), new BatchLoader(new UnlabelledDataset(Scenes(7, first: 5)), options));
        using BatchLoader expected = new(Scenes(7, first: 5), options);
        Batch batch = joined.Next();
        Assert.True(expected.Next().ImageAt(0).SequenceEqual(batch.ImageAt(1)));
        Assert.All(batch.LabelsAt(1).ToArray(), label => Assert.Equal(Batch.Unlabelled, label));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void BatchesDependOnTheirNumberAlone(int threads)
    {
        using JoinedLoaders unbroken = Join();
        (float[] Images, int[] Labels, int[] Indices)[] expected = Enumerable.Range(0, 8).Select(_ => Copy(unbroken.Next())).ToArray();
        using JoinedLoaders joined = Join(threads);
        foreach (int position in new[] { 0, 5, 2, 7 })
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
        using JoinedLoaders joined = new(
            new BatchLoader(Scenes(1), s_options with { BatchSize = 1 }), new BatchLoader(
                new UnlabelledDataset(Scenes(1)), s_options with { BatchSize = 1, Seed = 9 | 1UL << 32 }));
        Batch batch = joined.Next();
        Assert.False(batch.ImageAt(0).SequenceEqual(batch.ImageAt(1)));
    }

    [Fact]
    public void WithoutUnlabelledImagesItIsTheLoader()
    {
        using JoinedLoaders joined = new(new BatchLoader(Scenes(5), s_options), null);
        using BatchLoader alone = new(Scenes(5), s_options);
        joined.Seek(3);
        alone.Seek(3);
        Assert.Equivalent(Copy(alone.Next()), Copy(joined.Next()), strict: true);
        Assert.Equal(4, joined.Position);
    }

    [Fact]
    public void WindowsOfTwoSizesAreRefused()
    {
        LoaderOptions options = LoaderOptions.ForEvaluation(1, Augmentation.None);
        SceneDataset large = new(SceneSplit.Train, 1, new SceneOptions { Width = 64, Height = 64 });
        using JoinedLoaders joined = new(new BatchLoader(Scenes(1), options), new BatchLoader(new UnlabelledDataset(large), options));
        Assert.Contains(
            "labelled images are 64x32, those of unlabelled ones 64x64",
            Assert.Throws<DatasetException>(() => joined.Next()).Message,
            StringComparison.Ordinal);
    }
}
