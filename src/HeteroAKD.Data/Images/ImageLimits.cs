namespace HeteroAKD.Data;

/// <summary>How large image and label files may be. Headers are held to it before any pixel has memory, sizes of files before they are read.</summary>
/// <param name="MaxPixels">Width times height, at least 1; the option <c>data.maxPixels</c>.</param>
public sealed record ImageLimits(int MaxPixels)
{
    /// <summary>8192x6144, the photo of a phone with 50 million pixels: 144 MiB decoded, and 48 MiB of labels.</summary>
    public const int DefaultMaxPixels = 8192 * 6144;

    /// <summary>The default.</summary>
    public static ImageLimits Default { get; } = new(DefaultMaxPixels);

    /// <summary>Bytes of a file: 16 bits of red, green, blue and alpha that are not compressed, and 16 MiB of anything else.</summary>
    public long MaxFileBytes => (8L * MaxPixels) + (16L << 20);

    /// <summary>Refuses a picture that a header announces.</summary>
    /// <exception cref="ImageFormatException">It has no pixels, or too many.</exception>
    internal void Require(string path, long width, long height)
    {
        if (width < 1 || height < 1)
        {
            throw new ImageFormatException(path, $"the header announces {width}x{height} pixels", "Copy or export the file again, or take it off the list");
        }

        if (width > MaxPixels / height)
        {
            throw new ImageFormatException(
                path, $"the header announces {width}x{height} pixels, more than data.maxPixels {MaxPixels}", "Scale it down, or raise data.maxPixels");
        }
    }
}
