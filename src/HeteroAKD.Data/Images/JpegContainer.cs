using System.Buffers.Binary;

namespace HeteroAKD.Data;

/// <summary>Walks the markers of a JPEG file (ITU-T T.81, annex B) from start to end of image, so that a file cut anywhere is refused.</summary>
internal static class JpegContainer
{
    private const byte StartOfScan = 0xDA;
    private const byte EndOfImage = 0xD9;

    /// <summary>Every 8x8 block of a component takes a bit at least, and the coarsest sampling has 8 blocks for 32x32 pixels.</summary>
    private const long MaxPixelsPerByte = 1024;

    public static bool HasSignature(ReadOnlySpan<byte> file) => file.Length >= 3 && file[0] == 0xFF && file[1] == 0xD8 && file[2] == 0xFF;

    /// <summary>Walks to the end of image; a picture larger than the limits, or than the file's bytes can hold, is refused at its header.</summary>
    public static void Check(string path, ReadOnlySpan<byte> file, ImageLimits limits)
    {
        int position = 2;
        while (true)
        {
            byte marker = ReadMarker(path, file, ref position);
            if (marker == EndOfImage)
            {
                return;
            }
            if (position + 2 > file.Length)
            {
                throw Truncated(path);
            }
            ushort length = BinaryPrimitives.ReadUInt16BigEndian(file[position..]);
            if (length < 2 || position + length > file.Length)
            {
                throw Truncated(path);
            }
            if (IsFrameHeader(marker))
            {
                CheckFrame(path, file.Slice(position, length), limits, file.Length);
            }
            position += length;
            if (marker == StartOfScan)
            {
                SkipEntropyCodedData(file, ref position);
            }
        }
    }

    /// <summary>SOF0 to SOF15 without DHT, JPG and DAC, which lie between them.</summary>
    private static bool IsFrameHeader(byte marker) => marker is >= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC);

    /// <param name="path">For the error text.</param>
    /// <param name="frame">The segment with its length: length (2), precision (1), height (2), width (2), ...</param>
    /// <param name="limits">What the picture may hold.</param>
    /// <param name="fileBytes">Length of the file.</param>
    private static void CheckFrame(string path, ReadOnlySpan<byte> frame, ImageLimits limits, int fileBytes)
    {
        if (frame.Length < 7)
        {
            throw Truncated(path);
        }
        (ushort width, ushort height) = (BinaryPrimitives.ReadUInt16BigEndian(frame[5..]), BinaryPrimitives.ReadUInt16BigEndian(frame[3..]));
        limits.Require(path, width, height);
        if ((long)width * height > fileBytes * MaxPixelsPerByte)
        {
            throw new ImageFormatException(
                path, $"{fileBytes} bytes cannot hold {width}x{height} pixels", "Copy or export the file again, or take it off the list");
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
