using System.Globalization;
using System.Runtime.ExceptionServices;

namespace HeteroAKD.Data;

/// <summary>Which classes the labels of a split hold, and how much of it is ignored: what a training on it can learn at all.</summary>
public sealed class LabelCensus
{
    // Enough images for a share in percent. Classes that are still missing then are looked for in all others.
    private const int FirstImages = 512;
    private const int BlockImages = 64;

    // Published sets ignore up to a fifth of their pixels.
    private const double MuchIgnored = 0.3;
    private const int NamedClasses = 5;

    private readonly PairDataset _dataset;
    private readonly long[] _pixels; // [C]
    private long _ignored;
    private int _otherOrders;
    private (int Index, PaletteOrder Order)? _firstOther;

    private LabelCensus(string split, PairDataset dataset, int images) =>
        (Split, _dataset, SplitImages, _pixels) = (split, dataset, images, new long[dataset.Classes.Count]);

    /// <summary>The split's name.</summary>
    public string Split { get; }

    /// <summary>Images that were looked at.</summary>
    public int Images { get; private set; }

    /// <summary>Images of the split.</summary>
    public int SplitImages { get; }

    /// <summary>[C], labelled pixels of each class.</summary>
    public IReadOnlyList<long> Pixels => _pixels;

    /// <summary>Share of the pixels that are ignored, 0 to 1.</summary>
    public double IgnoredShare => (double)_ignored / Math.Max(1, _ignored + _pixels.Sum());

    /// <summary>Whether images were looked at and no pixel of them is labelled.</summary>
    public bool IsEmpty => Images > 0 && _pixels.All(count => count == 0);

    /// <summary>
    /// Decodes label files, no images, until every class was seen: some hundred images spread over the split, or all where a class is missing. The result does
    /// not depend on the number of threads.
    /// </summary>
    /// <param name="split">Its name in sentences.</param>
    /// <param name="dataset">The files.</param>
    /// <param name="places">The samples that belong to the split.</param>
    /// <param name="threads">At least 1.</param>
    /// <param name="done">Gets the number of images that were looked at, on the calling thread.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="DatasetException">A label file cannot be used.</exception>
    public static LabelCensus Take(string split, PairDataset dataset, IReadOnlyList<int> places, int threads, Action<int> done, CancellationToken cancellation)
    {
        LabelCensus census = new(split, dataset, places.Count);
        int[] order = [.. Spread(places)];
        for (int from = 0; from < order.Length && (from < FirstImages || census._pixels.Contains(0)); from += BlockImages)
        {
            (int Index, int[] Labels, PaletteOrder? Palette, ExceptionDispatchInfo? Failure)[] counts = order
                .Skip(from).Take(BlockImages).AsParallel().AsOrdered().WithDegreeOfParallelism(threads).WithCancellation(cancellation)
                .Select(place => Count(dataset, place)).ToArray();
            foreach ((int Index, int[] Labels, PaletteOrder? Palette, ExceptionDispatchInfo? Failure) count in counts)
            {
                count.Failure?.Throw();
                census.Add(count.Index, count.Labels, count.Palette);
            }
            done(census.Images);
        }
        return census;
    }

    /// <summary>Sentences on what is missing or unusual; none for a split that is as it should be.</summary>
    public IEnumerable<string> Warnings()
    {
        string[] missing = [.. Enumerable.Range(0, _pixels.Length).Where(c => _pixels[c] == 0).Select(c => $"{_dataset.Classes.Names[c]} ({c})")];
        string ignored = string.Create(CultureInfo.InvariantCulture, $"{100 * IgnoredShare:F1} % of the pixels are ignored");
        string looked = Images < SplitImages ? $" in {Images} of {SplitImages} images" : "";
        if (IsEmpty)
        {
            yield return $"{Split}: no pixel is labelled, all are ignored (id {_dataset.Classes.IgnoreIndex}){Remedy()}";
        }
        else if (missing.Length > 0)
        {
            string names = string.Join(", ", missing.Take(NamedClasses)) + (missing.Length > NamedClasses ? ", ..." : "");
            yield return $"{Split}: {missing.Length} of {_pixels.Length} classes have no labelled pixel: {names}; {ignored}{Remedy()}";
        }
        else if (IgnoredShare >= MuchIgnored)
        {
            yield return $"{Split}: {ignored}{looked}";
        }

        if (_firstOther is var (index, (id, shown)))
        {
            ClassSet classes = _dataset.Classes;
            yield return $"{Split}: {_otherOrders} of {Images} masks have a palette in another order than the class file: id {id} is {classes.Names[id]} "
                + $"there and has the colour of "
                + $"{classes.Names[shown]} in {_dataset.Pairs[index].Label}. Where the colours are right, set data.storedLabels: color; else correct the "
                + "class file";
        }
    }

    /// <summary>The census of a split that was checked as a whole.</summary>
    internal static LabelCensus Collect(string split, PairDataset dataset, IEnumerable<(int Index, int[] Labels, PaletteOrder? Palette)> counts)
    {
        LabelCensus census = new(split, dataset, dataset.Count);
        foreach ((int index, int[]? labels, PaletteOrder? palette) in counts)
        {
            census.Add(index, labels, palette);
        }
        return census;
    }

    /// <summary>Whether a mask's palette counts classes in another order than the class file.</summary>
    /// <param name="dataset">The files.</param>
    /// <param name="palette">The mask's; null for none.</param>
    /// <param name="labels">[256], its pixels of each class.</param>
    internal static PaletteOrder? OrderOf(PairDataset dataset, (byte R, byte G, byte B)[]? palette, ReadOnlySpan<int> labels) =>
        dataset.Map.IsIdentity && palette is not null ? PaletteOrder.Find(palette, labels, dataset.Classes) : null;

    // Two classes in masks of 0 and 255 are the commonest way to lose one of them.
    private string Remedy() => _pixels.Length == 2 && _ignored > 0 && _dataset.Map.IsIdentity
        ? ". Where the masks store 0 and anything else, set data.storedLabels: binary"
        : "";

    private void Add(int index, int[] labels, PaletteOrder? palette)
    {
        Images++;
        for (int c = 0; c < _pixels.Length; c++)
        {
            _pixels[c] += labels[c];
        }
        _ignored += labels[_dataset.Classes.IgnoreIndex];
        if (palette is { } order)
        {
            _otherOrders++;
            _firstOther ??= (index, order);
        }
    }

    // Neighbours of a video look alike: the golden section visits all places, far ones first.
    private static IEnumerable<int> Spread(IReadOnlyList<int> places)
    {
        int step = Math.Max(1, (int)(places.Count * 0.618));
        while (Gcd(step, places.Count) != 1)
        {
            step++;
        }
        return Enumerable.Range(0, places.Count).Select(i => places[(int)((long)i * step % places.Count)]);

        static int Gcd(int a, int b) => b == 0 ? a : Gcd(b, a % b);
    }

    private static (int Index, int[] Labels, PaletteOrder? Palette, ExceptionDispatchInfo? Failure) Count(PairDataset dataset, int index)
    {
        try
        {
            int[] labels = SampleCounts.LabelsOf(dataset.LoadLabels(index, out (byte R, byte G, byte B)[]? palette));
            return (index, labels, OrderOf(dataset, palette, labels), null);
        }
        catch (DatasetException failure)
        {
            return (index, [], null, ExceptionDispatchInfo.Capture(failure)); // the first in order is thrown, whatever thread is first
        }
    }
}
