using System.Buffers.Binary;

namespace HeteroAKD.Data;

/// <summary>Walks the markers of a JPEG file (ITU-T T.81, annex B) from start to end of image, so that a file cut anywhere is refused.</summary>
internal static class JpegContainer
{
    private const byte StartOfScan = 0xDA;
    private const byte EndOfImage = 0xD9;

    public static bool HasSignature(ReadOnlySpan<byte> file) => file.Length >= 3 && file[0] == 0xFF && file[1] == 0xD8 && file[2] == 0xFF;

    public static void Check(string path, ReadOnlySpan<byte> file)
    {
        var position = 2;
        while (true)
        {
            var marker = ReadMarker(path, file, ref position);
            if (marker == EndOfImage)
            {
                return;
            }
            if (position + 2 > file.Length)
            {
                throw Truncated(path);
            }
            var length = BinaryPrimitives.ReadUInt16BigEndian(file[position..]);
            if (length < 2 || position + length > file.Length)
            {
                throw Truncated(path);
            }
            position += length;
            if (marker == StartOfScan)
            {
                SkipEntropyCodedData(file, ref position);
            }
        }
    }

    private static byte ReadMarker(string path, ReadOnlySpan<byte> file, ref int position)
    {
        if (position >= file.Length)
        {
            throw Truncated(path);
        }
        if (file[position] != 0xFF)
        {
            throw new ImageFormatException(path, $"the JPEG has no marker at byte {position}", "Copy or export the file again");
        }
        while (position < file.Length && file[position] == 0xFF)
        {
            position++;
        }
        return position < file.Length ? file[position++] : throw Truncated(path);
    }

    /// <summary>Stops at the next marker that is neither a stuffed zero nor a restart.</summary>
    private static void SkipEntropyCodedData(ReadOnlySpan<byte> file, ref int position)
    {
        while (position + 1 < file.Length)
        {
            if (file[position] == 0xFF && file[position + 1] is not (0 or 0xFF or (>= 0xD0 and <= 0xD7)))
            {
                return;
            }
            position++;
        }
        position = file.Length;
    }

    private static ImageFormatException Truncated(string path) =>
        new(path, "the JPEG file is cut short", "Copy or export the file again, or take it off the list");
}
