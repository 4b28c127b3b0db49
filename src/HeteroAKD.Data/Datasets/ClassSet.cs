using System.Globalization;
using HeteroAKD.Nn;

namespace HeteroAKD.Data;

/// <summary>The classes of a data set: names, colours and the id that means "do not count this pixel".</summary>
public sealed class ClassSet
{
    private static readonly string[] s_ignoreNames = ["unlabelled", "unlabeled", "void", "ignore", "ignored"];

    /// <summary>Class c has name <paramref name="names"/>[c] and colour <paramref name="colors"/>[c].</summary>
    /// <param name="names">At least two names.</param>
    /// <param name="colors">As many RGB colours.</param>
    /// <param name="ignoreIndex">0 to 255, not one of the classes.</param>
    public ClassSet(string[] names, (byte R, byte G, byte B)[] colors, int ignoreIndex = 255)
    {
        if (names.Length < 2 || names.Length > 255 || colors.Length != names.Length)
        {
            throw new ArgumentException($"ClassSet: {names.Length} names and {colors.Length} colours; give 2 to 255 of each, as many of one as of the other.");
        }
        if (ignoreIndex < names.Length || ignoreIndex > 255)
        {
            throw new ArgumentOutOfRangeException(nameof(ignoreIndex), ignoreIndex, $"ClassSet: must be {names.Length} to 255 for {names.Length} classes.");
        }
        (Names, Colors, IgnoreIndex) = (names, colors, ignoreIndex);
    }

    /// <summary>Classes that are only numbered, in the colours of Pascal VOC's map: where nothing is known of them but their number.</summary>
    /// <exception cref="DatasetException">There are fewer than 2 or more than 255.</exception>
    public static ClassSet Numbered(int count) => count is < 2 or > 255
        ? throw new DatasetException(
            null, $"{count} classes cannot be told apart in a label picture, which has ids 0 to 254", "Take a network of 2 to 255 classes")
        : new([.. Enumerable.Range(0, count).Select(c => $"class-{c}")], ColorMap.WithoutBlack(count));

    /// <summary>Name of each class.</summary>
    public string[] Names { get; }

    /// <summary>Picture colour of each class.</summary>
    public (byte R, byte G, byte B)[] Colors { get; }

    /// <summary>Colour of the ignored pixels in masks that store colours; null where none is named.</summary>
    public (byte R, byte G, byte B)? IgnoreColor { get; init; }

    /// <summary>[C], the id of each class in the files that the data set's evaluation server takes; null where it is the class itself.</summary>
    public byte[]? ServerIds { get; init; }

    /// <summary>Whether the server takes palette PNGs in class colours rather than gray ones.</summary>
    public bool ServerPalette { get; init; }

    /// <summary>Pixels with this id leave every loss and every score.</summary>
    public int IgnoreIndex { get; }

    /// <summary>Number of classes, without the ignored id.</summary>
    public int Count => Names.Length;

    /// <summary>Draws a label map in class colours, ignored pixels black.</summary>
    /// <param name="labels">[H, W], class ids.</param>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    public RgbImage Render(ReadOnlySpan<byte> labels, int width, int height) => RgbImage.OfLabels(labels, width, height, Colors);

    /// <summary>
    /// Writes a label map as the data set's evaluation server takes it: <see cref="ServerIds"/> as an 8-bit PNG, gray or with the classes' colours as its
    /// palette.
    /// </summary>
    /// <param name="path">Replaced where it exists.</param>
    /// <param name="labels">[H, W], class ids.</param>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    public void WriteServerPng(string path, ReadOnlySpan<byte> labels, int width, int height)
    {
        byte[] ids = new byte[labels.Length]; // [H, W]
        for (int i = 0; i < ids.Length; i++)
        {
            ids[i] = ServerId(labels[i]);
        }
        if (!ServerPalette)
        {
            LabelPng.Write(path, ids, width, height);
            return;
        }
        (byte R, byte G, byte B)[] palette = new (byte R, byte G, byte B)[256]; // black where no class has the id
        for (int c = 0; c < Count; c++)
        {
            palette[ServerId((byte)c)] = Colors[c];
        }
        LabelPng.Write(path, ids, width, height, palette);
    }

