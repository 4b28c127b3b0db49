using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using HeteroAKD.Data;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments;

/// <summary>The data sets of an experiment and how their images are prepared.</summary>
public sealed class ExperimentData
{
    private const long Mebibyte = 1 << 20;
    private const string TrainSplit = "train";

    // Splits of up to this many images show no progress: they are checked faster than a person could read the line.
    private const int QuietImages = 64;

    private readonly ConcurrentQueue<string> _warnings = new();
    private readonly CacheBudget _budget;
    private readonly List<(string Split, PairDataset Files)> _sources = []; // by split, where they lie in files
    private IReadOnlyList<string> _unlabelledNames = []; // of UnlabelledFiles

    /// <summary>Opens the data sets that a configuration names.</summary>
    /// <param name="config">The experiment.</param>
    /// <param name="distils">Whether a student is distilled; networks on their own never see unlabelled images, which need not be there then.</param>
    /// <param name="cacheBytes">Memory for decoded images; null for <see cref="CacheBudget.OfProcess"/>.</param>
    /// <exception cref="DatasetException">A file is missing or malformed.</exception>
    public ExperimentData(ExperimentConfig config, bool distils = true, long? cacheBytes = null)
    {
        _budget = new CacheBudget(cacheBytes ?? CacheBudget.OfProcess);
        DataConfig data = config.Data;
        (ISegmentationDataset train, ISegmentationDataset validation, ISegmentationDataset? test) = data.Kind switch
        {
            DataKind.Scenes => Scenes(data),
            DataKind.List => Lists(data),
            _ => Layout(data),
        };
        (Train, Student, Validation, Test) = (train, StudentPart(train, data), validation, test);
        Unlabelled = data.Unlabelled.Length == 0 || !distils ? null : UnlabelledImages(data);
        Augmentation = AugmentationOf(config);
        Evaluation = Augmentation.ForEvaluation();
    }

    /// <summary>What the teacher is trained on.</summary>
    public ISegmentationDataset Train { get; }

    /// <summary>The labelled images that the student gets, alone and distilled alike: all of <see cref="Train"/> or a part.</summary>
    public ISegmentationDataset Student { get; }

    /// <summary>Images without labels that the distilled student sees beside its labelled ones; null where there are none.</summary>
    public ISegmentationDataset? Unlabelled { get; }

    /// <summary>For choosing.</summary>
    public ISegmentationDataset Validation { get; }

    /// <summary>For reporting; null where the data set has none.</summary>
    public ISegmentationDataset? Test { get; }

    /// <summary>The labelled files by split; none for scenes.</summary>
    public IReadOnlyList<(string Split, PairDataset Files)> Sources => _sources;

    /// <summary>The files of <see cref="Unlabelled"/>; none for scenes.</summary>
    public IReadOnlyList<string> UnlabelledFiles { get; private set; } = [];

    /// <summary>Names of <see cref="Student"/>'s images, without endings, and their files; of scenes, which have none, the name twice.</summary>
    public IReadOnlyList<(string Name, string File)> StudentNames =>
        [.. Enumerable.Range(0, Student.Count).Select(i => Student is SubsetDataset part ? part.PlaceOf(i) : i)
        .Select(
            place =>
                _sources.Find(s => s.Split == TrainSplit).Files is { } files ? (files.Pairs[place].Id, files.Pairs[place].Image)
                    : (SceneName(place), SceneName(place)))];

    /// <summary>Those of <see cref="Unlabelled"/>, likewise.</summary>
    public IReadOnlyList<(string Name, string File)> UnlabelledNames => _unlabelledNames.Count > 0 ? [.. _unlabelledNames.Zip(UnlabelledFiles)]
        : [.. Enumerable.Range(Train.Count, Unlabelled?.Count ?? 0).Select(i => (SceneName(i), SceneName(i)))];

    /// <summary>Names, colours and the ignored id.</summary>
    public ClassSet Classes => Train.Classes;

