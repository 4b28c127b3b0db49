namespace HeteroAKD.Weights.Formats;

/// <summary>Tensors by name, somewhere in what a pickle holds.</summary>
/// <param name="Path">The keys that lead there, with dots between; empty for the root.</param>
/// <param name="Tensors">In the file's order.</param>
/// <param name="Others">Entries beside them that are no tensors.</param>
internal sealed record TorchTable(string Path, IReadOnlyList<KeyValuePair<string, TorchTensor>> Tensors, int Others)
{
    /// <summary>The table in a sentence.</summary>
    public override string ToString() => $"'{FileLimits.Shown(Path)}' ({Tensors.Count} tensors)";
}

/// <summary>
/// Finds the tables of tensors: dictionaries, which may lie in others, and modules, whose tensors get the names that <c>state_dict()</c> would give them, from
/// the dictionaries in which a module of Python keeps them, or from the attributes of one of TorchScript.
/// </summary>
internal sealed class TorchTables
{
    private const int MaxDepth = 64;
    private const int MaxVisits = 1 << 20;

    // Where a training checkpoint has its weights, whatever else it has.
    private static readonly string[] s_usual = ["state_dict", "model", "model_state", "model_state_dict", "net", "network", "weights", "module", "params"];

    private readonly List<TorchTable> _found = [];
    private int _visits;

    /// <summary>All tables of a value, the root's first.</summary>
    public static IReadOnlyList<TorchTable> Of(object? root)
    {
        TorchTables tables = new();
        tables.Visit(root, "", 0);
        return tables._found;
    }

    /// <summary>The table of a path, or the one that is meant where <paramref name="key"/> is empty.</summary>
    /// <exception cref="TorchFileProblemException">There is none, or several and no reason to take one of them.</exception>
    public static TorchTable Choose(IReadOnlyList<TorchTable> tables, string key)
    {
        if (key.Length > 0)
        {
            return tables.FirstOrDefault(t => t.Path == key) ?? throw new TorchFileProblemException($"has no table of tensors '{FileLimits.Shown(key)}'; there are {Listed(tables)}");
        }

        return tables.Count == 1
            ? tables[0]
            : s_usual.Select(name => tables.FirstOrDefault(t => t.Path == name)).FirstOrDefault(t => t is not null)
                ?? Only(tables.Where(t => s_usual.Contains(t.Path[(t.Path.LastIndexOf('.') + 1)..])))
                ?? Only(tables.Where(t => t.Path.Length == 0))
                ?? throw new TorchFileProblemException($"has several tables of tensors, {Listed(tables)}; --key chooses one");
    }

    private static TorchTable? Only(IEnumerable<TorchTable> tables) => tables.Take(2).ToArray() is [var one] ? one : null;

    private static string Listed(IReadOnlyList<TorchTable> tables) => tables.Count == 0 ? "none" : string.Join(", ", tables.Take(10)) + (tables.Count > 10 ? " and more" : "");

    private void Visit(object? value, string path, int depth)
    {
        Count();
        if (depth > MaxDepth)
        {
            return;
        }

        if (value is PickleDict dict)
        {
            Dictionary(dict, path, depth);
        }
        else if (value is PickleObject made)
        {
            List<KeyValuePair<string, TorchTensor>> tensors = [];
            Module(made, "", tensors, 0);
            if (tensors.Count > 0)
            {
                _found.Add(new TorchTable(path, tensors, 0));
            }
            else
            {
                Dictionary(made.Entries, path, depth);
                Nested(made.Attributes, path, depth);
            }
        }
    }

    private void Dictionary(PickleDict dict, string path, int depth)
    {
        KeyValuePair<string, TorchTensor>[] tensors = [.. dict.Entries.Where(e => e.Value is TorchTensor).Select(e => KeyValuePair.Create(e.Key, (TorchTensor)e.Value!))];
        if (tensors.Length > 0)
        {
            _found.Add(new TorchTable(path, tensors, dict.Count - tensors.Length));
        }

        Nested(dict, path, depth);
    }

    private void Nested(PickleDict? dict, string path, int depth)
    {
        foreach ((string key, object? value) in dict?.Entries ?? [])
        {
            if (value is PickleDict or PickleObject && FileLimits.NameProblem(path + key) is null)
            {
                Visit(value, path.Length == 0 ? key : $"{path}.{key}", depth + 1);
            }
        }
    }

    // torch.nn.Module keeps parameters, buffers and children in three dictionaries; TorchScript writes them as attributes.
    private void Module(PickleObject module, string prefix, List<KeyValuePair<string, TorchTensor>> tensors, int depth)
    {
        Count();
        if (module.Attributes is not { } attributes || depth > MaxDepth || prefix.Length > FileLimits.MaxNameLength)
        {
            return;
        }

        bool isPython = attributes.Find("_modules") is not null;
        object? temporary = attributes.Find("_non_persistent_buffers_set");
        IEnumerable<KeyValuePair<string, object?>> own = isPython
            ? [.. EntriesOf(attributes, "_parameters"), .. EntriesOf(attributes, "_buffers").Where(b => temporary is not List<object?> names || !names.Contains(b.Key))]
            : attributes.Entries;
        IEnumerable<KeyValuePair<string, object?>> children = isPython ? EntriesOf(attributes, "_modules") : attributes.Entries;
        tensors.AddRange(own.Where(e => e.Value is TorchTensor).Select(e => KeyValuePair.Create(prefix + e.Key, (TorchTensor)e.Value!)));
        foreach ((string name, object? child) in children)
        {
            if (child is PickleObject inner)
            {
                Module(inner, $"{prefix}{name}.", tensors, depth + 1);
            }
        }
    }

    private static IEnumerable<KeyValuePair<string, object?>> EntriesOf(PickleDict attributes, string name) => (attributes.Find(name) as PickleDict)?.Entries ?? [];

    // Values may be shared, so that a small pickle describes a tree without end.
    private void Count()
    {
        if (++_visits > MaxVisits)
        {
            throw new TorchFileProblemException($"its pickle nests dictionaries and modules in one another more than {MaxVisits} times");
        }
    }
}
