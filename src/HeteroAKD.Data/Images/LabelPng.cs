using System.Buffers.Binary;
using System.IO.Compression;
using HeteroAKD.Tensors;

namespace HeteroAKD.Data;

/// <summary>
/// Reads and writes label PNGs. A class label is the stored index or gray level, which image libraries turn into colours or scale to 8 bits; so this reads the
/// file itself: gray of 1, 2, 4, 8 or 16 bits and palette of 1, 2, 4 or 8 bits, plain or Adam7-interlaced, every checksum verified (PNG specification, third
/// edition).
/// </summary>
public static class LabelPng
{
    private const string Remedy = "Copy or export the file again, or take it off the list";

    /// <summary>Decodes a label file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="limits">What it may hold; null takes the default.</param>
    /// <exception cref="ImageFormatException">The file is missing, cut short, corrupt, too large, or holds colours instead of ids.</exception>
    public static LabelImage Read(string path, ImageLimits? limits = null) =>
        Decode(FileBytes.Read(path, limits ?? ImageLimits.Default, start => RequireSignature(start, path)), path, limits);

    /// <summary>Decodes a label file that is in memory.</summary>
    /// <param name="file">The whole file.</param>
    /// <param name="path">Its name in error texts.</param>
    /// <param name="limits">What it may hold; null takes the default.</param>
    public static LabelImage Decode(ReadOnlySpan<byte> file, string path, ImageLimits? limits = null)
    {
        RequireSignature(file, path);
        PngHeader header = PngContainer.ReadHeader(path, file, limits ?? ImageLimits.Default, out int position);
        if (!header.IsOneChannel)
        {
            throw new ImageFormatException(
                path, $"labels must be gray or palette PNGs, this is {header.ColourName}",
                "Where the masks show the colours of the class file, set data.storedLabels: color; else convert it so that each pixel holds its class id");
        }
        MemoryStream compressed = CollectChunks(path, file, position, header, out (byte R, byte G, byte B)[]? palette, out int orientation);
        PngData.Verify(path, header, compressed);
        ushort[] ids = new ushort[header.Width * header.Height]; // [H, W]
        Inflate(path, header, compressed, ids);
        if (palette is not null)
        {
            CheckIndices(path, ids, palette.Length);
        }
        return new LabelImage(header.Width, header.Height, ids, palette) { StoredOrientation = orientation };
    }

    /// <summary>The palette of a label file that <see cref="Read"/> takes, without its pixels; null for a gray one.</summary>
    internal static (byte R, byte G, byte B)[]? ReadPalette(string path, ImageLimits limits)
    {
        Span<byte> file = FileBytes.Read(path, limits).AsSpan();
        PngHeader header = PngContainer.ReadHeader(path, file, limits, out int position);
        CollectChunks(path, file, position, header, out (byte R, byte G, byte B)[]? palette, out _);
        return palette;
    }

    /// <summary>The error of a label file that is something else: what it is, and what to do.</summary>
    internal static ImageFormatException NotPng(string path, ReadOnlySpan<byte> file) => PictureFormat.NameOf(file) switch
    {
        null => new ImageFormatException(path, "not a PNG file", "Labels must be gray or palette PNGs"),
        "JPEG" =>
            new ImageFormatException(
                path, "a JPEG file, which does not keep label values exactly", "Export the masks again as PNG; converting this file does not bring them back"),
        var kind =>
            new ImageFormatException(path, $"not a PNG file but {kind}", "Labels must be gray or palette PNGs: convert it to PNG without changing its values"),
    };