    /// <summary>
    /// Reads a class file: one "id name R G B" a line, ids 0, 1, 2, ... in any order. A last entry called Unlabelled, Void or Ignore is the ignored id; without
    /// one it is 255.
    /// </summary>
    /// <exception cref="DatasetException">The file is missing or a line is not of that form.</exception>
    public static ClassSet ReadFile(string path)
    {
        SortedDictionary<int, (string Name, (byte, byte, byte) Color)> entries = new SortedDictionary<int, (string Name, (byte, byte, byte) Color)>();
        int number = 0;
        foreach (string line in TextLines.Read(path))
        {
            number++;
            if (line.Length > 0 && !entries.TryAdd(ParseLine(path, line, number, out (string Name, (byte, byte, byte) Color) entry), entry))
            {
                throw new DatasetException(path, $"line {number} gives a class id a second time: \"{line}\"", "Each id stands on one line");
            }
        }
        int ignoreIndex = 255;
        (byte, byte, byte)? ignoreColor = null;
        if (entries.Count > 0 && entries.Last() is var last && s_ignoreNames.Contains(last.Value.Name, StringComparer.OrdinalIgnoreCase))
        {
            (ignoreIndex, ignoreColor) = (last.Key, last.Value.Color);
            entries.Remove(last.Key);
        }
        if (entries.FirstOrDefault(e => s_ignoreNames.Contains(e.Value.Name, StringComparer.OrdinalIgnoreCase)) is { Value.Name: not null } elsewhere)
        {
            throw new DatasetException(path, $"id {elsewhere.Key} is called {elsewhere.Value.Name}, but only the last id can be ignored",
                "Give the ignored pixels the highest id in masks and file, or 255 and no line; or rename the class if it is one");
        }
        if (entries.Count is < 2 or > 255 || entries.Keys.Last() != entries.Count - 1)
        {
            throw new DatasetException(
                path,
                $"{entries.Count} classes with ids {string.Join(", ", entries.Keys)}{Gap(entries.Keys)}",
                "Give at least two classes, numbered 0, 1, 2, ... without gaps");
        }
        return new ClassSet([.. entries.Values.Select(e => e.Name)], [.. entries.Values.Select(e => e.Color)], ignoreIndex) { IgnoreColor = ignoreColor };
    }

    private static string Gap(IEnumerable<int> ids) =>
        Enumerable.Range(0, 256).Except(ids).First() is var missing && ids.Any(id => id > missing) ? $"; {missing} is missing" : "";

    /// <summary>The text of a class file that reads back to these classes; a blank in a name becomes a hyphen.</summary>
    public string ToFileText()
    {
        IEnumerable<string> lines = Names.Select(
            (name, c) => FormattableString.Invariant($"{c} {name.Replace(' ', '-')} {Colors[c].R} {Colors[c].G} {Colors[c].B}"));
        (byte red, byte green, byte blue) = IgnoreColor
            ?? Enumerable.Range(0, 256).Select(v => ((byte)v, (byte)v, (byte)v)).First(gray => !Colors.Contains(gray));
        return string.Join('\n', [.. lines, FormattableString.Invariant($"{IgnoreIndex} Unlabelled {red} {green} {blue}"), ""]);
    }

    private byte ServerId(byte label) => ServerIds?[label] ?? label;

    private static int ParseLine(string path, string line, int number, out (string Name, (byte, byte, byte) Color) entry)
    {
        string[] fields = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        Span<byte> color = stackalloc byte[3];
        bool valid = fields.Length == 5 && byte.TryParse(fields[0], NumberStyles.None, CultureInfo.InvariantCulture, out _);
        for (int i = 0; valid && i < 3; i++)
        {
            valid = byte.TryParse(fields[2 + i], NumberStyles.None, CultureInfo.InvariantCulture, out color[i]);
        }
        if (!valid)
        {
            throw new DatasetException(path, $"line {number} is \"{line}\"", "A class line is: id name R G B, all numbers 0 to 255, no blank in the name");
        }
        entry = (fields[1], (color[0], color[1], color[2]));
        return int.Parse(fields[0], CultureInfo.InvariantCulture);
    }
}
