namespace HeteroAKD.Weights.Formats;

/// <summary>Tensors by name, somewhere in what a pickle holds.</summary>
/// <param name="Path">The keys that lead there, with dots between; empty for the root.</param>
/// <param name="Tensors">In the file's order.</param>
/// <param name="Others">Entries beside them that are no tensors.</param>
internal sealed record TorchTable(string Path, IReadOnlyList<KeyValuePair<string, TorchTensor>> Tensors, int Others)
{
    /// <summary>What a person gives for the root, whose path is empty.</summary>
    public const string Root = ".";

    /// <summary>The path as a person gives it.</summary>
    public string Key => Path.Length == 0 ? Root : Path;

    /// <summary>The table in a sentence.</summary>
    public override string ToString() => $"'{FileLimits.Shown(Key)}' ({Tensors.Count} tensors)";
}

/// <summary>
/// Finds the tables of tensors: dictionaries, which may lie in others, and modules, whose tensors get the names that <c>state_dict()</c> would give them, from
/// the dictionaries in which a module of Python keeps them, or from the attributes of one of TorchScript.
/// </summary>
internal sealed class TorchTables
{
    private const int MaxDepth = 64;

    // Characters of names that are put together. Values may be shared, so that a small pickle describes a tree without end.
    private const int MaxWork = 1 << 25;

    // Where a training checkpoint has its weights, whatever else it has.
    private static readonly string[] s_usual = ["state_dict", "model", "model_state", "model_state_dict", "net", "network", "weights", "module", "params"];

    private readonly List<TorchTable> _found = [];
    private readonly Dictionary<object, TorchTable?> _seen = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<object> _onPath = new(ReferenceEqualityComparer.Instance);
    private int _work;

    /// <summary>All tables of a value, the root's first.</summary>
    /// <exception cref="TorchFileProblemException">It has no end.</exception>
    public static IReadOnlyList<TorchTable> Of(object? root)
    {
        TorchTables tables = new();
        tables.Visit(root, "", 0);
        return tables._found;
    }

    /// <summary>The table of a key, or the one that is meant where <paramref name="key"/> is empty.</summary>
    /// <exception cref="TorchFileProblemException">There is none, or several and no reason to take one of them.</exception>
    public static TorchTable Choose(IReadOnlyList<TorchTable> tables, string key)
    {
        if (key.Length > 0)
        {
            return tables.FirstOrDefault(t => t.Key == key)
                ?? throw new TorchFileProblemException($"has no table of tensors '{FileLimits.Shown(key)}'; there are {Listed(tables)}");
        }

        if (tables.DistinctBy(t => t.Tensors).Count() == 1)
        {
            return tables[0];
        }

        // A single tensor at the root makes the root a table, too. So the root is taken only if it has at least half as many tensors as the largest table.
        int most = tables.Max(t => t.Tensors.Count);
        return s_usual.Select(name => tables.FirstOrDefault(t => t.Path == name)).FirstOrDefault(t => t is not null)
            ?? tables.FirstOrDefault(t => t.Path.Length == 0 && 2 * t.Tensors.Count >= most)
            ?? Only(tables.Where(t => s_usual.Contains(t.Path[(t.Path.LastIndexOf('.') + 1)..])))
            ?? throw new TorchFileProblemException($"has several tables of tensors, {Listed(tables)}; 'heteroakd import --key NAME' chooses one");
    }

    private static TorchTable? Only(IEnumerable<TorchTable> tables) => tables.Take(2).ToArray() is [var one] ? one : null;

    private static string Listed(IReadOnlyList<TorchTable> tables) => string.Join(", ", tables.Take(10)) + (tables.Count > 10 ? " and more" : "");