    /// <summary>Writes ids as an 8-bit gray PNG, or as an 8-bit palette PNG where a palette is given.</summary>
    /// <param name="path">Replaced where it exists.</param>
    /// <param name="ids">[H, W].</param>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    /// <param name="palette">At most 256 entries, more than the largest id; null for gray.</param>
    /// <exception cref="StorageException">The disk is full or refuses.</exception>
    public static void Write(string path, ReadOnlySpan<byte> ids, int width, int height, ReadOnlySpan<(byte R, byte G, byte B)> palette = default)
    {
        if (ids.Length != width * height)
        {
            throw new ArgumentException($"LabelPng.Write: {ids.Length} ids do not fill [{height}, {width}].", nameof(ids));
        }
        using MemoryStream stream = new();
        stream.Write(PngContainer.SignatureBytes);
        Span<byte> header = stackalloc byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], height);
        header[8] = 8;
        header[9] = (byte)(palette.IsEmpty ? 0 : 3);
        PngContainer.WriteChunk(stream, "IHDR"u8, header);
        if (!palette.IsEmpty)
        {
            WritePalette(stream, palette);
        }
        PngContainer.WriteChunk(stream, "IDAT"u8, Deflate(ids, width, height));
        PngContainer.WriteChunk(stream, "IEND"u8, []);
        AtomicFile.Write(path, stream.WriteTo);
    }

    private static void RequireSignature(ReadOnlySpan<byte> file, string path)
    {
        if (!PngContainer.HasSignature(file))
        {
            throw NotPng(path, file);
        }
    }

    private static MemoryStream CollectChunks(
        string path, ReadOnlySpan<byte> file, int position, PngHeader header, out (byte R, byte G, byte B)[]? palette, out int orientation)
    {
        palette = null;
        orientation = Orientation.AsStored;
        MemoryStream compressed = new();
        bool dataEnded = false;
        while (true)
        {
            ReadOnlySpan<byte> type = PngContainer.ReadChunk(path, file, ref position, out ReadOnlySpan<byte> content);
            if (type.SequenceEqual("IDAT"u8))
            {
                if (dataEnded || (header.IsPalette && palette is null))
                {
                    throw new ImageFormatException(path, dataEnded ? "the PNG's data chunks are not in a row" : "the palette PNG has no palette", Remedy);
                }
                compressed.Write(content);
                continue;
            }
            dataEnded = compressed.Length > 0;
            if (type.SequenceEqual("IEND"u8))
            {
                return compressed;
            }
            if (type.SequenceEqual("PLTE"u8))
            {
                palette = header.IsPalette && palette is null && !dataEnded ? ParsePalette(path, content, header.BitDepth)
                    : throw new ImageFormatException(path, "the PNG's palette is out of place", Remedy);
            }
            else if (type.SequenceEqual("eXIf"u8))
            {
                orientation = Orientation.OfExif(content);
            }
            else if ((type[0] & 0x20) == 0)
            {
                throw new ImageFormatException(path, $"unknown critical PNG chunk '{System.Text.Encoding.Latin1.GetString(type)}'", Remedy);
            }
        }
    }

    private static (byte R, byte G, byte B)[] ParsePalette(string path, ReadOnlySpan<byte> content, int bitDepth)
    {
        int count = content.Length / 3;
        if (content.Length % 3 != 0 || count == 0 || count > 1 << bitDepth)
        {
            throw new ImageFormatException(path, $"a palette of {content.Length} bytes does not suit {bitDepth} bits a pixel", Remedy);
        }
        (byte, byte, byte)[] palette = new (byte, byte, byte)[count];
        for (int i = 0; i < count; i++)
        {
            palette[i] = (content[i * 3], content[i * 3 + 1], content[i * 3 + 2]);
        }
        return palette;
    }

    private static void Inflate(string path, PngHeader header, MemoryStream compressed, ushort[] ids)
    {
        compressed.Position = 0;
        using ZLibStream inflated = new(compressed, CompressionMode.Decompress);
        try
        {
            PngRows.ReadAll(inflated, header, ids);
            if (inflated.ReadByte() >= 0)
            {
                throw new InvalidDataException("there is more data than the header says");
            }
        }
        catch (Exception cause) when (cause is InvalidDataException or EndOfStreamException)
        {
            throw PngData.Broken(path, cause.Message, cause);
        }
    }

    private static void CheckIndices(string path, ReadOnlySpan<ushort> ids, int paletteLength)
    {
        foreach (ushort id in ids)
        {
            if (id >= paletteLength)
            {
                throw new ImageFormatException(path, $"a pixel points at palette entry {id}, the palette has {paletteLength}", Remedy);
            }
        }
    }

    private static void WritePalette(Stream target, ReadOnlySpan<(byte R, byte G, byte B)> palette)
    {
        byte[] content = new byte[palette.Length * 3];
        for (int i = 0; i < palette.Length; i++)
        {
            (content[i * 3], content[i * 3 + 1], content[i * 3 + 2]) = palette[i];
        }
        PngContainer.WriteChunk(target, "PLTE"u8, content);
    }

    private static byte[] Deflate(ReadOnlySpan<byte> ids, int width, int height)
    {
        MemoryStream compressed = new();
        using (ZLibStream deflate = new(compressed, CompressionLevel.Optimal, leaveOpen: true))
        {
            for (int y = 0; y < height; y++)
            {
                deflate.WriteByte(0); // filter "none": labels are flat areas, which deflate alone packs well
                deflate.Write(ids.Slice(y * width, width));
            }
        }
        return compressed.ToArray();
    }
}
