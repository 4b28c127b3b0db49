using HeteroAKD.Data;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments;

/// <summary>A training and the images that it learns from.</summary>
/// <param name="Job">The training.</param>
/// <param name="Dataset">Labelled images.</param>
/// <param name="Augmentation">Their preparation.</param>
/// <param name="Unlabelled">Images without labels that a step sees beside them; null where there are none.</param>
internal sealed record PlannedTraining(TrainingJob Job, ISegmentationDataset Dataset, Augmentation Augmentation, ISegmentationDataset? Unlabelled = null)
{
    // A seed of a job has 31 bits: no job draws labelled images from this half of the keys.
    private const ulong UnlabelledStream = 1UL << 32;

    /// <summary>Images that a step sees, labelled or not.</summary>
    /// <param name="options">The section of the configuration.</param>
    public int BatchSize(DataConfig options) => Job.Training.BatchSize + UnlabelledBatch(options);

    /// <summary>How its labelled images are made into batches.</summary>
    public LoaderOptions LoaderOptions(DataConfig options) => new()
    {
        BatchSize = Job.Training.BatchSize,
        Seed = (ulong)Job.Seed,
        Augmentation = Augmentation,
        Prefetch = options.Prefetch,
        Threads = options.Workers,
    };

    /// <summary>Begins to make its batches. The labelled images in them are the same with and without unlabelled ones.</summary>
    /// <param name="options">How images are loaded.</param>
    /// <exception cref="DatasetException">A data set does not fill one batch.</exception>
    public JoinedLoaders Batches(DataConfig options)
    {
        LoaderOptions labelled = LoaderOptions(options);
        if (Unlabelled is null)
        {
            return new JoinedLoaders(new BatchLoader(Dataset, labelled), null);
        }

        LoaderOptions unlabelled = labelled with { BatchSize = UnlabelledBatch(options), Seed = labelled.Seed ^ UnlabelledStream };
        if (Unlabelled.Count < unlabelled.BatchSize)
        {
            throw new DatasetException(
                null,
                $"data.unlabelled: {Unlabelled.Count} images do not fill the {unlabelled.BatchSize} of a step",
                $"Set data.unlabelledBatch to at most {Unlabelled.Count}");
        }

        return new JoinedLoaders(new BatchLoader(Dataset, labelled), new BatchLoader(Unlabelled, unlabelled));
    }

    private int UnlabelledBatch(DataConfig options) => Unlabelled is null ? 0 : options.UnlabelledBatch > 0 ? options.UnlabelledBatch : Job.Training.BatchSize;
}