    /// <summary>Preparation of training images.</summary>
    public Augmentation Augmentation { get; }

    /// <summary>Preparation of images that are evaluated.</summary>
    public Augmentation Evaluation { get; }

    /// <summary>Hands over each sentence on something unusual that was found since the last call, while opening or while loading.</summary>
    public void TakeWarnings(Action<string> report)
    {
        while (_warnings.TryDequeue(out string? warning))
        {
            report(warning);
        }
    }

    /// <summary>Adds a sentence to those that <see cref="TakeWarnings"/> hands over.</summary>
    public void Warn(string sentence) => _warnings.Enqueue(sentence);

    /// <summary>
    /// Looks before the first step what the labels in files hold, and warns of classes that have none and of pixels that are ignored. Procedural scenes have
    /// every class.
    /// </summary>
    /// <param name="splits">Which of "train", "val" and "test"; those that are not there are left out.</param>
    /// <param name="threads">0 for every core; nothing depends on it.</param>
    /// <param name="progress">Hears of splits of more than a few images.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="DatasetException">A label file cannot be used, or nothing that a network would learn from is labelled.</exception>
    public void CountLabels(IReadOnlyList<string> splits, int threads, IProgressSink progress, CancellationToken cancellation)
    {
        foreach ((string split, PairDataset files, int[] places) in LabelFiles().Where(part => splits.Contains(part.Split)))
        {
            bool shows = places.Length > QuietImages;
            if (shows)
            {
                progress.Begin($"labels of {split}", places.Length);
            }

            Stopwatch clock = Stopwatch.StartNew();
            LabelCensus census = LabelCensus.Take(
                split, files, places, threads > 0 ? threads : Environment.ProcessorCount,
                done =>
                {
                    if (shows)
                    {
                        progress.Report(new StepProgress(done, double.NaN, double.NaN, clock.Elapsed.TotalMilliseconds / done));
                    }
                },
                cancellation);
            string[] warnings = [.. census.Warnings()];
            if (split == TrainSplit && census.IsEmpty)
            {
                throw new DatasetException(null, warnings[0], "There is nothing to learn; see 'heteroakd data check'");
            }

            Array.ForEach(warnings, _warnings.Enqueue);
        }
    }

    /// <summary>The splits that are scored, by name.</summary>
    public IEnumerable<(string Name, ISegmentationDataset Data)> Splits()
    {
        yield return ("val", Validation);
        if (Test is not null)
        {
            yield return ("test", Test);
        }
    }

    /// <summary>The official layout of a kind that is neither scenes nor a list.</summary>
    internal static DatasetLayout LayoutOf(DataKind kind) => DatasetLayout.Of(ConfigurationKeys.Word(typeof(DataKind), kind.ToString()));

    private static string SceneName(int number) => string.Create(CultureInfo.InvariantCulture, $"Train-{number:D6}");

    // The student's part of the training images decides: what it lacks it cannot learn, whatever the teacher has seen.
    private IEnumerable<(string Split, PairDataset Files, int[] Places)> LabelFiles()
    {
        foreach ((string split, PairDataset files) in _sources)
        {
            yield return (split, files, split != TrainSplit ? [.. Enumerable.Range(0, files.Count)]
                : [.. Enumerable.Range(0, Student.Count).Select(i => Student is SubsetDataset part ? part.PlaceOf(i) : i)]);
        }
    }

    private SplitData Scenes(DataConfig data)
    {
        SceneOptions options = SceneOptionsOf(data);
        SceneOptions labelled = options with { AnnotationNoise = (float)data.AnnotationNoise };
        return new SplitData(
            Kept("train", new SceneDataset(SceneSplit.Train, data.TrainCount, labelled), data),
            Kept("val", new SceneDataset(SceneSplit.Validation, data.ValCount, options), data),
            data.TestCount > 0 ? Kept("test", new SceneDataset(SceneSplit.Test, data.TestCount, options), data) : null);
    }

