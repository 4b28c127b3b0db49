using HeteroAKD.Experiments.Commands;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Experiments.TeacherCache;
using HeteroAKD.Experiments.Tests.Support;
using HeteroAKD.Nn;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Tests;

/// <summary>A teacher that is asked once for every whole image (<c>data.teacherCache</c>).</summary>
public sealed class TeacherViewTests : IDisposable
{
    private const int Images = 5;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Image 32 x 64, map 8 x 16, window half of each side at cells (2, 4): no cell lies between two others, so all are exact.</summary>
    [Theory]
    [InlineData(0, 0, 8, 16, false)]
    [InlineData(0, 0, 8, 16, true)]
    [InlineData(2, 4, 4, 8, false)]
    [InlineData(2, 4, 4, 8, true)]
    public void A_window_on_cells_has_their_values(int top, int left, int height, int width, bool flip)
    {
        WholeMap whole = Map(3, 8, 16);
        float[] window = new float[3 * height * width];
        MapWindow.Sample(whole, new ImageView(0, 32, 64, 4 * top, 4 * left, flip), (4 * height, 4 * width), (height, width), window);
        for (int i = 0; i < window.Length; i++)
        {
            (int c, int y, int x) = (i / (height * width), i / width % height, i % width);
            Assert.Equal(whole.Values[(((c * 8) + top + y) * 16) + left + (flip ? width - 1 - x : x)], window[i]);
        }
    }

