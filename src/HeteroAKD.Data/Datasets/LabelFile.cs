using HeteroAKD.Nn;

namespace HeteroAKD.Data;

/// <summary>A label file as it was read: ids, or colours where the data set stores those.</summary>
internal sealed class LabelFile
{
    private readonly string _path;
    private readonly RgbImage? _colors;

    private LabelFile(string path, LabelImage ids) => (_path, Ids, Width, Height) = (path, ids, ids.Width, ids.Height);

    private LabelFile(string path, RgbImage colors) => (_path, _colors, Width, Height) = (path, colors, colors.Width, colors.Height);

    public int Width { get; }

    public int Height { get; }

    /// <summary>The stored ids; null where the file shows colours.</summary>
    public LabelImage? Ids { get; }

    /// <summary>Reads a file. It is turned by an EXIF orientation of its own, where the codec turns images.</summary>
    /// <exception cref="ImageFormatException">It is missing, damaged or no label file.</exception>
    public static LabelFile Read(string path, LabelMap map, IImageCodec codec, ImageLimits limits)
    {
        if (!map.IsColors)
        {
            LabelImage ids = LabelPng.Read(path, limits);
            return new LabelFile(path, codec.TurnsUpright ? ids.Upright() : ids);
        }
        byte[] start = FileBytes.Start(path, PictureFormat.Bytes);
        return PngContainer.HasSignature(start) ? new LabelFile(path, codec.ReadRgb(path, limits: limits)) : throw LabelPng.NotPng(path, start);
    }

    /// <summary>Writes class ids and the ignored id.</summary>
    /// <param name="map">What the file stores.</param>
    /// <param name="mapped">[H, W].</param>
    /// <exception cref="DatasetException">An id or a colour means nothing.</exception>
    public void MapTo(LabelMap map, Span<byte> mapped)
    {
        if (_colors is not null)
        {
            map.Apply(_colors, _path, mapped);
        }
        else
        {
            map.Apply(Ids!, _path, mapped);
        }
    }
}
