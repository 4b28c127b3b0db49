using System.Buffers.Binary;

namespace HeteroAKD.Data;

/// <summary>The IHDR chunk of a PNG, checked.</summary>
/// <param name="Width">Columns.</param>
/// <param name="Height">Rows.</param>
/// <param name="BitDepth">1, 2, 4, 8 or 16 bits a channel, as the colour type allows.</param>
/// <param name="ColourType">0 gray, 2 RGB, 3 palette, 4 gray with alpha, 6 RGBA.</param>
/// <param name="IsInterlaced">Adam7.</param>
internal readonly record struct PngHeader(int Width, int Height, int BitDepth, int ColourType, bool IsInterlaced)
{
    private const int Gray = 0, Palette = 3;

    /// <summary>The value of a pixel is an index into the palette.</summary>
    public bool IsPalette => ColourType == Palette;

    /// <summary>A pixel is one number: a gray level or an index.</summary>
    public bool IsOneChannel => ColourType is Gray or Palette;

    /// <summary>The colour type in words.</summary>
    public string ColourName => ColourType switch
    {
        2 => "an RGB picture",
        4 => "gray with alpha",
        6 => "an RGBA picture",
        _ => "gray or palette",
    };

    private int Channels => ColourType switch { 2 => 3, 4 => 2, 6 => 4, _ => 1 };

    /// <summary>Bytes of one row of <paramref name="columns"/> pixels, without the filter byte.</summary>
    public long RowBytes(int columns) => ((long)columns * BitDepth * Channels + 7) / 8;

    /// <summary>Reads the content of an IHDR chunk.</summary>
    /// <param name="path">For the error text.</param>
    /// <param name="content">The chunk's bytes.</param>
    /// <param name="limits">What the picture may hold.</param>
    public static PngHeader Parse(string path, ReadOnlySpan<byte> content, ImageLimits limits)
    {
        if (content.Length != 13)
        {
            throw new ImageFormatException(path, $"the PNG header holds {content.Length} bytes, not 13", "Copy or export the file again");
        }
        uint width = BinaryPrimitives.ReadUInt32BigEndian(content);
        uint height = BinaryPrimitives.ReadUInt32BigEndian(content[4..]);
        limits.Require(path, width, height);
        (byte depth, byte colour) = (content[8], content[9]);
        bool depthAllowed = colour switch
        {
            Gray => depth is 1 or 2 or 4 or 8 or 16,
            Palette => depth is 1 or 2 or 4 or 8,
            2 or 4 or 6 => depth is 8 or 16,
            _ => false,
        };
        if (!depthAllowed || content[10] != 0 || content[11] != 0 || content[12] > 1)
        {
            throw new ImageFormatException(
                path,
                $"the PNG header is invalid (bit depth {depth}, colour type {colour}, compression {content[10]}, filter {content[11]}, interlace "
                    + $"{content[12]})",
                "Copy or export the file again");
        }
        return new PngHeader((int)width, (int)height, depth, colour, content[12] == 1);
    }
}
