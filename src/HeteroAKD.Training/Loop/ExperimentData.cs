using System.Numerics;
using HeteroAKD.Data;
using HeteroAKD.Training.Configuration;

namespace HeteroAKD.Training.Loop;

/// <summary>The data sets of an experiment and how their images are prepared.</summary>
public sealed class ExperimentData
{
    /// <summary>Opens the data sets that a configuration names.</summary>
    /// <exception cref="DatasetException">A file is missing or malformed.</exception>
    public ExperimentData(ExperimentConfig config)
    {
        DataConfig data = config.Data;
        (Train, Student, Validation, Test) = data.Kind == DataKind.Scenes ? Scenes(data) : Lists(data);
        Augmentation = AugmentationOf(config);
        Evaluation = Augmentation.ForEvaluation();
    }

    /// <summary>What the teacher is trained on.</summary>
    public ISegmentationDataset Train { get; }

    /// <summary>The labelled images that the student gets, alone and distilled alike: all of <see cref="Train"/> or a part.</summary>
    public ISegmentationDataset Student { get; }

    /// <summary>For choosing.</summary>
    public ISegmentationDataset Validation { get; }

    /// <summary>For reporting; null where the data set has none.</summary>
    public ISegmentationDataset? Test { get; }

    /// <summary>Names, colours and the ignored id.</summary>
    public ClassSet Classes => Train.Classes;

    /// <summary>Preparation of training images.</summary>
    public Augmentation Augmentation { get; }

    /// <summary>Preparation of images that are evaluated.</summary>
    public Augmentation Evaluation { get; }

    /// <summary>The splits that are scored, by name.</summary>
    public IEnumerable<(string Name, ISegmentationDataset Data)> Splits()
    {
        yield return ("val", Validation);
        if (Test is not null)
        {
            yield return ("test", Test);
        }
    }

    private static (ISegmentationDataset Train, ISegmentationDataset Student, ISegmentationDataset Validation, ISegmentationDataset? Test) Scenes(DataConfig data)
    {
        SceneOptions options = new() { Width = data.Size.Width, Height = data.Size.Height, Seed = (ulong)data.Seed };
        SceneOptions labelled = options with { AnnotationNoise = (float)data.AnnotationNoise };
        ISegmentationDataset train = Cached(new SceneDataset(SceneSplit.Train, data.TrainCount, labelled), data);
        return (
            train,
            StudentPart(train, data),
            Cached(new SceneDataset(SceneSplit.Validation, data.ValCount, options), data),
            data.TestCount > 0 ? Cached(new SceneDataset(SceneSplit.Test, data.TestCount, options), data) : null);
    }

    private static (ISegmentationDataset Train, ISegmentationDataset Student, ISegmentationDataset Validation, ISegmentationDataset? Test) Lists(DataConfig data)
    {
        string root = DataRoot.Resolve(data.Root);
        ISegmentationDataset Open(string list) => Cached(new ListFileDataset(root, list, data.Classes), data);
        ISegmentationDataset train = Open(data.Train);
        if (train.Classes.IgnoreIndex != data.IgnoreLabel)
        {
            throw new DatasetException(
                Path.Combine(root, data.Classes),
                $"names id {train.Classes.IgnoreIndex} as ignored, the configuration says data.ignoreLabel {data.IgnoreLabel}",
                "Make both agree");
        }

        return (
            train,
            StudentPart(train, data),
            Open(data.Val),
            data.Test.Length > 0 ? Open(data.Test) : null);
    }

    private static ISegmentationDataset StudentPart(ISegmentationDataset train, DataConfig data)
    {
        SubsetDataset part = new(train, data.StudentEvery, data.StudentLimit);
        return part.Count == train.Count ? train : part;
    }

    private static ISegmentationDataset Cached(ISegmentationDataset dataset, DataConfig data) => data.Cache ? new CachedDataset(dataset) : dataset;

    private static Augmentation AugmentationOf(ExperimentConfig config)
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
}
