using System.Runtime.InteropServices;
using HeteroAKD.Nn;

namespace HeteroAKD.Data.Tests;

public class BatchLoaderTests
{
    private static readonly LoaderOptions s_training = new() { BatchSize = 4, Seed = 9, Augmentation = new Augmentation { Height = 32, Width = 64 } };

    private static SceneDataset Scenes(int count) => new(SceneSplit.Train, count, new SceneOptions { Width = 64, Height = 32 });

    /// <summary>Everything in a batch, as one number.</summary>
    private static ulong Digest(Batch batch)
    {
        int pixels = batch.Count * batch.Height * batch.Width;
        ulong digest = 14695981039346656037UL;
        foreach (byte[]? part in new[]
        {
            MemoryMarshal.AsBytes(batch.Images.AsSpan(0, pixels * 3)).ToArray(), MemoryMarshal.AsBytes(batch.Labels.AsSpan(0, pixels)).ToArray(),
            MemoryMarshal.AsBytes(batch.Indices.AsSpan(0, batch.Count)).ToArray(),
        })
        {
            foreach (byte value in part)
            {
                digest = (digest ^ value) * 1099511628211UL; // FNV-1a
            }
        }
        return digest;
    }

    private static ulong[] Digests(ISegmentationDataset dataset, LoaderOptions options, int count, long position = 0)
    {
        using BatchLoader loader = new(dataset, options);
        loader.Seek(position);
        return [.. Enumerable.Range(0, count).Select(_ => Digest(loader.Next()))];
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 4)]
    [InlineData(2, 2)]
    [InlineData(3, 1)]
    public void Batches_DoNotDependOnThreads(int threads, int prefetch)
    {
        ulong[] expected = Digests(Scenes(13), s_training with { Threads = 0 }, 20);
        Assert.Equal(expected, Digests(Scenes(13), s_training with { Threads = threads, Prefetch = prefetch }, 20));
        Assert.Equal(20, expected.Distinct().Count());
    }

    [Fact]
    public void Batches_DependOnTheSeed() =>
        Assert.NotEqual(Digests(Scenes(13), s_training, 1), Digests(Scenes(13), s_training with { Seed = 10 }, 1));

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void Seek_ResumesBitForBit(int threads)
    {
        LoaderOptions options = s_training with { Threads = threads };
        ulong[] unbroken = Digests(Scenes(13), options, 12);
        for (int position = 0; position < 12; position += 3)
        {
            Assert.Equal(unbroken[position..], Digests(Scenes(13), options, 12 - position, position));
        }
    }

    [Fact]
    public void Seek_InMidRunGoesThere()
    {
        ulong[] unbroken = Digests(Scenes(13), s_training, 8);
        using BatchLoader loader = new(Scenes(13), s_training with { Threads = 2, Prefetch = 3 });
        foreach (int position in new[] { 5, 0, 7, 7, 2 })
        {
            loader.Seek(position);
            Assert.Equal(position, loader.Position);
            Assert.Equal(unbroken[position], Digest(loader.Next()));
            Assert.Equal(position + 1, loader.Position);
        }
    }

    [Fact]
    public void Epoch_ShowsEachSampleOnceInItsOwnOrder()
    {
        using BatchLoader loader = new(Scenes(12), s_training);
        Assert.Equal(3, loader.BatchesPerEpoch);
        int[][] orders = Enumerable.Range(0, 5).Select(_ => Enumerable.Range(0, 3).SelectMany(_ => loader.Next().Indices[..4].ToArray()).ToArray()).ToArray();
        Assert.All(orders, order => Assert.Equal(Enumerable.Range(0, 12), order.Order()));
        Assert.Equal(5, orders.Select(order => string.Join(",", order)).Distinct().Count());
    }

    [Fact]
    public void DropLast_LeavesOutTheRestOfAnEpoch()
    {
        using BatchLoader loader = new(Scenes(11), s_training);
        Assert.Equal(2, loader.BatchesPerEpoch);
        Assert.All(Enumerable.Range(0, 6), _ => Assert.Equal(4, loader.Next().Count));
    }

    [Fact]
    public void Evaluation_GoesInOrderWithThePartialBatch()
    {
        SceneDataset dataset = Scenes(10);
        using BatchLoader loader = new(dataset, LoaderOptions.ForEvaluation(4, s_training.Augmentation));
        Assert.Equal(3, loader.BatchesPerEpoch);
        for (int pass = 0; pass < 2; pass++)
        {
            for (int k = 0; k < 3; k++)
            {
                Batch batch = loader.Next();
                Assert.Equal(k < 2 ? 4 : 2, batch.Count);
                Assert.Equal((32, 64), (batch.Height, batch.Width));
                for (int n = 0; n < batch.Count; n++)
                {
                    Assert.Equal(k * 4 + n, batch.Indices[n]);
                    Assert.Equal(dataset.Load(k * 4 + n).Labels.Select(label => (int)label), batch.Labels.Skip(n * 2048).Take(2048));
                }
            }
        }
    }

    [Fact]
    public void Evaluation_RoundsSizesUpToTheDivisor()
    {
        MemoryDataset dataset = MemoryDataset.OfCoordinates(2, 40, 30);
        using BatchLoader loader = new(dataset, LoaderOptions.ForEvaluation(1, new Augmentation { SizeDivisor = 32 }));
        Batch batch = loader.Next();
        Assert.Equal((32, 64), (batch.Height, batch.Width));
        Assert.Equal(40 * 30, batch.Labels.Take(32 * 64).Count(label => label != 255));
    }

    [Fact]
    public void DifferentSizesInABatch_AreRefused()
    {
        MemoryDataset dataset = new(2, i => new Sample($"s{i}", new RgbImage(8 + i, 8), new byte[(8 + i) * 8]));
        using BatchLoader loader = new(dataset, LoaderOptions.ForEvaluation(2, Augmentation.None));
        Assert.Contains("9x8", Assert.Throws<DatasetException>(() => loader.Next()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void FailureOnAThread_SurfacesInNextAtItsBatch(int threads)
    {
        MemoryDataset good = MemoryDataset.OfCoordinates(8, 16, 16);
        MemoryDataset dataset = new(8, i => i == 5 ? throw new ImageFormatException("five.png", "broken", "Repair it") : good.Load(i));
        using BatchLoader loader = new(dataset, LoaderOptions.ForEvaluation(2, Augmentation.None) with { Threads = threads });
        loader.Next();
        loader.Next();
        for (int attempt = 0; attempt < 2; attempt++)
        {
            Assert.Equal("five.png", Assert.Throws<ImageFormatException>(() => loader.Next()).File);
            Assert.Equal(2, loader.Position);
        }
        loader.Seek(3);
        Assert.Equal(6, loader.Next().Indices[0]);
    }

    [Fact]
    public void BrokenImageFile_NeverBecomesABatch()
    {
        using TemporaryFolder folder = new();
        folder.Write("classes.txt", "0 a 0 0 0\n1 b 0 0 0\n");
        folder.Write("list.txt", "i.png l.png\n");
        LabelPng.Write(folder.File("l.png"), new byte[64], 8, 8);
        SkiaImageCodec.Instance.WritePng(folder.File("i.png"), new RgbImage(8, 8));
        byte[] bytes = File.ReadAllBytes(folder.File("i.png"));
        folder.Write("i.png", bytes[..^15]);
        using BatchLoader loader = new(new ListFileDataset(folder.Path, "list.txt"), LoaderOptions.ForEvaluation(1, Augmentation.None));
        Assert.Equal(folder.File("i.png"), Assert.Throws<ImageFormatException>(() => loader.Next()).File);
    }

    [Fact]
    public void UnsuitableOptions_AreRefused()
    {
        Assert.Throws<DatasetException>(() => new BatchLoader(Scenes(3), s_training));
        Assert.Throws<DatasetException>(() => new BatchLoader(Scenes(3), s_training with { BatchSize = 0 }));
        Assert.Throws<DatasetException>(() => new BatchLoader(Scenes(8), s_training with { Augmentation = new Augmentation { ScaleMin = -1 } }));
        using BatchLoader small = new(Scenes(3), s_training with { DropLast = false });
        Assert.Equal(3, small.Next().Count);
    }

    [Fact]
    public void SteadyState_MakesHardlyAnyGarbage()
    {
        using BatchLoader loader = new(Scenes(64), s_training with { Threads = 0, BatchSize = 16 });
        for (int k = 0; k < 8; k++)
        {
            loader.Next();
        }
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int k = 0; k < 8; k++)
        {
            loader.Next();
        }
        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / 8, 0, 1200); // the sixteen scene names
    }

    [Fact]
    public void Dispose_EndsTheThreadsAndTheLoader()
    {
        BatchLoader loader = new(Scenes(8), s_training with { Threads = 2 });
        loader.Next();
        loader.Dispose();
        loader.Dispose();
        Assert.Throws<ObjectDisposedException>(() => loader.Next());
    }
}
