using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using HeteroAKD.Bench.Machine;
using HeteroAKD.Data;
using HeteroAKD.Nn;
using HeteroAKD.Training.Evaluation;

namespace HeteroAKD.Bench;

/// <summary><c>loader</c>: images a second that decoding and augmentation give, on pictures that it writes itself.</summary>
internal sealed class LoaderCommand : Command
{
    private const int LargeImages = 16;
    private const int SmallImages = 64;

    private readonly Option<int> _threads = new("--threads") { Description = "Threads of the loader.", DefaultValueFactory = _ => Environment.ProcessorCount };
    private readonly Option<double> _seconds = new("--seconds") { Description = "Seconds that a row is timed.", DefaultValueFactory = _ => 5 };

    /// <summary>Declares the command.</summary>
    public LoaderCommand()
        : base("loader", "Time the loader: random windows of 512x1024 from PNGs of 1024x2048, and 128x96 from PNGs and from memory.")
    {
        Add(_threads);
        Add(_seconds);
        SetAction(arguments => Run(arguments.GetValue(_threads), arguments.GetValue(_seconds)));
    }

    private static int Run(int threads, double seconds)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("heteroakd-loader-");
        try
        {
            MachineInfo machine = MachineInfo.Read("");
            Console.WriteLine($"{machine.Cpu}, {machine.Cores} cores, {machine.Runtime}; loader on {threads} threads");
            Console.WriteLine(machine.Warning);
            ListFileDataset large = Write(folder.CreateSubdirectory("large").FullName, LargeImages, 2048, 1024);
            ListFileDataset small = Write(folder.CreateSubdirectory("small").FullName, SmallImages, 128, 96);
            double image = large.Pairs.Average(p => new FileInfo(p.Image).Length) / 1e6;
            double label = large.Pairs.Average(p => new FileInfo(p.Label).Length) / 1e3;
            Console.WriteLine(Text($"mean PNG of 1024x2048: {image:F2} MB, its labels {label:F0} kB\n"));

            TextTable table = new("case", "images/s", "CPU ms an image", "goal");
            Sample? reuse = null;
            string[] photos = [.. large.Pairs.Select(p => Jpeg(p.Image))];
            foreach (ImageCodecKind kind in Enum.GetValues<ImageCodecKind>())
            {
                IImageCodec codec = ImageCodec.Of(kind);
                RgbImage? picture = null;
                Row(
                    table,
                    $"decode PNG, 1024x2048, 1 thread, {kind}",
                    "",
                    Measure(seconds / 2, i => picture = codec.ReadRgb(large.Pairs[i % LargeImages].Image, picture)));
                Row(
                    table,
                    $"decode JPEG, 1024x2048, 1 thread, {kind}",
                    "",
                    Measure(seconds / 2, i => picture = codec.ReadRgb(photos[i % LargeImages], picture)));
            }

            Row(table, "decode labels, 1024x2048, 1 thread", "", Measure(seconds / 2, i => LabelPng.Read(large.Pairs[i % LargeImages].Label)));
            Row(table, "load pair, 1024x2048, 1 thread", "", Measure(seconds / 2, i => reuse = large.Load(i % LargeImages, reuse)));
            Augmentation window = new() { Height = 512, Width = 1024, BrightnessGain = 0.1f, Saturation = 0.1f };
            Augmentation tiny = new() { Height = 96, Width = 128, BrightnessGain = 0.1f, Saturation = 0.1f };
            foreach (ImageCodecKind kind in Enum.GetValues<ImageCodecKind>())
            {
                Row(table, $"512x1024 from PNG 1024x2048, {kind}", "12", Loader(With(large, kind), window, 4, threads, seconds));
                Row(table, $"128x96 from PNG, {kind}", "1500", Loader(With(small, kind), tiny, 16, threads, seconds));
            }

            DiskCachedDataset onDisk = new(large, Path.Combine(folder.FullName, "cache"), Console.WriteLine);
            Row(table, "512x1024 from the cache on disk", "", Loader(onDisk, window, 4, threads, seconds));
            Row(table, "512x1024 from memory", "", Loader(new CachedDataset(large), window, 4, threads, seconds));
            Row(table, "128x96 from memory", "1500", Loader(new CachedDataset(small), tiny, 16, threads, seconds));
            Console.Write(table);
            return 0;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    // The same picture as a JPEG beside it.
    private static string Jpeg(string png)
    {
        string path = Path.ChangeExtension(png, ".jpg");
        File.WriteAllBytes(path, SkiaImageCodec.Instance.EncodeJpeg(SkiaImageCodec.Instance.ReadRgb(png)));
        return path;
    }

    private static PairDataset With(PairDataset files, ImageCodecKind kind) => new("bench", [.. files.Pairs], files.Classes, files.Map, ImageCodec.Of(kind));

    /// <summary>Images a second over whole epochs, after one that does not count.</summary>
    private static Speed Loader(ISegmentationDataset dataset, Augmentation augmentation, int batchSize, int threads, double seconds)
    {
        using BatchLoader loader = new(
            dataset, new LoaderOptions { BatchSize = batchSize, Augmentation = augmentation, Threads = threads, Prefetch = threads + 1 });
        for (int i = 0; i < loader.BatchesPerEpoch; i++)
        {
            loader.Next();
        }

        return Measure(seconds, _ => loader.Next(), batchSize);
    }

    private static Speed Measure(double seconds, Action<int> work, int images = 1)
    {
        work(0);
        using Process process = Process.GetCurrentProcess();
        TimeSpan before = process.TotalProcessorTime;
        Stopwatch clock = Stopwatch.StartNew();
        int count = 0;
        while (clock.Elapsed.TotalSeconds < seconds)
        {
            work(++count);
        }

        count *= images;
        double rate = count / clock.Elapsed.TotalSeconds;
        process.Refresh();
        return new Speed(rate, (process.TotalProcessorTime - before).TotalMilliseconds / count);
    }

    private static void Row(TextTable table, string name, string goal, Speed speed) =>
        table.Row(name, Text($"{speed.Rate:F1}"), Text($"{speed.CpuMilliseconds:F2}"), goal);

    /// <summary>Scenes with the noise of a camera, which decides how much there is to inflate.</summary>
    private static ListFileDataset Write(string folder, int count, int width, int height)
    {
        SceneDataset scenes = new(SceneSplit.Train, count, new SceneOptions { Width = width, Height = height });
        using StreamWriter list = File.CreateText(Path.Combine(folder, "train.txt"));
        for (int i = 0; i < count; i++)
        {
            Sample sample = scenes.Load(i);
            SkiaImageCodec.Instance.WritePng(Path.Combine(folder, $"i{i}.png"), sample.Image);
            LabelPng.Write(Path.Combine(folder, $"l{i}.png"), sample.Labels, width, height);
            list.WriteLine($"i{i}.png l{i}.png");
        }

        list.Close();
        File.WriteAllText(Path.Combine(folder, "classes.txt"), scenes.Classes.ToFileText());
        return new ListFileDataset(folder, "train.txt");
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>What a row found. The processor's time tells most where others use the machine, too.</summary>
    private readonly record struct Speed(double Rate, double CpuMilliseconds);
}
