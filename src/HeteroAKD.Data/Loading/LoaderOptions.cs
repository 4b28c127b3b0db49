namespace HeteroAKD.Data;

/// <summary>
/// How a <see cref="BatchLoader"/> makes batches. The batches depend on everything here except <see cref="Prefetch"/> and <see cref="Threads"/>.
/// </summary>
public sealed record LoaderOptions
{
    /// <summary>Images in a batch.</summary>
    public int BatchSize { get; init; } = 16;

    /// <summary>Seed of the order and of the augmentation.</summary>
    public ulong Seed { get; init; }

    /// <summary>What is done to each image.</summary>
    public Augmentation Augmentation { get; init; } = new();

    /// <summary>Batches made ahead of the consumer.</summary>
    public int Prefetch { get; init; } = 2;

    /// <summary>Background threads; 0 makes each batch on the calling thread.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>A new order every epoch, else the data set's own.</summary>
    public bool Shuffle { get; init; } = true;

    /// <summary>Leaves out what is left of an epoch after its last full batch, as PyTorch's DataLoader.</summary>
    public bool DropLast { get; init; } = true;

    /// <summary>Everything in order, whole images, the last partial batch included.</summary>
    public static LoaderOptions ForEvaluation(int batchSize, Augmentation augmentation) => new()
    {
        BatchSize = batchSize,
        Augmentation = augmentation.ForEvaluation(),
        Shuffle = false,
        DropLast = false,
    };
}
