using System.Buffers.Binary;

namespace HeteroAKD.Data;

/// <summary>The IHDR chunk of a one-channel PNG, checked.</summary>
/// <param name="Width">Columns.</param>
/// <param name="Height">Rows.</param>
/// <param name="BitDepth">1, 2, 4, 8 or 16 (gray only) bits a pixel.</param>
/// <param name="IsPalette">The value is a palette index, else a gray level.</param>
/// <param name="IsInterlaced">Adam7.</param>
internal readonly record struct PngHeader(int Width, int Height, int BitDepth, bool IsPalette, bool IsInterlaced)
{
    /// <summary>No label picture is larger on a side; a header that says so is broken or hostile.</summary>
    public const int MaxSide = 32768;

    /// <summary>More pixels than this are refused before anything is allocated (512 MiB of ids).</summary>
    public const long MaxPixels = 1L << 28;

    private const int Gray = 0, Palette = 3;

    /// <summary>Bytes of one row of <paramref name="columns"/> pixels, without the filter byte.</summary>
    public int RowBytes(int columns) => (columns * BitDepth + 7) / 8;

    public static PngHeader Parse(string path, ReadOnlySpan<byte> content)
    {
        if (content.Length != 13)
        {
            throw new ImageFormatException(path, $"the PNG header holds {content.Length} bytes, not 13", "Copy or export the file again");
        }
        var width = BinaryPrimitives.ReadUInt32BigEndian(content);
        var height = BinaryPrimitives.ReadUInt32BigEndian(content[4..]);
        if (width is 0 or > MaxSide || height is 0 or > MaxSide || (long)width * height > MaxPixels)
        {
            throw new ImageFormatException(path, $"a label picture of {width}x{height} is outside 1 to {MaxSide} a side and {MaxPixels} pixels", "Check the file");
        }
        var (depth, colour) = (content[8], content[9]);
        if (colour is not (Gray or Palette))
        {
            throw new ImageFormatException(
                path, $"labels must be gray or palette PNGs, this is {ColourName(colour)}", "Convert it so that each pixel holds its class id");
        }
        var depthAllowed = colour == Gray ? depth is 1 or 2 or 4 or 8 or 16 : depth is 1 or 2 or 4 or 8;
        if (!depthAllowed || content[10] != 0 || content[11] != 0 || content[12] > 1)
        {
            throw new ImageFormatException(
                path,
                $"the PNG header is invalid (bit depth {depth}, compression {content[10]}, filter {content[11]}, interlace {content[12]})",
                "Copy or export the file again");
        }
        return new PngHeader((int)width, (int)height, depth, colour == Palette, content[12] == 1);
    }

    private static string ColourName(byte colour) => colour switch
    {
        2 => "an RGB picture",
        4 => "gray with alpha",
        6 => "an RGBA picture",
        _ => $"of unknown colour type {colour}",
    };
}
