using System.Buffers.Binary;
using System.IO.Hashing;

namespace HeteroAKD.Data;

/// <summary>The chunks of a PNG file (PNG specification, third edition, section 5): order, lengths and checksums.</summary>
internal static class PngContainer
{
    private static readonly byte[] s_signature = [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    public static bool HasSignature(ReadOnlySpan<byte> file) => file.StartsWith(s_signature);

    public static ReadOnlySpan<byte> SignatureBytes => s_signature;

    /// <summary>Walks all chunks to IEND, and verifies header and pixel data.</summary>
    public static void Check(string path, ReadOnlySpan<byte> file, ImageLimits limits)
    {
        PngHeader header = ReadHeader(path, file, limits, out int position);
        MemoryStream compressed = new();
        while (true)
        {
            ReadOnlySpan<byte> type = ReadChunk(path, file, ref position, out ReadOnlySpan<byte> content);
            if (type.SequenceEqual("IEND"u8))
            {
                break;
            }
            if (type.SequenceEqual("IDAT"u8))
            {
                compressed.Write(content);
            }
        }
        PngData.Verify(path, header, compressed);
    }

    /// <summary>Reads the first chunk of a file that begins with the signature.</summary>
    /// <param name="path">For the error text.</param>
    /// <param name="file">The file, or at least the first 33 bytes of it.</param>
    /// <param name="limits">What the picture may hold.</param>
    /// <param name="position">Start of the second chunk.</param>
    public static PngHeader ReadHeader(string path, ReadOnlySpan<byte> file, ImageLimits limits, out int position)
    {
        position = s_signature.Length;
        return ReadChunk(path, file, ref position, out ReadOnlySpan<byte> content).SequenceEqual("IHDR"u8)
            ? PngHeader.Parse(path, content, limits)
            : throw new ImageFormatException(path, "the first PNG chunk is not IHDR", "Copy or export the file again, or take it off the list");
    }

    /// <summary>Reads the chunk at <paramref name="position"/> and moves behind it.</summary>
    /// <param name="path">For the error text.</param>
    /// <param name="file">The whole file.</param>
    /// <param name="position">Start of the chunk's length field.</param>
    /// <param name="content">The chunk's bytes without length, type and CRC.</param>
    /// <returns>The four letters of its type.</returns>
    public static ReadOnlySpan<byte> ReadChunk(string path, ReadOnlySpan<byte> file, ref int position, out ReadOnlySpan<byte> content)
    {
        if (file.Length - position < 12)
        {
            throw Truncated(path);
        }
        uint length = BinaryPrimitives.ReadUInt32BigEndian(file[position..]);
        if (length > file.Length - position - 12)
        {
            throw Truncated(path);
        }
        ReadOnlySpan<byte> type = file.Slice(position + 4, 4);
        content = file.Slice(position + 8, (int)length);
        uint stored = BinaryPrimitives.ReadUInt32BigEndian(file[(position + 8 + (int)length)..]);
        if (stored != Crc32.HashToUInt32(file.Slice(position + 4, 4 + (int)length)))
        {
            throw new ImageFormatException(
                path, $"the PNG chunk '{System.Text.Encoding.Latin1.GetString(type)}' at byte {position} has a wrong "
                    + "checksum",
                "Copy or export the file again");
        }
        position += 12 + (int)length;
        return type;
    }

    public static void WriteChunk(Stream target, ReadOnlySpan<byte> type, ReadOnlySpan<byte> content)
    {
        byte[] chunk = new byte[12 + content.Length];
        BinaryPrimitives.WriteInt32BigEndian(chunk, content.Length);
        type.CopyTo(chunk.AsSpan(4));
        content.CopyTo(chunk.AsSpan(8));
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(8 + content.Length), Crc32.HashToUInt32(chunk.AsSpan(4, 4 + content.Length)));
        target.Write(chunk);
    }

    private static ImageFormatException Truncated(string path) =>
        new(path, "the PNG file is cut short", "Copy or export the file again, or take it off the list");
}