    private static SceneOptions SceneOptionsOf(DataConfig data) => new() { Width = data.Size.Width, Height = data.Size.Height, Seed = (ulong)data.Seed };

    private SplitData Lists(DataConfig data)
    {
        string root = DataRoot.Resolve(data.Root);
        LayoutOptions options = LayoutOptionsOf(data);
        PairDataset Open(string list) => new ListFileDataset(root, list, data.Classes, options.Map, options.Codec);
        PairDataset train = Open(data.Train);
        if (train.Classes.IgnoreIndex != data.IgnoreLabel)
        {
            throw new DatasetException(
                Path.Combine(root, data.Classes),
                $"names id {train.Classes.IgnoreIndex} as ignored, the configuration says data.ignoreLabel {data.IgnoreLabel}",
                "Make both agree");
        }

        // The default names a test list that a data set need not have; one that a configuration names must be there.
        bool tests = data.Test.Length > 0 && (data.Test != new DataConfig().Test || File.Exists(Path.Combine(root, data.Test)));
        return Files(
            data,
            train,
            OpenNamed("data.val", data.Val, "Name a list of pairs to validate on"),
            tests ? OpenNamed("data.test", data.Test, "Correct it, or write data.test: '' where there is none") : null);

        PairDataset OpenNamed(string option, string list, string remedy) => list.Length > 0 && File.Exists(Path.Combine(root, list))
            ? Open(list)
            : throw new DatasetException(Path.Combine(root, list), $"there is no such list, which {option} names", remedy);
    }

    private SplitData Layout(DataConfig data)
    {
        DatasetSplits set = LayoutOf(data.Kind).Open(DataRoot.Resolve(data.Root), LayoutOptionsOf(data));
        foreach (string warning in set.Warnings)
        {
            _warnings.Enqueue(warning);
        }

        return Files(data, set.Require("train"), set.Require("val"), set.HasTestTruth ? set.Splits.GetValueOrDefault("test") : null);
    }

    private SplitData Files(DataConfig data, PairDataset train, PairDataset validation, PairDataset? test)
    {
        ImageLimits limits = new(data.MaxPixels);
        (train, validation, test) = (train.Within(limits), validation.Within(limits), test?.Within(limits));
        foreach (PairDataset split in new[] { train, validation, test }.OfType<PairDataset>())
        {
            split.RequireFiles();
        }

        _sources.AddRange([(TrainSplit, train), ("val", validation)]);
        if (test is not null)
        {
            _sources.Add(("test", test));
        }

        return new SplitData(Kept("train", train, data), Kept("val", validation, data), test is null ? null : Kept("test", test, data));
    }

    /// <summary>What a configuration asks of a layout.</summary>
    public static LayoutOptions LayoutOptionsOf(DataConfig data) => new()
    {
        ValFraction = data.ValFraction,
        Seed = (ulong)data.Seed,
        Codec = CodecOf(data),
        Map = data.StoredLabels switch
        {
            StoredLabels.Cityscapes => LabelMap.Cityscapes,
            StoredLabels.Ade20k => LabelMap.FromOne,
            StoredLabels.Binary => LabelMap.Binary,
            StoredLabels.Color => LabelMap.Colors,
            _ => null,
        },
    };

    /// <summary>What decodes the images of a configuration.</summary>
    public static IImageCodec CodecOf(DataConfig data) => ImageCodec.Of(data.Codec, data.ExifOrientation);

    private static ISegmentationDataset StudentPart(ISegmentationDataset train, DataConfig data)
    {
        SubsetDataset part = new(train, data.StudentEvery, data.StudentLimit);
        return part.Count == train.Count ? train : part;
    }

