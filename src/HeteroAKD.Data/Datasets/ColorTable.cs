using HeteroAKD.Nn;

namespace HeteroAKD.Data;

/// <summary>The class that each colour of a class file stands for.</summary>
internal sealed class ColorTable
{
    private const int Unknown = -1;
    private const int NamedColors = 3;

    private readonly Dictionary<int, byte> _classOf = []; // by the colour as one number

    /// <summary>Takes the colours of classes, and of the ignored id where it has one.</summary>
    /// <exception cref="DatasetException">Two of them have one colour.</exception>
    public ColorTable(ClassSet classes)
    {
        for (int c = 0; c < classes.Count; c++)
        {
            Add(classes.Colors[c], (byte)c, classes.Names[c]);
        }
        if (classes.IgnoreColor is { } ignored)
        {
            Add(ignored, (byte)classes.IgnoreIndex, "the ignored id");
        }

        void Add((byte R, byte G, byte B) color, byte id, string name)
        {
            if (!_classOf.TryAdd(Number(color.R, color.G, color.B), id))
            {
                byte other = _classOf[Number(color.R, color.G, color.B)];
                throw new DatasetException(
                    null, $"the class file gives {classes.Names[other]} and {name} one colour, ({color.R}, {color.G}, {color.B}), so colours do not tell "
                        + "them apart",
                    "Give every class a colour of its own, as the masks show it");
            }
        }
    }

    /// <summary>The same for equal tables.</summary>
    public string Fingerprint => "color " + string.Join(',', _classOf.OrderBy(entry => entry.Key).Select(entry => $"{entry.Key}:{entry.Value}"));

    /// <summary>Maps colours to class ids.</summary>
    /// <exception cref="DatasetException">There are others.</exception>
    public void Apply(RgbImage label, string path, Span<byte> mapped)
    {
        byte[] pixels = label.Pixels;
        (int last, int id) = (-1, Unknown); // areas are flat: most pixels have their neighbour's colour
        Dictionary<int, int> unknown = new();
        for (int i = 0; i < mapped.Length; i++)
        {
            int color = Number(pixels[3 * i], pixels[(3 * i) + 1], pixels[(3 * i) + 2]);
            if (color != last)
            {
                (last, id) = (color, _classOf.TryGetValue(color, out byte found) ? found : Unknown);
            }
            if (id == Unknown)
            {
                unknown[color] = unknown.GetValueOrDefault(color) + 1;
                continue;
            }
            mapped[i] = (byte)id;
        }
        if (unknown.Count > 0)
        {
            throw Unnamed(path, unknown);
        }
    }

    private static DatasetException Unnamed(string path, Dictionary<int, int> unknown)
    {
        IEnumerable<string> named = unknown.OrderByDescending(entry => entry.Value).ThenBy(entry => entry.Key).Take(NamedColors)
            .Select(entry => $"({entry.Key >> 16}, {(entry.Key >> 8) & 255}, {entry.Key & 255}) in {entry.Value}");
        string colors = unknown.Count == 1 ? "a colour" : $"{unknown.Count} colours";
        return new DatasetException(
            path,
            $"{unknown.Values.Sum()} pixels have {colors} that the class file does not name: "
                + $"{string.Join(", ", named)}{(unknown.Count > NamedColors ? ", ..." : "")}",
            "Add what is missing to the class file, or export the mask again without smoothed edges");
    }

    private static int Number(byte red, byte green, byte blue) => (red << 16) | (green << 8) | blue;
}
