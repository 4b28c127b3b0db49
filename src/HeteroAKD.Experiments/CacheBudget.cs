using HeteroAKD.Data;

namespace HeteroAKD.Experiments;

/// <summary>What decoded images may take of the memory, so that a set that does not fit is known before its first image is decoded.</summary>
/// <param name="memory">Bytes for the caches of all data sets together.</param>
internal sealed class CacheBudget(long memory)
{
    private const int MeasuredImages = 256;
    private const int BytesPerPixel = 4; // red, green, blue and the label

    private long _left = memory;

    /// <summary>Half of what this process may use, by the machine, its container or a limit of its own; the rest is for networks and batches.</summary>
    public static long OfProcess => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2;

    /// <summary>Bytes that are left.</summary>
    public long Left => _left;

    /// <summary>Bytes of all samples once they are decoded, from the headers of at most 256 of them, spread evenly; 0 where no header tells.</summary>
    public static long BytesOf(ISegmentationDataset dataset)
    {
        int asked = Math.Min(dataset.Count, MeasuredImages);
        (double pixels, int known) = (0, 0);
        for (int i = 0; i < asked; i++)
        {
            if (dataset.SizeOf((int)((long)i * dataset.Count / asked)) is var (width, height))
            {
                (pixels, known) = (pixels + ((double)width * height), known + 1);
            }
        }

        return known == 0 ? 0 : (long)(pixels / known * dataset.Count * BytesPerPixel);
    }

    /// <summary>Sets bytes aside, or leaves all as it is where there are not so many.</summary>
    public bool TryTake(long bytes)
    {
        if (bytes > _left)
        {
            return false;
        }

        _left -= bytes;
        return true;
    }
}
