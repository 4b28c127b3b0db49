using System.Buffers.Binary;
using System.IO.Compression;

namespace HeteroAKD.Data.Tests;

/// <summary>A PNG writer of its own, to make every kind of file the reader must take, and every kind of broken one.</summary>
internal sealed class PngBuilder
{
    private static readonly (int X, int Y, int StepX, int StepY)[] s_passes =
        [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];

    public required int Width { get; init; }

    public required int Height { get; init; }

    public int BitDepth { get; init; } = 8;

    /// <summary>0 gray, 2 RGB, 3 palette.</summary>
    public int ColourType { get; init; }

    public int Channels => ColourType switch { 2 => 3, 4 => 2, 6 => 4, _ => 1 };

    public bool Interlaced { get; init; }

    /// <summary>0 to 4; -1 takes each row's number modulo 5.</summary>
    public int Filter { get; init; } = -1;

    public int PaletteLength { get; init; } = 256;

    public int BytesPerIdat { get; init; } = int.MaxValue;

    public bool WithAncillaryChunks { get; init; }

    /// <param name="values">[H, W, channels].</param>
    public byte[] Encode(ushort[] values)
    {
        MemoryStream file = new();
        file.Write([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]);
        WriteChunk(file, "IHDR", Header(Width, Height, BitDepth, ColourType, Interlaced));
        if (WithAncillaryChunks)
        {
            WriteChunk(file, "gAMA", [0, 0, 0xB1, 0x8F]);
            WriteChunk(file, "tEXt", "Comment\0labels"u8.ToArray());
        }
        if (ColourType == 3)
        {
            int entries = Math.Min(PaletteLength, 1 << BitDepth);
            WriteChunk(file, "PLTE", [.. Enumerable.Range(0, entries * 3).Select(i => (byte)(i * 37))]);
        }
        byte[] compressed = Compress(RawRows(values));
        for (int start = 0; start < compressed.Length; start += Math.Min(BytesPerIdat, compressed.Length))
        {
            WriteChunk(file, "IDAT", compressed[start..Math.Min(compressed.Length, (int)Math.Min(int.MaxValue, (long)start + BytesPerIdat))]);
        }
        if (WithAncillaryChunks)
        {
            WriteChunk(file, "tIME", [7, 230, 1, 2, 3, 4, 5]);
        }
        WriteChunk(file, "IEND", []);
        return file.ToArray();
    }

    public static byte[] Header(int width, int height, int bitDepth, int colourType, bool interlaced = false)
    {
        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9], header[12]) = ((byte)bitDepth, (byte)colourType, (byte)(interlaced ? 1 : 0));
        return header;
    }

    public static byte[] Compress(byte[] raw)
    {
        MemoryStream target = new();
        using (ZLibStream deflate = new(target, CompressionLevel.Fastest, leaveOpen: true))
        {
            deflate.Write(raw);
        }
        return target.ToArray();
    }

    public static void WriteChunk(Stream file, string type, byte[] content)
    {
        byte[] body = System.Text.Encoding.ASCII.GetBytes(type).Concat(content).ToArray();
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, content.Length);
        file.Write(number);
        file.Write(body);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc(body));
        file.Write(number);
    }

    /// <summary>Filter bytes and filtered rows of all passes, before compression.</summary>
    public byte[] RawRows(ushort[] values)
    {
        MemoryStream raw = new();
        foreach ((int x0, int y0, int stepX, int stepY) in Interlaced ? s_passes : [(0, 0, 1, 1)])
        {
            int[] columns = Enumerable.Range(0, Width).Where(x => x >= x0 && (x - x0) % stepX == 0).ToArray();
            if (columns.Length == 0)
            {
                continue;
            }
            byte[]? above = null;
            for (int y = y0; y < Height; y += stepY)
            {
                byte[] row = Pack(columns.SelectMany(x => Enumerable.Range(0, Channels).Select(c => values[(y * Width + x) * Channels + c])));
                int filter = Filter >= 0 ? Filter : y % 5;
                raw.WriteByte((byte)filter);
                raw.Write(ApplyFilter(filter, row, above ?? new byte[row.Length]));
                above = row;
            }
        }
        return raw.ToArray();
    }

    private byte[] Pack(IEnumerable<ushort> values)
    {
        int[] bits = values.SelectMany(v => Enumerable.Range(0, BitDepth).Select(b => (v >> (BitDepth - 1 - b)) & 1)).ToArray();
        byte[] row = new byte[(bits.Length + 7) / 8];
        for (int i = 0; i < bits.Length; i++)
        {
            row[i / 8] |= (byte)(bits[i] << (7 - i % 8));
        }
        return row;
    }

    private byte[] ApplyFilter(int filter, byte[] row, byte[] above)
    {
        int distance = Math.Max(1, BitDepth * Channels / 8);
        byte[] result = new byte[row.Length];
        for (int i = 0; i < row.Length; i++)
        {
            int a = i >= distance ? row[i - distance] : 0, b = above[i], c = i >= distance ? above[i - distance] : 0;
            int estimate = a + b - c;
            int nearest = new[] { a, b, c }.MinBy(v => Math.Abs(estimate - v)); // the first of equals, as the standard has it
            result[i] = (byte)(row[i] - filter switch { 0 => 0, 1 => a, 2 => b, 3 => (a + b) / 2, _ => nearest });
        }
        return result;
    }

    private static uint Crc(byte[] bytes)
    {
        uint crc = ~0u;
        foreach (byte value in bytes)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1)));
            }
        }
        return ~crc;
    }
}
