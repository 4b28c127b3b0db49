namespace HeteroAKD.Bench.Cases;

/// <summary>What both sides of a training step agree on.</summary>
internal static class StepSetting
{
    /// <summary>Seed of the initial parameters.</summary>
    public const int Seed = 1;

    /// <summary>Seeds of the images: of those that are timed, then of two more batches on which results are compared.</summary>
    public static ReadOnlySpan<int> ImageSeeds => [2, 12, 22];

    /// <summary>Seed of the labels.</summary>
    public const int LabelSeed = 3;

    /// <summary>Small, so that hundreds of steps on one batch stay in the range of a real training.</summary>
    public const double LearningRate = 1e-4;

    /// <summary>On every parameter.</summary>
    public const double WeightDecay = 0.01;
}