    // What is reached again by another way is the same table under another name.
    private void Visit(object? value, string path, int depth)
    {
        if (depth > MaxDepth || value is not (PickleDict or PickleObject))
        {
            return;
        }

        Spend(path.Length + 1);
        if (_seen.TryGetValue(value, out TorchTable? known))
        {
            if (known is not null)
            {
                _found.Add(known with { Path = path });
            }

            return;
        }

        _seen[value] = null;
        if (value is PickleDict dict)
        {
            Dictionary(value, dict, path, depth);
        }
        else if (value is PickleObject made && IsModule(made))
        {
            List<KeyValuePair<string, TorchTensor>> tensors = [];
            Module(made, "", tensors);
            Add(value, new TorchTable(path, tensors, 0));
        }
        else if (value is PickleObject other)
        {
            Dictionary(value, other.Entries, path, depth);
            Dictionary(value, other.Attributes, path, depth);
        }
    }

    private void Dictionary(object owner, PickleDict? dict, string path, int depth)
    {
        if (dict is null)
        {
            return;
        }

        KeyValuePair<string, TorchTensor>[] tensors =
            [.. dict.Entries.Where(e => e.Value is TorchTensor).Select(e => KeyValuePair.Create(e.Key, (TorchTensor)e.Value!))];
        Add(owner, new TorchTable(path, tensors, dict.Count - tensors.Length));
        foreach ((string key, object? value) in dict.Entries)
        {
            if (value is PickleDict or PickleObject && path.Length + key.Length < FileLimits.MaxNameLength)
            {
                Visit(value, path.Length == 0 ? key : $"{path}.{key}", depth + 1);
            }
        }
    }

    private void Add(object owner, TorchTable table)
    {
        if (table.Tensors.Count > 0)
        {
            _seen[owner] = table;
            _found.Add(table);
        }
    }

    // torch.nn.Module keeps parameters, buffers and children in three dictionaries; TorchScript, whose classes have names of their own, writes them as
    // attributes.
    private static bool IsModule(PickleObject made) => IsPython(made) || made.Made.Module.StartsWith("__torch__", StringComparison.Ordinal);

    private static bool IsPython(PickleObject made) => made.Attributes?.Find("_modules") is PickleDict;

    private void Module(PickleObject module, string prefix, List<KeyValuePair<string, TorchTensor>> tensors)
    {
        if (module.Attributes is not { } attributes || prefix.Length > FileLimits.MaxNameLength || !_onPath.Add(module))
        {
            return;
        }

        bool isPython = IsPython(module);
        HashSet<object?> temporary = isPython && attributes.Find("_non_persistent_buffers_set") is List<object?> names ? [.. names.OfType<string>()] : [];
        Take(isPython ? EntriesOf(attributes, "_parameters") : attributes.Entries, prefix, tensors, []);
        Take(isPython ? EntriesOf(attributes, "_buffers") : [], prefix, tensors, temporary);
        foreach ((string name, object? child) in isPython ? EntriesOf(attributes, "_modules") : attributes.Entries)
        {
            Spend(prefix.Length + name.Length + 1);
            if (child is PickleObject inner)
            {
                Module(inner, $"{prefix}{name}.", tensors);
            }
        }

        _onPath.Remove(module);
    }

    private void Take(
        IEnumerable<KeyValuePair<string, object?>> entries, string prefix, List<KeyValuePair<string, TorchTensor>> tensors, HashSet<object?> without)
    {
        foreach ((string name, object? value) in entries)
        {
            Spend(prefix.Length + name.Length + 1);
            if (value is TorchTensor tensor && !without.Contains(name))
            {
                tensors.Add(KeyValuePair.Create(prefix + name, tensor));
            }
        }
    }

    private static IEnumerable<KeyValuePair<string, object?>> EntriesOf(PickleDict attributes, string name) =>
        (attributes.Find(name) as PickleDict)?.Entries ?? [];

    private void Spend(int characters)
    {
        _work += characters;
        if (_work > MaxWork)
        {
            throw new TorchFileProblemException("its pickle nests dictionaries and modules in one another without end");
        }
    }
}
