namespace HeteroAKD.Nn;

/// <summary>
/// An endless sequence of labelled batches. Batch k is the same whenever it is made, so <see cref="Position"/> is all that a checkpoint has to keep.
/// </summary>
public interface IBatchSource
{
    /// <summary>Number of the batch that <see cref="Next"/> will return, counted from the start of training.</summary>
    long Position { get; }

    /// <summary>Seconds that <see cref="Next"/> has spent so far; 0 where that is not measured.</summary>
    double WaitSeconds { get; }

    /// <summary>The next batch, valid until the next call.</summary>
    Batch Next();

    /// <summary>Makes <paramref name="position"/> the number of the next batch.</summary>
    void Seek(long position);
}
