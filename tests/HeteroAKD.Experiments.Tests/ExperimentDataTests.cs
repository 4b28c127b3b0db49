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

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Folder_is_split_and_trains_to_the_same_bits_however_it_is_loaded()
    {
        MakeFolder("images", "masks", i => $"{i}.png", i => $"{i}.png");
        _folder.File("set/classes.txt", "0 a 0 0 0\n1 b 9 9 9\n2 c 90 9 9\n");
        string expected = Train("ram", new DataConfig { Cache = CacheKind.Ram });
        TinyExperiment.AssertSame(expected, Train("off", new DataConfig { Cache = CacheKind.Off, Workers = 3 }));
        TinyExperiment.AssertSame(expected, Train("disk", new DataConfig { Cache = CacheKind.Disk, Workers = 0 }));
        Assert.Equal(Images, Directory.GetFiles(Path.Combine(_folder.Path, "cache")).Length);
        TinyExperiment.AssertSame(expected, Train("again", new DataConfig { Cache = CacheKind.Disk, Workers = 2 }));

        Train("resumed", new DataConfig { Cache = CacheKind.Off }, cancelAt: 4);
        TinyExperiment.AssertSame(expected, Train("resumed", new DataConfig { Cache = CacheKind.Disk, Workers = 2 }, RunMode.Resume));
    }

    [Fact]
    public void Cityscapes_leaves_out_the_split_without_truth_and_logs_sizes()
    {
        foreach (string split in new[] { "train", "val", "test" })
        {
            MakeFolder($"leftImg8bit/{split}/ulm", $"gtFine/{split}/ulm", i => $"ulm_{i}_leftImg8bit.png", i => $"ulm_{i}_gtFine_labelIds.png", one: 7); // road
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
        Assert.Contains(
            "ADE20K has no split 'train'; looked for " + Path.Combine(_folder.Path, "set", "images/training"), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Stored_labels_of_a_list_are_mapped()
    {
        MakeFolder("i", "l", i => $"{i}.png", i => $"{i}.png");
        _folder.File("set/classes.txt", "0 a 0 0 0\n1 b 9 9 9\n");
        _folder.File("set/train.txt", "i/0.png l/0.png\n");
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
        _folder.File("set/classes.txt", "0 a 0 0 0\n1 b 9 9 9\n2 c 90 9 9\n");
        string cache = Path.Combine(_folder.Path, "cache");
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
        ExperimentData data = new(TinyExperiment.Config(_folder.File("run")), cacheBytes: 11 * 32 * 32 * 4); // 10 to train on, 3 to validate on
        List<string> warnings = [];
        data.TakeWarnings(warnings.Add);
        Assert.Equal(
            "data.cache: the 3 images of val have about 0 MiB decoded, and 0 MiB of memory are left for such; each is made anew every time it is used "
                + "(data.cache: off)",
            Assert.Single(warnings));
        Assert.Same(data.Train.Load(1), data.Train.Load(1));
        Assert.NotSame(data.Validation.Load(1), data.Validation.Load(1));
        Assert.Equal(data.Validation.Load(1).Image.Pixels, data.Validation.Load(1).Image.Pixels);
    }

    [Fact]
    public void Limits_of_pixels_hold_for_every_split()
    {
        MakeFolder("images", "masks", i => $"{i}.png", i => $"{i}.png");
        _folder.File("set/classes.txt", "0 a 0 0 0\n1 b 9 9 9\n2 c 90 9 9\n");
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


    // No test list is no test split; one that is named must be there, and so must the one that validates.
    [Theory]
    [InlineData("test.txt", "train.txt", null)]
    [InlineData("", "train.txt", null)]
    [InlineData("held-out.txt", "train.txt", "there is no such list, which data.test names. Correct it, or write data.test: '' where there is none")]
    [InlineData("", "val.txt", "there is no such list, which data.val names. Name a list of pairs to validate on")]
    [InlineData("", "", "there is no such list, which data.val names")]
    public void List_without_test_has_no_test_split(string test, string val, string? problem)
    {
        MakeFolder("i", "l", i => $"{i}.png", i => $"{i}.png");
        _folder.File("set/classes.txt", "0 a 0 0 0\n1 b 9 9 9\n2 c 9 9 90\n");
        _folder.File("set/train.txt", "i/0.png l/0.png\n");
        ExperimentConfig config = Config("list", new DataConfig { Kind = DataKind.List, Val = val, Test = test });
        if (problem is null)
        {
            Assert.Equal(["val"], new ExperimentData(config).Splits().Select(split => split.Name));
            _folder.File("set/test.txt", "i/1.png l/1.png\n");
            Assert.Equal(test.Length == 0 ? ["val"] : ["val", "test"], new ExperimentData(config).Splits().Select(split => split.Name));
        }
        else
        {
            Assert.Contains(problem, Assert.Throws<DatasetException>(() => new ExperimentData(config)).Message, StringComparison.Ordinal);
        }
    }

    // Masks of 0 and 255: half of the picture is lost, and the score of what is left is perfect.
    [Theory]
    [InlineData(StoredLabels.Classes, true)]
    [InlineData(StoredLabels.Binary, false)]
    public void Class_without_a_pixel_is_said_before_the_first_step_and_beside_its_mean(StoredLabels stored, bool warns)
    {
        MakeFolder("images", "masks", i => $"{i}.png", i => $"{i}.png", one: 255);
        _folder.File("set/classes.txt", "0 a 0 0 0\n1 b 9 9 9\n");
        ExperimentConfig config = Config("run", new DataConfig { Kind = DataKind.Folder, ValFraction = 0.34, StoredLabels = stored, Cache = CacheKind.Off });
        TinyExperiment.Train(config);
        string[] log = File.ReadAllLines(Path.Combine(config.Out, "log.txt"));
        const string Warning = "train: 1 of 2 classes have no labelled pixel: b (1); 51.5 % of the pixels are ignored. Where the masks store 0 and anything "
            + "else, set data.storedLabels: binary";
        Assert.Equal(warns ? 1 : 0, log.Count(line => line.Contains(Warning, StringComparison.Ordinal)));
        Assert.Equal(warns ? 1 : 0, log.Count(line => line.Contains("val: 1 of 2 classes have no labelled pixel", StringComparison.Ordinal)));
        Assert.True(
            Array.FindIndex(
                log,
                line =>
                    line.Contains("train: 1 of", StringComparison.Ordinal)) < Array.FindIndex(log, line => line.Contains(" step ", StringComparison.Ordinal)));
    }

    [Fact]
    public void Nothing_labelled_is_an_error_and_an_undefined_score_a_hyphen()
    {
        MakeFolder("images", "masks", i => $"{i}.png", i => $"{i}.png");
        _folder.File("set/classes.txt", "0 a 0 0 0\n1 b 9 9 9\n2 c 9 9 90\n");
        _folder.File("set/train.txt", "0\n1\n2\n");
        _folder.File("set/val.txt", "3\n4\n");
        byte[] ignored = new byte[40 * 36];
        Array.Fill(ignored, byte.MaxValue);
        foreach (int i in new[] { 3, 4 })
        {
            LabelPng.Write(Path.Combine(_folder.Path, "set", "masks", $"{i}.png"), ignored, 40, 36);
        }

        ExperimentConfig config = Config("run", new DataConfig { Kind = DataKind.Folder, Cache = CacheKind.Off });
        TinyExperiment.Train(config);
        string log = File.ReadAllText(Path.Combine(config.Out, "log.txt"));
        Assert.Contains("val: no pixel is labelled, all are ignored (id 255)", log, StringComparison.Ordinal);
        Assert.Contains("val mIoU - (0 of 3 classes have a score), pixel accuracy -", log, StringComparison.Ordinal);
        Assert.DoesNotContain("NaN", File.ReadAllText(Path.Combine(config.Out, "metrics.csv")), StringComparison.Ordinal);

        _folder.File("set/train.txt", "3\n4\n");
        ExperimentConfig none = config with { Out = Path.Combine(_folder.Path, "none") };
        DatasetException error = Assert.Throws<DatasetException>(() => TinyExperiment.Train(none));
        Assert.Contains(
            "train: no pixel is labelled, all are ignored (id 255). There is nothing to learn; see 'heteroakd data check'",
            error.Message,
            StringComparison.Ordinal);
        Assert.False(Directory.Exists(none.Out));
    }

    private string Train(string name, DataConfig data, RunMode mode = RunMode.New, int cancelAt = -1)
    {
        ExperimentConfig config = Config(name, data with { Kind = DataKind.Folder, ValFraction = 0.34, CacheFolder = Path.Combine(_folder.Path, "cache") });
        TinyExperiment.Train(config, mode, cancelAt);
        return Path.Combine(config.Out, "student-last.safetensors");
    }

    private ExperimentConfig Config(string name, DataConfig data)
    {
        ExperimentConfig config = TinyExperiment.Config(Path.Combine(_folder.Path, name));
        return config with { Data = data with { Root = Path.Combine(_folder.Path, "set"), Size = config.Data.Size } };
    }

    // 40x36 pictures whose labels begin with the ids 0, 1, 2; with another one than 1 they are 0 and that.
    private void MakeFolder(string images, string labels, Func<int, string> image, Func<int, string> label, byte one = 1)
    {
        for (int i = 0; i < Images; i++)
        {
            RgbImage picture = new(40, 36);
            for (int p = 0; p < picture.Pixels.Length; p++)
            {
                picture.Pixels[p] = (byte)(p * (i + 3));
            }

            byte[] ids = new byte[40 * 36];
            (ids[1], ids[2]) = (one, one == 1 ? (byte)2 : one);
            ids.AsSpan(700).Fill(one);
            SkiaImageCodec.Instance.WritePng(_folder.File($"set/{images}/{image(i)}", ""), picture);
            LabelPng.Write(_folder.File($"set/{labels}/{label(i)}", ""), ids, 40, 36);
        }
    }
}
