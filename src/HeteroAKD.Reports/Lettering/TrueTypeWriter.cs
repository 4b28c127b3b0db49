using System.Buffers.Binary;
using System.Text;

namespace HeteroAKD.Reports.Lettering;

/// <summary>A point of a contour, on the curve or the control point of a parabola.</summary>
internal readonly record struct OutlinePoint(short X, short Y, bool OnCurve);

/// <summary>A glyph: advance width and closed contours in font units.</summary>
internal sealed record TrueTypeGlyph(int Advance, IReadOnlyList<IReadOnlyList<OutlinePoint>> Contours);

/// <summary>Writes the tables of a TrueType font that any text engine needs (OpenType specification 1.9, chapter per table).</summary>
internal static class TrueTypeWriter
{
    public const int UnitsPerEm = 1000;
    private const short Ascender = 900;
    private const short Descender = -260;

    /// <summary>The font file; glyph 0 stands for missing characters, glyph i + 1 for character i.</summary>
    /// <param name="family">Family name.</param>
    /// <param name="bold">Whether this is the bold face.</param>
    /// <param name="characters">Ascending, all in the basic plane.</param>
    /// <param name="glyphs">One more than characters.</param>
    public static byte[] Write(string family, bool bold, IReadOnlyList<char> characters, IReadOnlyList<TrueTypeGlyph> glyphs)
    {
        (byte[] glyf, byte[] loca) = Outlines(glyphs);
        SortedDictionary<string, byte[]> tables = new(StringComparer.Ordinal)
        {
            ["OS/2"] = Os2(bold, characters),
            ["cmap"] = CharacterMap(characters),
            ["glyf"] = glyf,
            ["head"] = Head(bold),
            ["hhea"] = HorizontalHeader(glyphs),
            ["hmtx"] = HorizontalMetrics(glyphs),
            ["loca"] = loca,
            ["maxp"] = MaximumProfile(glyphs),
            ["name"] = Names(family, bold ? "Bold" : "Regular"),
            ["post"] = new Table().U32(0x00030000).U32(0).I16(-100).I16(60).U32(0).Zeros(16).ToArray(),
        };
        return Assemble(tables);
    }

    private static byte[] Assemble(SortedDictionary<string, byte[]> tables)
    {
        int power = (int)Math.Log2(tables.Count);
        int range = 16 << power;
        Table directory = new Table().U32(0x00010000).U16(tables.Count).U16(range).U16(power).U16((16 * tables.Count) - range);
        int offset = 12 + (16 * tables.Count);
        foreach ((string tag, byte[] content) in tables)
        {
            directory.Ascii(tag).U32(CheckSum(content)).U32((uint)offset).U32((uint)content.Length);
            offset += Padded(content.Length);
        }

        foreach (byte[] content in tables.Values)
        {
            directory.Bytes(content).Zeros(Padded(content.Length) - content.Length);
        }

        return directory.ToArray();
    }

    private static (byte[] Glyf, byte[] Loca) Outlines(IReadOnlyList<TrueTypeGlyph> glyphs)
    {
        Table glyf = new();
        Table loca = new Table().U32(0);
        foreach (TrueTypeGlyph glyph in glyphs)
        {
            OutlinePoint[] points = [.. glyph.Contours.SelectMany(c => c)];
            if (points.Length > 0)
            {
                glyf.I16((short)glyph.Contours.Count)
                    .I16(points.Min(p => p.X)).I16(points.Min(p => p.Y)).I16(points.Max(p => p.X)).I16(points.Max(p => p.Y));
                int end = -1;
                foreach (IReadOnlyList<OutlinePoint> contour in glyph.Contours)
                {
                    glyf.U16(end += contour.Count);
                }

                glyf.U16(0);  // no instructions
                foreach (OutlinePoint point in points)
                {
                    glyf.U8(point.OnCurve ? 1 : 0);
                }

                short x = 0, y = 0;
                foreach (OutlinePoint point in points)
                {
                    glyf.I16((short)(point.X - x));
                    x = point.X;
                }

                foreach (OutlinePoint point in points)
                {
                    glyf.I16((short)(point.Y - y));
                    y = point.Y;
                }

                glyf.Zeros(Padded(glyf.Length) - glyf.Length);
            }

            loca.U32((uint)glyf.Length);
        }

        return (glyf.ToArray(), loca.ToArray());
    }

