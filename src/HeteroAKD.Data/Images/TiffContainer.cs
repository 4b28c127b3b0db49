using System.Buffers.Binary;

namespace HeteroAKD.Data;

/// <summary>The first directory of a TIFF file (TIFF 6.0): whether all that it names lies within the file. A decoder fills what is missing.</summary>
internal static class TiffContainer
{
    private const int EntryBytes = 12;
    private const int Columns =
        256, Rows = 257, Bits = 258, Compression = 259, StripOffsets = 273, Samples = 277, RowsPerStrip = 278, StripByteCounts = 279, Planes = 284;
    private const int TileOffsets = 324, TileByteCounts = 325, Uncompressed = 1;

    private static readonly int[] s_read =
    [
        Columns, Rows, Bits, Compression, StripOffsets, Samples, RowsPerStrip, StripByteCounts, Planes, TileOffsets, TileByteCounts
    ];
    private const int Short = 3, Long = 4;

    private const string Remedy = "Copy or export the file again, or take it off the list";

    // Bytes of a value by its type: byte, text, short, long, rational, and the signed ones.
    private static readonly int[] s_bytes = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8];

    public static bool HasSignature(ReadOnlySpan<byte> file) => file.StartsWith("II*\0"u8) || file.StartsWith("MM\0*"u8);

    /// <summary>Walks the directory.</summary>
    /// <exception cref="ImageFormatException">It is cut short, or names bytes behind the file's end.</exception>
    public static void Check(string path, ReadOnlySpan<byte> file)
    {
        bool little = file[0] == (byte)'I';
        if (file.Length < 8 || (long)ReadLong(file, 4, little) is var directory && (directory < 8 || directory + 2 > file.Length)
            || directory + 2 + ((long)ReadShort(file, directory, little) * EntryBytes) + sizeof(uint) > file.Length) // the place of the next directory ends it
        {
            throw CutShort(path);
        }
        Dictionary<int, uint[]> places = new();
        for (int i = 0; i < ReadShort(file, directory, little); i++)
        {
            long entry = directory + 2 + ((long)i * EntryBytes);
            (ushort tag, ushort type, uint count) = (ReadShort(file, entry, little), ReadShort(file, entry + 2, little), ReadLong(file, entry + 4, little));
            long bytes = count * (type < s_bytes.Length ? s_bytes[type] : 0L);
            long at = bytes <= 4 ? entry + 8 : ReadLong(file, entry + 8, little);
            if (at + bytes > file.Length)
            {
                throw CutShort(path);
            }
            if (Array.IndexOf(s_read, tag) >= 0 && type is Short or Long)
            {
                if (places.ContainsKey(tag))
                {
                    throw new ImageFormatException(path, $"the TIFF file has tag {tag} twice", Remedy); // its values would be read again and again
                }
                uint[] values = new uint[count]; // as many as lie in the file
                for (int k = 0; k < values.Length; k++)
                {
                    values[k] = type == Short ? ReadShort(file, at + (2L * k), little) : ReadLong(file, at + (4L * k), little);
                }
                places[tag] = values;
            }
        }
        RequireWithin(path, places, StripOffsets, StripByteCounts, file.Length);
        RequireWithin(path, places, TileOffsets, TileByteCounts, file.Length);
        RequireStrips(path, places);
    }

    // A decoder leaves missing strips as they are, and fills short ones with what it read before.
    private static void RequireStrips(string path, Dictionary<int, uint[]> values)
    {
        long One(int tag, long otherwise) => values.TryGetValue(tag, out uint[]? found) && found.Length > 0 ? found[0] : otherwise;
        if (!values.TryGetValue(StripOffsets, out uint[]? starts) || !values.TryGetValue(StripByteCounts, out uint[]? sizes))
        {
            return; // tiles, or nothing that is read
        }
        (long columns, long rows, long samples, bool apart) = (One(Columns, 0), One(Rows, 0), One(Samples, 1), One(Planes, 1) == 2);
        if (columns < 1 || rows < 1)
        {
            return; // the limits refuse it
        }
        long inStrip = Math.Clamp(One(RowsPerStrip, rows), 1, Math.Max(1, rows));
        long strips = (rows + inStrip - 1) / inStrip;
        long rowBytes = ((columns * One(Bits, 1) * (apart ? 1 : samples)) + 7) / 8;
        if (starts.Length < strips * (apart ? samples : 1) || sizes.Length < starts.Length)
        {
            throw CutShort(path);
        }
        for (int i = 0; One(Compression, Uncompressed) == Uncompressed && i < sizes.Length; i++)
        {
            if (sizes[i] < rowBytes * Math.Min(inStrip, rows - (i % strips * inStrip)))
            {
                throw CutShort(path);
            }
        }
    }

    private static void RequireWithin(string path, Dictionary<int, uint[]> places, int offsets, int counts, int length)
    {
        if (places.TryGetValue(offsets, out uint[]? starts) && places.TryGetValue(counts, out uint[]? sizes)
            && starts.Zip(sizes, (start, size) => (long)start + size).Any(end => end > length))
        {
            throw CutShort(path);
        }
    }

    private static ImageFormatException CutShort(string path) => new(path, "the TIFF file is cut short", Remedy);

    private static ushort ReadShort(ReadOnlySpan<byte> file, long at, bool little) =>
        little ? BinaryPrimitives.ReadUInt16LittleEndian(file[(int)at..]) : BinaryPrimitives.ReadUInt16BigEndian(file[(int)at..]);

    private static uint ReadLong(ReadOnlySpan<byte> file, long at, bool little) =>
        little ? BinaryPrimitives.ReadUInt32LittleEndian(file[(int)at..]) : BinaryPrimitives.ReadUInt32BigEndian(file[(int)at..]);
}