    private ISegmentationDataset UnlabelledImages(DataConfig data)
    {
        if (data.Unlabelled == DataConfig.UnlabelledScenes)
        {
            // Neither teacher nor student ever sees a label of these.
            return Kept(
                "data.unlabelled",
                new UnlabelledDataset(new SceneDataset(SceneSplit.Train, data.UnlabelledCount, SceneOptionsOf(data), first: data.TrainCount)),
                data);
        }

        string root = data.Root.Length > 0 ? DataRoot.Resolve(data.Root) : Directory.GetCurrentDirectory();
        string path = Path.Combine(root, data.Unlabelled);
        ImageLimits limits = new(data.MaxPixels);
        ImageDataset images = Directory.Exists(path) ? ImageDataset.OfFolder(path, Classes, limits, CodecOf(data))
            : File.Exists(path) ? ImageDataset.OfList(root, path, Classes, limits, CodecOf(data))
            : throw new DatasetException(path, "there is neither a folder nor a list file", "Correct data.unlabelled, whose path is relative to data.root");
        UnlabelledFiles = images.Files;
        _unlabelledNames = images.Names;
        WarnOfScored(images);
        return Kept("data.unlabelled", images, data);
    }

    private void WarnOfScored(ImageDataset images)
    {
        foreach ((string split, PairDataset files) in _sources.Where(source => source.Split != TrainSplit))
        {
            HashSet<string> scored = [.. files.Pairs.Select(pair => Path.GetFullPath(pair.Image))];
            string[] shared = [.. images.Files.Select(Path.GetFullPath).Where(scored.Contains)];
            if (shared.Length > 0)
            {
                _warnings.Enqueue(
                    $"data.unlabelled: {shared.Length} of {images.Count} images are in the split {split}, too: first {shared[0]}; its scores do not show "
                        + "how the student does on images it has not seen");
            }
        }
    }

    // The cache on disk holds pairs; scenes and images without labels are made or decoded every time beside it.
    private ISegmentationDataset Kept(string split, ISegmentationDataset dataset, DataConfig data)
    {
        PairDataset? files = dataset as PairDataset;
        CacheKind kind = data.Cache;
        if (kind == CacheKind.Ram && CacheBudget.BytesOf(dataset) is var bytes && !_budget.TryTake(bytes))
        {
            kind = files is null ? CacheKind.Off : CacheKind.Disk;
            string instead = files is null ? "each is made anew every time it is used (data.cache: off)"
                : $"they are kept in files in {CacheFolderOf(data)} (data.cache: disk)";
            _warnings.Enqueue(string.Create(
                CultureInfo.InvariantCulture,
                $"data.cache: the {dataset.Count} images of {split} have about {bytes / Mebibyte} MiB decoded, and {_budget.Left / Mebibyte} MiB of memory "
                + $"are left for such; {instead}"));
        }

        return kind switch
        {
            CacheKind.Ram => new CachedDataset(dataset),
            CacheKind.Disk when files is not null => new DiskCachedDataset(files, CacheFolderOf(data), _warnings.Enqueue),
            _ => dataset,
        };
    }

    /// <summary>The folder of caches on disk.</summary>
    internal static string CacheFolderOf(DataConfig data) => data.CacheFolder.Length > 0 ? data.CacheFolder : DiskCachedDataset.DefaultFolder;

    /// <summary>Preparation of training images, for which no data is needed.</summary>
    public static Augmentation AugmentationOf(ExperimentConfig config)
    {
        AugmentationConfig a = config.Augmentation;
        return new Augmentation
        {
            Height = config.Data.Size.Height,
            Width = config.Data.Size.Width,
            ScaleMin = (float)a.ScaleMin,
            ScaleMax = (float)a.ScaleMax,
            FlipProbability = (float)a.Flip,
            Pad = a.Pad,
            BrightnessGain = (float)a.BrightnessGain,
            BrightnessOffset = (float)a.BrightnessOffset,
            Contrast = (float)a.Contrast,
            Saturation = (float)a.Saturation,
            Mean = new Vector3((float)a.Mean[0], (float)a.Mean[1], (float)a.Mean[2]),
            Std = new Vector3((float)a.Std[0], (float)a.Std[1], (float)a.Std[2]),
        };
    }

    private sealed record SplitData(ISegmentationDataset Train, ISegmentationDataset Validation, ISegmentationDataset? Test);
}
