namespace HeteroAKD.Weights.Formats;

/// <summary>
/// What the names in a pickle mean. Only the names of a closed list make tensors, storages and dictionaries. Every other name is kept as text, and the object
/// that it stands for is not built.
/// </summary>
internal static class TorchGlobals
{
    /// <summary>The value of a call: tensors and dictionaries are made, everything else becomes a <see cref="PickleObject"/> that names it.</summary>
    /// <param name="function">What is called.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="copy">Told of every number of values that a call copies, before it does: one list can be copied by any number of calls.</param>
    public static object? Call(object? function, object?[] arguments, Action<int> copy)
    {
        if (function is PickleObject made)
        {
            return new PickleObject(made.Made); // a class inside a class: getattr(Outer, "Inner")
        }

        if (function is not PickleGlobal global)
        {
            throw new TorchFileProblemException("it calls a value that is no function");
        }

        return (global.ToString(), arguments) switch
        {
            ("collections.OrderedDict" or "builtins.dict" or "__builtin__.dict", []) => new PickleDict(),
            ("collections.OrderedDict", [List<object?> pairs]) => OfPairs(pairs, copy),
            ("builtins.set" or "__builtin__.set" or "builtins.frozenset" or "__builtin__.frozenset", [List<object?> items]) => items,
            ("torch._utils._rebuild_parameter" or "torch._utils._rebuild_parameter_with_state", [TorchTensor tensor, ..]) => tensor,
            ("torch._utils._rebuild_tensor" or "torch._utils._rebuild_tensor_v2", [TorchStorage storage, long offset, object?[] sizes, object?[] strides, ..])
                =>
                new TorchTensor(storage, offset, Longs(sizes), Longs(strides)),

            // A tensor with attributes of its own: function, class, arguments, attributes.
            ("torch._tensor._rebuild_from_type_v2", [PickleGlobal inner, _, object?[] rebuilt, ..]) when inner != global => Call(inner, rebuilt, copy),
            ("torch._utils._rebuild_tensor" or "torch._utils._rebuild_tensor_v2", _) =>
                throw new TorchFileProblemException($"it calls '{FileLimits.Shown(global.ToString())}' with arguments that do not belong to it"),
            ("torch.Size", [object?[] sizes]) => sizes,
            _ => new PickleObject(global),
        };
    }

    /// <summary>
    /// The storage of a persistent id, ('storage', class, key, location, elements), in old files with null behind it; a class, where an old file of a whole
    /// module keeps its source code so.
    /// </summary>
    public static object? Storage(object? id) => id switch
    {
        object?[] and ["storage", PickleGlobal global, string key, _, long count, null or object?[] { Length: 0 }] when TypeOf(global) is { } type =>
            new TorchStorage(key, type, count),
        object?[] and ["storage", PickleGlobal global, string key, _, long count] when TypeOf(global) is { } type => new TorchStorage(key, type, count),
        object?[] and ["storage", PickleGlobal { Module: "torch" or "torch.storage" } global, ..] =>
            throw new TorchFileProblemException($"it has a storage of the form '{FileLimits.Shown(global.ToString())}', which is not read"),

        // Old files of whole modules keep their source code so: ('module', class, file, code).
        object?[] and ["module", PickleGlobal module, ..] => module,
        _ => throw new TorchFileProblemException("it refers to something outside the pickle that is no storage"),
    };

    private static StoredType? TypeOf(PickleGlobal global) => global.Module == "torch" ? StoredType.OfTorchStorage(global.Name) : null;

    /// <summary>Sets keys and values that alternate.</summary>
    public static void SetAll(PickleDict dict, ReadOnlySpan<object?> pairs)
    {
        if (pairs.Length % 2 != 0)
        {
            throw new TorchFileProblemException("its pickle has a key without a value");
        }

        for (int i = 0; i < pairs.Length; i += 2)
        {
            dict.Set(pairs[i], pairs[i + 1]);
        }
    }

    private static PickleDict OfPairs(List<object?> pairs, Action<int> copy)
    {
        copy(pairs.Count);
        PickleDict dict = new();
        foreach (object? pair in pairs)
        {
            SetAll(
                dict,
                pair is IList<object?> { Count: 2 } keyAndValue ? [keyAndValue[0], keyAndValue[1]]
                    : throw new TorchFileProblemException("its pickle has a key without a value"));
        }

        return dict;
    }

    private static long[] Longs(object?[] values) => FileLimits.RankProblem("a tensor", values.Length) is { } problem
        ? throw new TorchFileProblemException(problem)
        : [.. values.Select(v => v is long number ? number : throw new TorchFileProblemException("a tensor has a size or stride that is no integer"))];
}