    /// <summary>A larger scale is what PyTorch's interpolate makes of the map.</summary>
    [Theory]
    [InlineData(16, 32)]
    [InlineData(13, 21)]
    [InlineData(5, 7)]
    public void A_scaled_image_has_the_resized_map(int height, int width)
    {
        WholeMap whole = Map(2, 8, 16);
        float[] found = new float[2 * height * width];
        MapWindow.Sample(whole, new ImageView(0, 10 * height, 10 * width, 0, 0, false), (10 * height, 10 * width), (height, width), found);
        using Device device = Device.Open("cpu", 1);
        using StepScope scope = device.BeginStep();
        float[] expected = Functional.Interpolate(Tensor.From(device, new Shape(1, 2, 8, 16), whole.Values), height, width).ToFloats();
        Assert.All(found.Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 1e-5f));
    }

    [Fact]
    public void Beyond_the_image_its_edge_goes_on()
    {
        WholeMap whole = Map(1, 8, 16);
        float[] window = new float[16 * 16];
        MapWindow.Sample(whole, new ImageView(0, 32, 64, -32, 0, false), (64, 64), (16, 16), window);
        for (int y = 0; y < 8; y++)
        {
            Assert.Equal(whole.Values[..16], window[(y * 16)..((y + 1) * 16)]);
        }

        Assert.Equal(whole.Values, window[128..]);
    }

    /// <summary>Where the cells cover padding, too, only those of the image are cut.</summary>
    [Fact]
    public void Padding_is_left_out()
    {
        WholeMap whole = Map(1, 8, 16) with { Rows = new MapAxis(8, 24, 32) };
        float[] window = new float[6 * 16];
        MapWindow.Sample(whole, new ImageView(0, 24, 64, 0, 0, false), (24, 64), (6, 16), window);
        Assert.Equal(whole.Values[..96], window);
    }

    [Theory]
    [InlineData(CacheKind.Ram)]
    [InlineData(CacheKind.Disk)]
    public void A_training_asks_once_for_every_image_and_resumes_to_the_same_bits(CacheKind kind)
    {
        ExperimentConfig whole = Config("whole", kind);
        Train(whole);
        Assert.Contains($"saw {Images} whole images", Log(whole), StringComparison.Ordinal);
        Assert.Contains("steps are replayed", Log(whole), StringComparison.Ordinal);

        ExperimentConfig stopped = Config("stopped", kind) with { Threads = 1 };
        Train(stopped, cancelAt: 4);
        Train(stopped, RunMode.Resume);
        Assert.Equal(kind == CacheKind.Disk, Log(stopped).Contains("saw 0 whole images", StringComparison.Ordinal)); // the files of the run before are found
        string last = NetworkTrainer.LastFile(NetworkRoles.Distilled);
        TinyExperiment.AssertSame(Path.Combine(whole.Out, last), Path.Combine(stopped.Out, last));
    }

    /// <summary>Without scales, windows and colours the approximation is one of 16 bits.</summary>
    [Fact]
    public void Unchanged_images_give_nearly_what_the_teacher_says_of_the_batch()
    {
        AugmentationConfig none = new() { ScaleMin = 1, ScaleMax = 1, Flip = 0 };
        ExperimentConfig asking = Config("asking", CacheKind.Off) with { Augmentation = none };
        ExperimentConfig kept = Config("kept", CacheKind.Ram) with { Augmentation = none };
        Train(asking);
        Train(kept);
        double[] expected = Losses(asking);
        double[] found = Losses(kept);
        Assert.NotEmpty(expected);
        Assert.InRange(Math.Abs(found[0] - expected[0]), 0, 1e-3 * expected[0]);

        // Training carries the difference on: Adam's first steps follow signs.
        Assert.All(expected.Zip(found), pair => Assert.InRange(Math.Abs(pair.Second - pair.First), 0, 1e-2 * pair.First));
        Assert.NotEqual(expected, found);
    }

    [Fact]
    public void Unlabelled_images_are_kept_apart()
    {
        ExperimentConfig config = Config("run", CacheKind.Ram);
        Train(config with { Data = config.Data with { Unlabelled = "scenes", UnlabelledCount = 4 }, Distillation = config.Distillation with { Lambda1 = 2 } });
        Assert.Contains($"saw {Images + 4} whole images", Log(config), StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_file_is_written_anew()
    {
        ExperimentConfig first = Config("first", CacheKind.Disk);
        Train(first);
        string file = Directory.GetFiles(_folder.File("cache/teacher"))[0];
        byte[] bytes = File.ReadAllBytes(file);
        bytes[^50] ^= 1;
        File.WriteAllBytes(file, bytes);
        ExperimentConfig second = Config("second", CacheKind.Disk);
        Train(second);
        Assert.Contains("saw 1 whole images", Log(second), StringComparison.Ordinal);
        string last = NetworkTrainer.LastFile(NetworkRoles.Distilled);
        TinyExperiment.AssertSame(Path.Combine(first.Out, last), Path.Combine(second.Out, last));
    }

    [Fact]
    public void Trainings_that_read_other_maps_keep_other_files()
    {
        ExperimentConfig kd = Config("kd", CacheKind.Disk);
        kd = kd with { Distillation = kd.Distillation with { Method = "kd" } };
        Train(kd);
        ExperimentConfig both = Config("both", CacheKind.Disk);
        both = both with { Distillation = both.Distillation with { Method = "heteroakd" } };
        Train(both);
        ExperimentConfig reference = both with { Out = _folder.File("reference"), Data = both.Data with { TeacherCache = CacheKind.Ram } };
        Train(reference);
        Assert.DoesNotContain("saw 0 whole images", Log(both), StringComparison.Ordinal);
        string last = NetworkTrainer.LastFile(NetworkRoles.Distilled);
        TinyExperiment.AssertSame(Path.Combine(both.Out, last), Path.Combine(reference.Out, last));
    }

    [Fact]
    public void What_does_not_fit_into_memory_names_the_disk()
    {
        OutputsInMemory kept = new(images: 1000, limit: 1 << 20);
        WholeOutput output = new((8, 8), (8, 8), [new HalfMap(4, 16, 16, new Half[1024])]);
        HeteroAkdException e = Assert.Throws<HeteroAkdException>(() => kept.Add(0, 0, output));
        Assert.Contains("of 1000 images take about 0.0 GiB", e.Message, StringComparison.Ordinal);
        Assert.EndsWith("set data.teacherCache to disk", e.Message, StringComparison.Ordinal);
        new OutputsInMemory(images: 100, limit: 1 << 20).Add(0, 0, output);
    }

    private static WholeMap Map(int channels, int height, int width) =>
        new(
            channels,
            new MapAxis(height, 4 * height, 4 * height),
            new MapAxis(width, 4 * width, 4 * width),
            [.. Enumerable.Range(0, channels * height * width).Select(i => MathF.Sin(i * 1.7f))]);

    private static string Log(ExperimentConfig config) => File.ReadAllText(Path.Combine(config.Out, "log.txt"));

    private static double[] Losses(ExperimentConfig config)
    {
        string[] rows = File.ReadAllLines(Path.Combine(config.Out, "metrics.csv"));
        int column = Array.IndexOf(rows[0].Split(','), "loss");
        return
        [
            .. rows.Skip(1).Select(row => row.Split(',')[column]).Where(cell => cell.Length > 0)
                .Select(cell => double.Parse(cell, System.Globalization.CultureInfo.InvariantCulture))
        ];
    }

    private static void Train(ExperimentConfig config, RunMode mode = RunMode.New, int cancelAt = -1)
    {
        using CancellationTokenSource source = new();
        IProgressSink sink = cancelAt < 0 ? new SilentSink() : new StoppingSink(NetworkRoles.Distilled, cancelAt, source);
        RunOutcome outcome = new TrainingService().Run(new TrainRequest(config, "tiny", mode, NetworkRole.Distilled), sink, source.Token);
        Assert.Equal(cancelAt >= 0, outcome.Summary is null);
    }

    private ExperimentConfig Config(string name, CacheKind kind)
    {
        ExperimentConfig config = TinyExperiment.Config(_folder.File(name));
        ExperimentConfig teacher = TinyExperiment.Config(_folder.File("teacher"));
        string file = Path.Combine(teacher.Out, NetworkTrainer.NetworkFile(NetworkRoles.Teacher));
        if (!File.Exists(file))
        {
            TinyExperiment.Teach(teacher);
        }

        return config with
        {
            Data = config.Data with { TeacherCache = kind, CacheFolder = _folder.File("cache") },
            Teacher = config.Teacher with { Checkpoint = file },
        };
    }
}
