namespace HeteroAKD.Nn;

/// <summary>An 8-bit RGB image, rows from the top, channels interleaved.</summary>
public sealed class RgbImage
{
    /// <summary>A black image.</summary>
    public RgbImage(int width, int height)
        : this(width, height, new byte[checked(width * height * 3)])
    {
    }

    /// <summary>Wraps pixels without a copy.</summary>
    /// <param name="width">Columns, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="pixels">[H, W, 3].</param>
    public RgbImage(int width, int height, byte[] pixels)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        if (pixels.Length != checked(width * height * 3))
        {
            throw new ArgumentException($"RgbImage: {pixels.Length} bytes do not fill [{height}, {width}, 3] = {width * height * 3}.", nameof(pixels));
        }
        (Width, Height, Pixels) = (width, height, pixels);
    }

    /// <summary>Columns.</summary>
    public int Width { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>[H, W, 3].</summary>
    public byte[] Pixels { get; }

    /// <summary>Draws a label map in the colours of its classes; ids without a colour are black.</summary>
    /// <param name="labels">[H, W], class ids.</param>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    /// <param name="colors">[C], the colour of each class.</param>
    public static RgbImage OfLabels(ReadOnlySpan<byte> labels, int width, int height, IReadOnlyList<(byte R, byte G, byte B)> colors)
    {
        RgbImage image = new(width, height);
        for (int i = 0; i < labels.Length; i++)
        {
            if (labels[i] < colors.Count)
            {
                (image.Pixels[3 * i], image.Pixels[(3 * i) + 1], image.Pixels[(3 * i) + 2]) = colors[labels[i]];
            }
        }

        return image;
    }

    /// <summary>Copies <paramref name="source"/> here with its top-left corner at (<paramref name="left"/>, <paramref name="top"/>); it must fit.</summary>
    public void Paste(RgbImage source, int left, int top)
    {
        if (left < 0 || top < 0 || left + source.Width > Width || top + source.Height > Height)
        {
            throw new ArgumentOutOfRangeException(
                nameof(source), $"Paste: {source.Width}x{source.Height} at ({left}, {top}) does not fit into {Width}x{Height}.");
        }
        for (int y = 0; y < source.Height; y++)
        {
            source.Pixels.AsSpan(y * source.Width * 3, source.Width * 3).CopyTo(Pixels.AsSpan(((top + y) * Width + left) * 3));
        }
    }
}
