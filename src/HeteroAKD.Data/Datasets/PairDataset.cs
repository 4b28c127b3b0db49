using HeteroAKD.Nn;

namespace HeteroAKD.Data;

/// <summary>An image file and its label file.</summary>
/// <param name="Image">PNG, JPEG, BMP, WebP or TIFF.</param>
/// <param name="Label">PNG, gray or palette whose stored value is an id (<see cref="LabelPng"/>), or in the classes' colours.</param>
public readonly record struct FilePair(string Image, string Label)
{
    /// <summary>Its name where folders are part of it, "city/photo"; null where the file's name is all.</summary>
    public string? Name { get; init; }

    /// <summary>What reports call it.</summary>
    public string Id => Name ?? Path.GetFileNameWithoutExtension(Image);
}

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
    /// <param name="codec">Decodes the images; null for <see cref="ImageCodec.Usual"/>.</param>
    /// <exception cref="DatasetException">There is no pair.</exception>
    public PairDataset(string source, FilePair[] pairs, ClassSet classes, LabelMap? map = null, IImageCodec? codec = null)
    {
        if (pairs.Length == 0)
        {
            throw new DatasetException(source, "the list is empty", "Give one \"image label\" pair a line");
        }
        (_source, _pairs, Classes, Map) = (source, pairs, classes, map ?? LabelMap.Identity(classes));
        _codec = codec ?? ImageCodec.Usual;
    }

    /// <inheritdoc/>
    public int Count => _pairs.Length;

    /// <inheritdoc/>
    public ClassSet Classes { get; }

    /// <summary>What stored ids mean.</summary>
    public LabelMap Map { get; }

    /// <summary>How large its files may be.</summary>
    public ImageLimits Limits { get; private set; } = ImageLimits.Default;

    /// <summary>What decodes its images.</summary>
    public IImageCodec Codec => _codec;

    /// <summary>Whether images and masks are turned, each as its own EXIF orientation says.</summary>
    public bool TurnsUpright => _codec.TurnsUpright;

    /// <summary>[Count], the files.</summary>
    public IReadOnlyList<FilePair> Pairs => _pairs;

    /// <summary>The same for sets that make the same sample of the same files: what a cache of samples depends on.</summary>
    internal string Fingerprint =>
        $"{Map.Fingerprint}{(_codec.TurnsUpright ? "" : " as stored")}{(_codec.Kind == ImageCodecKind.Skia ? "" : $" {_codec.Kind}")}";

    /// <summary>The same files, held to other limits.</summary>
    public PairDataset Within(ImageLimits limits)
    {
        PairDataset copy = (PairDataset)MemberwiseClone();
        copy.Limits = limits;
        return copy;
    }

    /// <inheritdoc/>
    public (int Width, int Height)? SizeOf(int index) => _codec.ReadSize(_pairs[index].Image);

    /// <inheritdoc/>
    public Sample Load(int index, Sample? reuse = null)
    {
        FilePair pair = _pairs[index];
        RgbImage image = _codec.ReadRgb(pair.Image, reuse?.Image, Limits);
        LabelFile label = LabelFile.Read(pair.Label, Map, _codec, Limits);
        if (label.Width != image.Width || label.Height != image.Height)
        {
            throw OtherSize(pair, label, image);
        }
        byte[] labels = reuse is not null && reuse.Image == image ? reuse.Labels : new byte[image.Width * image.Height]; // [H, W]
        label.MapTo(Map, labels);
        return new Sample(pair.Id, image, labels);
    }

    /// <summary>Decodes the label file of a pair alone.</summary>
    /// <param name="index">0 to Count-1.</param>
    /// <param name="palette">The palette of a file that stores ids; null for none.</param>
    /// <returns>[H, W], class ids or the ignored id.</returns>
    /// <exception cref="DatasetException">The file cannot be used.</exception>
    internal byte[] LoadLabels(int index, out (byte R, byte G, byte B)[]? palette)
    {
        LabelFile label = LabelFile.Read(_pairs[index].Label, Map, _codec, Limits);
        byte[] labels = new byte[label.Width * label.Height]; // [H, W]
        label.MapTo(Map, labels);
        palette = label.Ids?.Palette;
        return labels;
    }

    /// <summary>The palette of a label file that stores ids, without decoding it; null for none.</summary>
    internal (byte R, byte G, byte B)[]? PaletteOf(int index) => Map.IsColors ? null : LabelPng.ReadPalette(_pairs[index].Label, Limits);

    /// <summary>Looks whether every file is there, without reading any.</summary>
    /// <exception cref="DatasetException">Files are missing: how many, and the first of them.</exception>
    public void RequireFiles()
    {
        string[] missing = _pairs.SelectMany(pair => new[] { pair.Image, pair.Label }).Where(file => !File.Exists(file)).ToArray();
        if (missing.Length > 0)
        {
            throw new DatasetException(
                missing[0],
                $"the file does not exist; {missing.Length} of {2 * _pairs.Length} files that {_source} names are missing",
                "Correct the path, restore the files, or let 'heteroakd data check --fix-list' write a list without them");
        }
    }
    private DatasetException OtherSize(FilePair pair, LabelFile label, RgbImage image)
    {
        bool turned = label.Width == image.Height && label.Height == image.Width;
        return new DatasetException(
            pair.Label,
            $"the labels are {label.Width}x{label.Height}, their image {pair.Image} is {image.Width}x{image.Height}",
            "Make both the same size, or correct the pair in " + _source + (!turned ? ""
                : _codec.TurnsUpright ? ". The image may have been turned by its EXIF orientation: if the masks were drawn without, set "
                    + "data.exifOrientation: false"
                : ". An EXIF orientation of the image is not applied, because data.exifOrientation is false"));
    }
}
