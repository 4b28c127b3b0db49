using HeteroAKD.Data;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Experiments.Tests.Support;
using HeteroAKD.Nn;

namespace HeteroAKD.Experiments.Tests;

/// <summary>Data sets in files, as a configuration names them.</summary>
public sealed class ExperimentDataTests : IDisposable
{
    private const int Images = 6;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Folder_is_split_and_trains_to_the_same_bits_however_it_is_loaded()
    {
        MakeFolder("images", "masks", i => $"{i}.png", i => $"{i}.png");
        folder.File("set/classes.txt", "0 a 0 0 0\n1 b 9 9 9\n2 c 90 9 9\n");
        string expected = Train("ram", new DataConfig { Cache = CacheKind.Ram });
        TinyExperiment.AssertSame(expected, Train("off", new DataConfig { Cache = CacheKind.Off, Workers = 3 }));
        TinyExperiment.AssertSame(expected, Train("disk", new DataConfig { Cache = CacheKind.Disk, Workers = 0 }));
        Assert.Equal(Images, Directory.GetFiles(Path.Combine(folder.Path, "cache")).Length);
        TinyExperiment.AssertSame(expected, Train("again", new DataConfig { Cache = CacheKind.Disk, Workers = 2 }));

        Train("resumed", new DataConfig { Cache = CacheKind.Off }, cancelAt: 4);
        TinyExperiment.AssertSame(expected, Train("resumed", new DataConfig { Cache = CacheKind.Disk, Workers = 2 }, RunMode.Resume));
    }

    [Fact]
    public void Cityscapes_leaves_out_the_split_without_truth_and_logs_sizes()
    {
        foreach (string split in new[] { "train", "val", "test" })
        {
            MakeFolder($"leftImg8bit/{split}/ulm", $"gtFine/{split}/ulm", i => $"ulm_{i}_leftImg8bit.png", i => $"ulm_{i}_gtFine_labelIds.png");
        }

        ExperimentConfig config = Config("cityscapes", new DataConfig { Kind = DataKind.Cityscapes });
        ExperimentData data = new(config);
        Assert.Equal(["val"], data.Splits().Select(split => split.Name));
        Assert.Equal(19, data.Classes.Count);
        Assert.Equal(255, data.Train.Load(0).Labels[0]);  // stored id 0
        TinyExperiment.Train(config);
        string log = File.ReadAllText(Path.Combine(config.Out, "log.txt"));
        Assert.Contains("Cityscapes train has 6 of 2975 images", log, StringComparison.Ordinal);
        Assert.Matches(@"student: \d+\.\d s, \d+\.\d s of them waiting for data", log);
    }

