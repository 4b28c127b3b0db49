namespace HeteroAKD.Data;

/// <summary>Images by index, labelled or not. Implementations are safe to call from several threads.</summary>
public interface ISegmentationDataset
{
    /// <summary>Number of samples.</summary>
    int Count { get; }

    /// <summary>Classes and ignored id; every label of every sample is one of them.</summary>
    ClassSet Classes { get; }

    /// <summary>Loads sample <paramref name="index"/>, the same content at every call.</summary>
    /// <param name="index">0 to Count-1.</param>
    /// <param name="reuse">What this data set returned to the caller before and the caller no longer needs. The data set may overwrite and return it, if nobody
    /// else holds it.</param>
    /// <exception cref="DatasetException">The sample cannot be used.</exception>
    Sample Load(int index, Sample? reuse = null);

    /// <summary>Width and height of sample <paramref name="index"/> without decoding it, as its file stores it; null where that cannot be known.</summary>
    /// <param name="index">0 to Count-1.</param>
    (int Width, int Height)? SizeOf(int index) => null;
}
