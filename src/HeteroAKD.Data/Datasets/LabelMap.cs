using HeteroAKD.Nn;

namespace HeteroAKD.Data;

/// <summary>What the ids or colours that a label file stores mean: a class, the ignored id, or an error.</summary>
public sealed class LabelMap
{
    private const short Unknown = -1;

    private readonly short[] _table; // [256], class id, ignored id or Unknown

    private readonly short _beyond = Unknown; // the same of ids above 255

    private readonly ColorTable? _colors;

    private readonly string _allowed; // what an id is neither, in words

    private LabelMap(string name, short[] table, string allowed) => (Name, _table, _allowed) = (name, table, allowed);

    private LabelMap(ColorTable colors)
        : this("color", [], "") => _colors = colors;

    private LabelMap(string name, short[] table, short beyond)
        : this(name, table, "") => _beyond = beyond;

    /// <summary>What label files store, in the word of the option <c>data.storedLabels</c>: classes, ade20k, cityscapes, binary or color.</summary>
    public string Name { get; }

    /// <summary>Whether label files show classes in colours.</summary>
    public bool IsColors => _colors is not null;

    /// <summary>Whether stored ids are class ids.</summary>
    public bool IsIdentity => Name == "classes";

    /// <summary>The table as text, the same for equal maps: what a cache of mapped labels depends on.</summary>
    public string Fingerprint => _colors?.Fingerprint ?? string.Join(',', _table);

    /// <summary>Stored ids are class ids.</summary>
    /// <param name="classes">Allows 0 to C-1 and the ignored id.</param>
    public static LabelMap Identity(ClassSet classes)
    {
        short[] table = NewTable();
        for (int c = 0; c < classes.Count; c++)
        {
            table[c] = (short)c;
        }
        table[classes.IgnoreIndex] = (short)classes.IgnoreIndex;
        return new LabelMap("classes", table, $"a class (0 to {classes.Count - 1}) nor the ignored id {classes.IgnoreIndex}");
    }

    /// <summary>Stored id 0 is ignored and id k is class k-1, as ADE20K stores it; 255 is ignored too.</summary>
    /// <param name="classes">Allows 0 to C.</param>
    public static LabelMap FromOne(ClassSet classes)
    {
        short[] table = NewTable();
        table[0] = table[255] = (short)classes.IgnoreIndex;
        for (int c = 0; c < classes.Count; c++)
        {
            table[c + 1] = (short)c;
        }
        return new LabelMap("ade20k", table, $"a class (1 to {classes.Count}) nor the ignored id 0");
    }

    /// <summary>Stored 0 is class 0 and anything else class 1, so nothing is ignored: masks of 0 and 255, or of 0 and 1.</summary>
    /// <param name="classes">Two classes.</param>
    /// <exception cref="DatasetException">There are not two.</exception>
    public static LabelMap Binary(ClassSet classes)
    {
        if (classes.Count != 2)
        {
            throw new DatasetException(
                null,
                $"data.storedLabels binary stands for two classes, the class file has {classes.Count}",
                "Name two, what 0 means and what anything else means");
        }
        short[] table = NewTable();
        Array.Fill(table, (short)1);
        table[0] = 0;
        return new LabelMap("binary", table, beyond: 1);
    }

    /// <summary>Masks show classes in the colours of the class file, each pixel in exactly one of them.</summary>
    /// <param name="classes">Classes with different colours.</param>
    /// <exception cref="DatasetException">Two classes have one colour.</exception>
    public static LabelMap Colors(ClassSet classes) => new(new ColorTable(classes));

    /// <summary>Cityscapes' labelIds: 19 of the ids 0 to 33 are the classes, the others are ignored.</summary>
    /// <param name="classes">The 19 classes.</param>
    /// <exception cref="DatasetException">There are not 19.</exception>
    public static LabelMap Cityscapes(ClassSet classes) =>
        classes.Count == CityscapesLayout.Classes.Count
            ? CityscapesLayout.LabelIds
            : throw new DatasetException(
                null, $"Cityscapes' labelIds are {CityscapesLayout.Classes.Count} classes, the class file has {classes.Count}", "Name those in the class file");

    /// <summary>Stored ids by a list of their own; ids 0 to <paramref name="last"/> that the list leaves out, and 255, are ignored.</summary>
    /// <param name="name">Its <see cref="Name"/>.</param>
    /// <param name="storedIds">[C], the stored id of each class.</param>
    /// <param name="last">Largest stored id.</param>
    /// <param name="ignoreIndex">The ignored id.</param>
    internal static LabelMap Of(string name, ReadOnlySpan<byte> storedIds, int last, int ignoreIndex)
    {
        short[] table = NewTable();
        table.AsSpan(0, last + 1).Fill((short)ignoreIndex);
        table[255] = (short)ignoreIndex;
        for (int c = 0; c < storedIds.Length; c++)
        {
            table[storedIds[c]] = (short)c;
        }
        return new LabelMap(name, table, $"a stored id of this data set (0 to {last}) nor the ignored id 255");
    }

    /// <summary>Maps a label picture.</summary>
    /// <param name="label">As it is stored.</param>
    /// <param name="path">Its file, for error texts.</param>
    /// <param name="mapped">[H, W], class ids or the ignored id.</param>
    /// <exception cref="DatasetException">A stored id is not allowed; the text names its place.</exception>
    public void Apply(LabelImage label, string path, Span<byte> mapped)
    {
        short[] table = _table;
        Span<ushort> ids = label.Ids.AsSpan(0, mapped.Length);
        for (int i = 0; i < mapped.Length; i++)
        {
            int id = ids[i];
            short value = id < table.Length ? table[id] : _beyond;
            if (value < 0)
            {
                throw new DatasetException(
                    path,
                    $"label id {id} at column {i % label.Width}, row {i / label.Width} is neither {_allowed}",
                    "Correct the label file, or add the class to the class file");
            }
            mapped[i] = (byte)value;
        }
    }

    /// <summary>Maps a label picture that shows colours.</summary>
    /// <param name="label">As it is stored.</param>
    /// <param name="path">Its file, for error texts.</param>
    /// <param name="mapped">[H, W], class ids or the ignored id.</param>
    /// <exception cref="DatasetException">Colours are not in the class file: how many, and the most frequent ones.</exception>
    public void Apply(RgbImage label, string path, Span<byte> mapped) =>
        (_colors ?? throw new InvalidOperationException("LabelMap: this map takes ids, not colours.")).Apply(label, path, mapped);

    private static short[] NewTable()
    {
        short[] table = new short[256];
        Array.Fill(table, Unknown);
        return table;
    }
}