    [Fact]
    public void Missing_split_says_where_it_was_looked_for()
    {
        MakeFolder("images/validation", "annotations/validation", i => $"{i}.png", i => $"{i}.png");
        DatasetException error = Assert.Throws<DatasetException>(() => new ExperimentData(Config("ade", new DataConfig { Kind = DataKind.Ade20k })));
        Assert.Contains("ADE20K has no split 'train'; looked for " + Path.Combine(folder.Path, "set", "images/training"), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Stored_labels_of_a_list_are_mapped()
    {
        MakeFolder("i", "l", i => $"{i}.png", i => $"{i}.png");
        folder.File("set/classes.txt", "0 a 0 0 0\n1 b 9 9 9\n");
        folder.File("set/train.txt", "i/0.png l/0.png\n");
        DataConfig lists = new() { Kind = DataKind.List, Val = "train.txt", Test = "", StoredLabels = StoredLabels.Ade20k };
        byte[] labels = new ExperimentData(Config("list", lists)).Train.Load(0).Labels;
        Assert.Equal([255, 0, 1], labels[..3]);
    }

    /// <summary>40 x 36 pixels of 4 bytes: an image has 5760 bytes decoded.</summary>
    [Theory]
    [InlineData(6 * 5760, "", "")]
    [InlineData(4 * 5760, "", "the 2 images of val have about 0 MiB decoded")]
    [InlineData(4 * 5760 - 1, "the 4 images of train have about 0 MiB decoded", "")]
    [InlineData(0, "the 4 images of train have about 0 MiB decoded", "the 2 images of val have about 0 MiB decoded")]
    public void What_does_not_fit_into_memory_is_kept_on_disk(long memory, string train, string validation)
    {
        MakeFolder("images", "masks", i => $"{i}.png", i => $"{i}.png");
        folder.File("set/classes.txt", "0 a 0 0 0\n1 b 9 9 9\n2 c 90 9 9\n");
        string cache = Path.Combine(folder.Path, "cache");
        ExperimentConfig config = Config("run", new DataConfig { Kind = DataKind.Folder, ValFraction = 0.34, CacheFolder = cache });
        ExperimentData data = new(config, cacheBytes: memory);
        List<string> warnings = [];
        data.TakeWarnings(warnings.Add);
        string[] expected = [.. new[] { train, validation }.Where(sentence => sentence.Length > 0)];
        Assert.Equal(expected.Length, warnings.Count);
        Assert.All(warnings.Zip(expected), pair =>
        {
            Assert.StartsWith("data.cache: " + pair.Second, pair.First, StringComparison.Ordinal);
            Assert.EndsWith($"they are kept in files in {cache} (data.cache: disk)", pair.First, StringComparison.Ordinal);
        });
        data.Train.Load(0);
        data.Validation.Load(0);
        Assert.Equal(expected.Length, Directory.Exists(cache) ? Directory.GetFiles(cache).Length : 0);
    }

    [Fact]
    public void Scenes_that_do_not_fit_into_memory_are_made_anew()
    {
        Assert.InRange(CacheBudget.OfProcess, 1L << 26, 1L << 60);
        ExperimentData data = new(TinyExperiment.Config(folder.File("run")), cacheBytes: 11 * 32 * 32 * 4); // 10 to train on, 3 to validate on
        List<string> warnings = [];
        data.TakeWarnings(warnings.Add);
        Assert.Equal("data.cache: the 3 images of val have about 0 MiB decoded, and 0 MiB of memory are left for such; each is made anew every time it is used (data.cache: off)", Assert.Single(warnings));
        Assert.Same(data.Train.Load(1), data.Train.Load(1));
        Assert.NotSame(data.Validation.Load(1), data.Validation.Load(1));
        Assert.Equal(data.Validation.Load(1).Image.Pixels, data.Validation.Load(1).Image.Pixels);
    }

    [Fact]
    public void Limits_of_pixels_hold_for_every_split()
    {
        MakeFolder("images", "masks", i => $"{i}.png", i => $"{i}.png");
        folder.File("set/classes.txt", "0 a 0 0 0\n1 b 9 9 9\n2 c 90 9 9\n");
        ExperimentData Data(int pixels) => new(Config("run", new DataConfig { Kind = DataKind.Folder, MaxPixels = pixels, Unlabelled = "images" }));
        foreach (ISegmentationDataset split in new[] { Data(40 * 36).Train, Data(40 * 36).Validation, Data(40 * 36).Unlabelled! })
        {
            Assert.Equal(40, split.Load(0).Image.Width);
        }

        foreach (ISegmentationDataset split in new[] { Data((40 * 36) - 1).Train, Data((40 * 36) - 1).Validation, Data((40 * 36) - 1).Unlabelled! })
        {
            Assert.Contains("more than data.maxPixels 1439", Assert.Throws<ImageFormatException>(() => split.Load(0)).Message, StringComparison.Ordinal);
        }
    }

    private string Train(string name, DataConfig data, RunMode mode = RunMode.New, int cancelAt = -1)
    {
        ExperimentConfig config = Config(name, data with { Kind = DataKind.Folder, ValFraction = 0.34, CacheFolder = Path.Combine(folder.Path, "cache") });
        TinyExperiment.Train(config, mode, cancelAt);
        return Path.Combine(config.Out, "student-last.safetensors");
    }

    private ExperimentConfig Config(string name, DataConfig data)
    {
        ExperimentConfig config = TinyExperiment.Config(Path.Combine(folder.Path, name));
        return config with { Data = data with { Root = Path.Combine(folder.Path, "set"), Size = config.Data.Size } };
    }

    // 40x36 pictures whose labels begin with the ids 0, 1, 2.
    private void MakeFolder(string images, string labels, Func<int, string> image, Func<int, string> label)
    {
        for (int i = 0; i < Images; i++)
        {
            RgbImage picture = new(40, 36);
            for (int p = 0; p < picture.Pixels.Length; p++)
            {
                picture.Pixels[p] = (byte)(p * (i + 3));
            }

            byte[] ids = new byte[40 * 36];
            (ids[1], ids[2]) = (1, 2);
            ids.AsSpan(700).Fill(1);
            SkiaImageCodec.Instance.WritePng(folder.File($"set/{images}/{image(i)}", ""), picture);
            LabelPng.Write(folder.File($"set/{labels}/{label(i)}", ""), ids, 40, 36);
        }
    }
}
