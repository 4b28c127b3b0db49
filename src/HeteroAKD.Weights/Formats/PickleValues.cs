namespace HeteroAKD.Weights.Formats;

/// <summary>A name that a pickle refers to, such as <c>collections OrderedDict</c>. It is data here; nothing is looked up or run.</summary>
internal sealed record PickleGlobal(string Module, string Name)
{
    private readonly string _full = $"{Module}.{Name}";

    public override string ToString() => _full;
}

/// <summary>
/// A dictionary; where a key comes twice the last one counts. Entries whose key is no text name no weight and are only counted: numbers can be chosen to have
/// equal hashes, texts cannot.
/// </summary>
internal sealed class PickleDict
{
    // A hostile pickle makes a dictionary of every byte.
    private Dictionary<string, object?>? _entries;
    private int _unnamed;

    public int Count => (_entries?.Count ?? 0) + _unnamed;

    public IReadOnlyCollection<KeyValuePair<string, object?>> Entries => _entries is null ? [] : _entries;

    public void Set(object? key, object? value)
    {
        if (key is string name)
        {
            (_entries ??= [])[name] = value;
        }
        else
        {
            _unnamed++;
        }
    }

    public object? Find(string key) => _entries?.GetValueOrDefault(key);
}

/// <summary>
/// What a call makes that this program does not know: metadata beside the weights, or a whole module. Nothing is built; what the pickle says of its attributes
/// and entries is kept, because tensors may be among them.
/// </summary>
/// <param name="Made">The function or class that is named.</param>
internal sealed record PickleObject(PickleGlobal Made)
{
    /// <summary>Its attributes, <c>__dict__</c>; null where the pickle sets none.</summary>
    public PickleDict? Attributes { get; set; }

    /// <summary>Its entries, where it is some kind of dictionary; null where the pickle sets none.</summary>
    public PickleDict? Entries { get; set; }
}

/// <summary>A storage that a pickle refers to: the elements lie in an entry of the archive.</summary>
/// <param name="Key">Name of the entry under <c>data/</c>.</param>
/// <param name="Type">Type of its elements.</param>
/// <param name="Count">Number of elements.</param>
internal sealed record TorchStorage(string Key, StoredType Type, long Count);

/// <summary>A tensor as a view of a storage. Not checked against it yet.</summary>
/// <param name="Storage">The elements.</param>
/// <param name="Offset">First element.</param>
/// <param name="Sizes">Dimensions, outermost first.</param>
/// <param name="Strides">Elements from one index to the next, one entry a dimension.</param>
internal sealed record TorchTensor(TorchStorage Storage, long Offset, long[] Sizes, long[] Strides);