    // Format 4 with a segment a character: a hundred characters do not need runs.
    private static byte[] CharacterMap(IReadOnlyList<char> characters)
    {
        int segments = characters.Count + 1;
        int power = (int)Math.Log2(segments);
        int range = 2 << power;
        Table map = new Table().U16(4).U16(16 + (8 * segments)).U16(0).U16(2 * segments).U16(range).U16(power).U16((2 * segments) - range);
        List<ushort> codes = [.. characters, 0xFFFF];
        codes.ForEach(code => map.U16(code));
        map.U16(0);
        codes.ForEach(code => map.U16(code));
        for (int i = 0; i < characters.Count; i++)
        {
            map.U16((ushort)(i + 1 - characters[i]));
        }

        map.U16(1).Zeros(2 * segments);
        return new Table().U16(0).U16(1).U16(3).U16(1).U32(12).Bytes(map.ToArray()).ToArray();
    }

    private static byte[] Head(bool bold) => new Table()
        .U32(0x00010000).U32(0x00010000).U32(0).U32(0x5F0F3CF5).U16(3).U16(UnitsPerEm).Zeros(16)
        .I16(0).I16(Descender).I16(UnitsPerEm).I16(Ascender).U16(bold ? 1 : 0).U16(6).I16(2).I16(1).I16(0).ToArray();

    private static byte[] HorizontalHeader(IReadOnlyList<TrueTypeGlyph> glyphs) => new Table()
        .U32(0x00010000).I16(Ascender).I16(Descender).I16(0).U16(glyphs.Max(g => g.Advance)).I16(0).I16(0).I16((short)glyphs.Max(g => g.Advance))
        .I16(1).I16(0).I16(0).Zeros(8).I16(0).U16(glyphs.Count).ToArray();

    private static byte[] HorizontalMetrics(IReadOnlyList<TrueTypeGlyph> glyphs)
    {
        Table metrics = new();
        foreach (TrueTypeGlyph glyph in glyphs)
        {
            IEnumerable<short> left = glyph.Contours.SelectMany(c => c).Select(p => p.X);
            metrics.U16(glyph.Advance).I16(left.DefaultIfEmpty().Min());
        }

        return metrics.ToArray();
    }

    private static byte[] MaximumProfile(IReadOnlyList<TrueTypeGlyph> glyphs) => new Table()
        .U32(0x00010000).U16(glyphs.Count).U16(glyphs.Max(g => g.Contours.Sum(c => c.Count))).U16(glyphs.Max(g => g.Contours.Count))
        .U16(0).U16(0).U16(2).Zeros(16).ToArray();

    private static byte[] Os2(bool bold, IReadOnlyList<char> characters) => new Table()
        .U16(4).I16(540).U16(bold ? 700 : 400).U16(5).U16(0).Zeros(20).I16(0).Zeros(10).Zeros(16).Ascii("NONE")
        .U16(bold ? 0x20 : 0x40).U16(characters[0]).U16(characters[^1]).I16(Ascender).I16(Descender).I16(0).U16(Ascender).U16(-Descender)
        .U32(1).U32(0).I16(520).I16(720).U16(0).U16(' ').U16(0).ToArray();

    private static byte[] Names(string family, string style)
    {
        string[] texts = [family, style, $"{family} {style}", $"{family} {style}", "1.0", $"{family}-{style}".Replace(" ", "", StringComparison.Ordinal)];
        Table records = new Table().U16(0).U16(texts.Length).U16(6 + (12 * texts.Length));
        Table strings = new();
        for (int i = 0; i < texts.Length; i++)
        {
            byte[] text = Encoding.BigEndianUnicode.GetBytes(texts[i]);
            records.U16(3).U16(1).U16(0x409).U16(i + 1).U16(text.Length).U16(strings.Length);
            strings.Bytes(text);
        }

        return records.Bytes(strings.ToArray()).ToArray();
    }

    private static int Padded(int length) => (length + 3) & ~3;

    private static uint CheckSum(byte[] content)
    {
        uint sum = 0;
        byte[] word = new byte[4];
        for (int i = 0; i < content.Length; i += 4)
        {
            Array.Clear(word);
            content.AsSpan(i, Math.Min(4, content.Length - i)).CopyTo(word);
            sum += BinaryPrimitives.ReadUInt32BigEndian(word);
        }

        return sum;
    }

    // Big-endian, as every number in a font file.
    private sealed class Table
    {
        private readonly MemoryStream _stream = new();

        public int Length => (int)_stream.Length;

        public Table U8(int value)
        {
            _stream.WriteByte((byte)value);
            return this;
        }

        public Table U16(int value) => U8(value >> 8).U8(value);

        public Table I16(short value) => U16((ushort)value);

        public Table U32(uint value) => U16((int)(value >> 16)).U16((int)(value & 0xFFFF));

        public Table Ascii(string text) => Bytes(Encoding.ASCII.GetBytes(text));

        public Table Bytes(byte[] content)
        {
            _stream.Write(content);
            return this;
        }

        public Table Zeros(int count) => Bytes(new byte[count]);

        public byte[] ToArray() => _stream.ToArray();
    }
}
