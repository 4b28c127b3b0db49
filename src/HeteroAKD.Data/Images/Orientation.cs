using System.Buffers.Binary;

namespace HeteroAKD.Data;

/// <summary>
/// How a stored picture stands upright: the eight values of the EXIF tag Orientation (CIPA DC-008, tag 274). 1 is as stored, 5 to 8 swap the sides.
/// </summary>
internal static class Orientation
{
    /// <summary>Stored as it is to be seen.</summary>
    public const int AsStored = 1;

    private const ushort Tag = 274;
    private const int EntryBytes = 12;

    /// <summary>The orientation that a PNG's eXIf chunk names; <see cref="AsStored"/> without one.</summary>
    public static int OfPng(string path, ReadOnlySpan<byte> file)
    {
        int position = PngContainer.SignatureBytes.Length;
        while (true)
        {
            ReadOnlySpan<byte> type = PngContainer.ReadChunk(path, file, ref position, out ReadOnlySpan<byte> content);
            if (type.SequenceEqual("eXIf"u8))
            {
                return OfExif(content);
            }
            if (type.SequenceEqual("IEND"u8))
            {
                return AsStored;
            }
        }
    }

    /// <summary>The orientation in a block of EXIF data; <see cref="AsStored"/> where there is none or the block is damaged.</summary>
    public static int OfExif(ReadOnlySpan<byte> exif)
    {
        bool little = exif.StartsWith("II*\0"u8);
        if (exif.Length < 8 || (!little && !exif.StartsWith("MM\0*"u8)))
        {
            return AsStored;
        }
        uint offset = little ? BinaryPrimitives.ReadUInt32LittleEndian(exif[4..]) : BinaryPrimitives.ReadUInt32BigEndian(exif[4..]);
        int count = ReadShort(exif, offset, little);
        for (int i = 0; i < count; i++)
        {
            long entry = offset + 2 + ((long)i * EntryBytes);
            if (ReadShort(exif, entry, little) == Tag)
            {
                return ReadShort(exif, entry + 8, little) is >= 1 and <= 8 and var value ? value : AsStored;
            }
        }
        return AsStored;
    }

    /// <summary>Turns a picture upright.</summary>
    /// <param name="stored">[H, W, channels].</param>
    /// <param name="width">W.</param>
    /// <param name="height">H.</param>
    /// <param name="channels">Values of a pixel.</param>
    /// <param name="orientation">1 to 8.</param>
    /// <param name="upright">[H, W, channels], or [W, H, channels] where the sides are swapped.</param>
    /// <returns>Columns and rows of the upright picture.</returns>
    public static (int Width, int Height) Turn<T>(ReadOnlySpan<T> stored, int width, int height, int channels, int orientation, Span<T> upright)
    {
        (int columns, int rows) = orientation >= 5 ? (height, width) : (width, height);
        int last = (width * height) - 1;

        // Where the first pixel is taken from, and how far apart its neighbours to the right and below are stored.
        (int first, int right, int down) = orientation switch
        {
            2 => (width - 1, -1, width),
            3 => (last, -1, -width),
            4 => (last - width + 1, 1, -width),
            5 => (0, width, 1),
            6 => (last - width + 1, -width, 1),
            7 => (last, -width, -1),
            8 => (width - 1, width, -1),
            _ => (0, 1, width),
        };
        for (int y = 0; y < rows; y++)
        {
            for (int x = 0; x < columns; x++)
            {
                stored.Slice((first + (x * right) + (y * down)) * channels, channels).CopyTo(upright[(((y * columns) + x) * channels)..]);
            }
        }
        return (columns, rows);
    }

    private static int ReadShort(ReadOnlySpan<byte> exif, long at, bool little) =>
        at + 2 > exif.Length ? 0 : little ? BinaryPrimitives.ReadUInt16LittleEndian(exif[(int)at..]) : BinaryPrimitives.ReadUInt16BigEndian(exif[(int)at..]);
}
