using HeteroAKD.Data;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments;

/// <summary>A training and the images that it learns from.</summary>
/// <param name="Job">The training.</param>
/// <param name="Dataset">Labelled images.</param>
/// <param name="Augmentation">Their preparation.</param>
public sealed record PlannedTraining(TrainingJob Job, ISegmentationDataset Dataset, Augmentation Augmentation)
{
    /// <summary>How its batches are made.</summary>
    public LoaderOptions LoaderOptions(DataConfig options) => new()
    {
        BatchSize = Job.Training.BatchSize,
        Seed = (ulong)Job.Seed,
        Augmentation = Augmentation,
        Prefetch = options.Prefetch,
        Threads = options.Workers,
    };
}
