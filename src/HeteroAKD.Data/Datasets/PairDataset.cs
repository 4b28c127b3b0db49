namespace HeteroAKD.Data;

/// <summary>An image file and its label file.</summary>
/// <param name="Image">PNG or JPEG.</param>
/// <param name="Label">Gray or palette PNG whose stored value is an id (<see cref="LabelPng"/>).</param>
public readonly record struct FilePair(string Image, string Label);

/// <summary>
/// A data set of image and label files. Every load decodes; wrap it in a <see cref="CachedDataset"/> where the set fits into memory, in a
/// <see cref="DiskCachedDataset"/> where it does not.
/// </summary>
public class PairDataset : ISegmentationDataset
{
    private readonly string _source;
    private readonly IImageCodec _codec;
    private readonly FilePair[] _pairs;

    /// <summary>Puts pairs together; files are read when they are asked for.</summary>
    /// <param name="source">The list or folder that names the pairs, for error texts.</param>
    /// <param name="pairs">At least one.</param>
    /// <param name="classes">Classes and ignored id.</param>
    /// <param name="map">What stored ids mean; null where they are class ids.</param>
    /// <param name="codec">Decodes the images; null for SkiaSharp's.</param>
    /// <exception cref="DatasetException">There is no pair.</exception>
    public PairDataset(string source, FilePair[] pairs, ClassSet classes, LabelMap? map = null, IImageCodec? codec = null)
    {
        if (pairs.Length == 0)
        {
            throw new DatasetException(source, "the list is empty", "Give one \"image label\" pair a line");
        }
        (_source, _pairs, Classes, Map) = (source, pairs, classes, map ?? LabelMap.Identity(classes));
        _codec = codec ?? SkiaImageCodec.Instance;
    }

    /// <inheritdoc/>
    public int Count => _pairs.Length;

    /// <inheritdoc/>
    public ClassSet Classes { get; }

    /// <summary>What stored ids mean.</summary>
    public LabelMap Map { get; }

    /// <summary>How large its files may be.</summary>
    public ImageLimits Limits { get; private set; } = ImageLimits.Default;

    /// <summary>[Count], the files.</summary>
    public IReadOnlyList<FilePair> Pairs => _pairs;

    /// <summary>The same files, held to other limits.</summary>
    public PairDataset Within(ImageLimits limits)
    {
        var copy = (PairDataset)MemberwiseClone();
        copy.Limits = limits;
        return copy;
    }

    /// <inheritdoc/>
    public (int Width, int Height)? SizeOf(int index) => _codec.ReadSize(_pairs[index].Image);

    /// <inheritdoc/>
    public Sample Load(int index, Sample? reuse = null)
    {
        var (imagePath, labelPath) = _pairs[index];
        var image = _codec.ReadRgb(imagePath, reuse?.Image, Limits);
        var label = LabelPng.Read(labelPath, Limits);
        if (label.Width != image.Width || label.Height != image.Height)
        {
            throw new DatasetException(
                labelPath,
                $"the labels are {label.Width}x{label.Height}, their image {imagePath} is {image.Width}x{image.Height}",
                "Make both the same size, or correct the pair in " + _source
                + (label.Width == image.Height && label.Height == image.Width ? ". A rotation in the image's EXIF data is not applied: store the image upright" : ""));
        }
        var labels = reuse is not null && reuse.Image == image ? reuse.Labels : new byte[label.Ids.Length]; // [H, W]
        Map.Apply(label, labelPath, labels);
        return new Sample(Path.GetFileNameWithoutExtension(imagePath), image, labels);
    }

    /// <summary>Looks whether every file is there, without reading any.</summary>
    /// <exception cref="DatasetException">Files are missing: how many, and the first of them.</exception>
    public void RequireFiles()
    {
        var missing = _pairs.SelectMany(pair => new[] { pair.Image, pair.Label }).Where(file => !File.Exists(file)).ToArray();
        if (missing.Length > 0)
        {
            throw new DatasetException(
                missing[0],
                $"the file does not exist; {missing.Length} of {2 * _pairs.Length} files that {_source} names are missing",
                "Correct the path, restore the files, or let 'heteroakd data check --fix-list' write a list without them");
        }
    }
}
