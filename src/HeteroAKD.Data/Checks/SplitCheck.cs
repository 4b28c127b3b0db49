using System.IO.Hashing;

namespace HeteroAKD.Data;

/// <summary>A pair that cannot be used.</summary>
/// <param name="Index">Its number in the split.</param>
/// <param name="Pair">Its files.</param>
/// <param name="Reason">What is wrong, with the file's name.</param>
/// <param name="Remedy">What to do, which bad pairs of one kind have in common; empty where it is not known.</param>
public sealed record BadPair(int Index, FilePair Pair, string Reason, string Remedy);

/// <summary>What a walk over all pairs of a split found.</summary>
public sealed class SplitCheck
{
    private readonly UInt128[] _hashes; // [Count], of the image files

    private SplitCheck(
        PairDataset dataset, UInt128[] hashes, List<BadPair> bad, ClassStatistics statistics, LabelCensus census, (int Width, int Height) smallest,
        (int Width, int Height) largest)
    {
        (Dataset, _hashes, Bad, Statistics, Census, Smallest, Largest) = (dataset, hashes, bad, statistics, census, smallest, largest);
    }

    /// <summary>The split.</summary>
    public PairDataset Dataset { get; }

    /// <summary>The pairs that cannot be used, by number.</summary>
    public IReadOnlyList<BadPair> Bad { get; }

    /// <summary>Counts of the pairs that can.</summary>
    public ClassStatistics Statistics { get; }

    /// <summary>What the labels of those pairs hold.</summary>
    public LabelCensus Census { get; }

    /// <summary>Smallest width and smallest height of the images that can be used.</summary>
    public (int Width, int Height) Smallest { get; }

    /// <summary>Largest width and largest height.</summary>
    public (int Width, int Height) Largest { get; }

    /// <summary>Numbers of the images with an EXIF orientation other than as stored, of pairs that can be used and that cannot.</summary>
    public required IReadOnlyList<int> Turned { get; init; }

    /// <summary>Numbers of the pairs that can be used.</summary>
    public IEnumerable<int> Good() => Enumerable.Range(0, Dataset.Count).Except(Bad.Select(bad => bad.Index));

    /// <summary>Decodes every pair on several threads. A pair that fails is noted, and the walk goes on.</summary>
    /// <param name="split">Its name in sentences.</param>
    /// <param name="dataset">The split.</param>
    /// <param name="threads">At least 1; the result does not depend on it.</param>
    /// <param name="done">Gets the number of pairs that are done after each one, on the calling thread.</param>
    /// <param name="cancellation">Ends the walk.</param>
    public static SplitCheck Run(string split, PairDataset dataset, int threads, Action<int> done, CancellationToken cancellation)
    {
        using ThreadLocal<Sample?> reused = new();
        UInt128[] hashes = new UInt128[dataset.Count];
        List<BadPair> bad = new();
        ClassCounter counter = new(dataset.Classes);
        List<(int Index, int[] Labels, PaletteOrder? Palette)> counts = new List<(int Index, int[] Labels, PaletteOrder? Palette)>();
        ((int Width, int Height) smallest, (int Width, int Height) largest) = ((Width: int.MaxValue, Height: int.MaxValue), (Width: 0, Height: 0));
        ParallelQuery<Result> results = Enumerable.Range(0, dataset.Count)
            .AsParallel().WithDegreeOfParallelism(threads).WithMergeOptions(ParallelMergeOptions.NotBuffered)
            .WithCancellation(cancellation).Select(index => Examine(dataset, index, reused));
        List<int> turned = new();
        int count = 0;
        foreach (Result result in results)
        {
            hashes[result.Index] = result.Hash;
            if (result.Orientation != Orientation.AsStored)
            {
                turned.Add(result.Index);
            }
            if (result.Failure is not null)
            {
                bad.Add(new BadPair(result.Index, dataset.Pairs[result.Index], result.Failure, result.Remedy));
            }
            else
            {
                counter.Add(result.Counts);
                counts.Add((result.Index, result.Counts.Labels, result.Palette));
                smallest = (Math.Min(smallest.Width, result.Width), Math.Min(smallest.Height, result.Height));
                largest = (Math.Max(largest.Width, result.Width), Math.Max(largest.Height, result.Height));
            }
            done(++count);
        }
        LabelCensus census = LabelCensus.Collect(split, dataset, counts.OrderBy(c => c.Index)); // threads end in any order
        return new SplitCheck(
            dataset, hashes, [.. bad.OrderBy(b => b.Index)], counter.ToStatistics(), census, bad.Count < dataset.Count ? smallest : default, largest)
        {
            Turned = [.. turned.Order()],
        };
    }

    /// <summary>Numbers of images whose files are the same bytes in two splits: one of them is then no measure of what was learnt from the other.</summary>
    public IEnumerable<(int Here, int There)> SharedWith(SplitCheck other)
    {
        Dictionary<UInt128, int> there = new();
        for (int i = other._hashes.Length - 1; i >= 0; i--)
        {
            there[other._hashes[i]] = i;
        }
        for (int i = 0; i < _hashes.Length; i++)
        {
            if (_hashes[i] != default && there.TryGetValue(_hashes[i], out int match))
            {
                yield return (i, match);
            }
        }
    }

    private static Result Examine(PairDataset dataset, int index, ThreadLocal<Sample?> reused)
    {
        Result result = new(index);
        string path = dataset.Pairs[index].Image;
        try
        {
            byte[] file = FileBytes.Read(path, dataset.Limits);
            result = result with { Hash = XxHash128.HashToUInt128(file), Orientation = dataset.Codec.OrientationOf(path, file) };
            Sample sample = dataset.Load(index, reused.Value);
            reused.Value = sample;
            SampleCounts counts = SampleCounts.Of(sample);
            return result with
            {
                Width = sample.Image.Width,
                Height = sample.Image.Height,
                Counts = counts,
                Palette = LabelCensus.OrderOf(dataset, dataset.PaletteOf(index), counts.Labels),
            };
        }
        catch (Exception cause) when (cause is not OutOfMemoryException)
        {
            reused.Value = null; // may be half overwritten
            return result with { Failure = cause.Message, Remedy = (cause as DatasetException)?.Remedy ?? "" };
        }
    }

    // Hash: of the image file; no file has the default but by a chance of 2^-128. Failure: why the pair cannot be used; null where it can.
    private readonly record struct Result(
        int Index, UInt128 Hash = default, string? Failure = null, string Remedy = "", int Width = 0, int Height = 0, SampleCounts Counts = default,
        PaletteOrder? Palette = null, int Orientation = 1);
}
