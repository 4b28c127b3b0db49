namespace HeteroAKD.Weights.Formats;

/// <summary>What the names in the pickle of a state dict mean. Every other name is refused, by name, whether it is called or not.</summary>
internal static class TorchGlobals
{
    private static readonly HashSet<PickleGlobal> s_callable =
    [
        new("collections", "OrderedDict"),
        new("torch._utils", "_rebuild_tensor"),
        new("torch._utils", "_rebuild_tensor_v2"),
        new("torch._utils", "_rebuild_parameter"),
        new("torch", "Size"),
        new("torch", "device"),
    ];

    private static readonly HashSet<string> s_dtypes =
    [
        "float16", "float32", "float64", "bfloat16", "int8", "int16", "int32", "int64", "uint8", "bool",
    ];

    /// <summary>The global itself where a state dict may name it.</summary>
    /// <exception cref="TorchFileProblemException">It may not.</exception>
    public static PickleGlobal Allow(PickleGlobal global)
    {
        bool known = s_callable.Contains(global)
            || (global.Module == "torch" && (s_dtypes.Contains(global.Name) || StoredType.OfTorchStorage(global.Name) is not null));
        return known ? global : throw new TorchFileProblemException(
            $"it names '{global}', which no state dict needs and this program does not run. Save the state dict alone, where you trust the file: "
            + "torch.save(model.state_dict(), new)");
    }

    /// <summary>The value of a call of one of them.</summary>
    /// <param name="function">What is called.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="copy">Told of every number of values that a call copies, before it does: one list can be copied by any number of calls.</param>
    public static object? Call(object? function, object?[] arguments, Action<int> copy)
    {
        if (function is not PickleGlobal global || !s_callable.Contains(global))
        {
            throw new TorchFileProblemException($"it calls '{(function is PickleGlobal name ? name.ToString() : "a value")}', which is no function of a state dict");
        }

        return (global.Name, arguments) switch
        {
            ("OrderedDict", []) => new PickleDict(),
            ("OrderedDict", [List<object?> pairs]) => OfPairs(pairs, copy),
            ("_rebuild_parameter", [TorchTensor tensor, ..]) => tensor,
            ("_rebuild_tensor" or "_rebuild_tensor_v2", [TorchStorage storage, long offset, object?[] sizes, object?[] strides, ..]) =>
                new TorchTensor(storage, offset, Longs(sizes), Longs(strides)),
            ("Size", [object?[] sizes]) => sizes,
            ("device", _) => null,
            _ => throw new TorchFileProblemException($"it calls '{global}' with arguments that do not belong to it"),
        };
    }

    /// <summary>The storage of a persistent id: ('storage', class, key, location, elements).</summary>
    public static TorchStorage Storage(object? id)
    {
        if (id is object?[] and ["storage", PickleGlobal global, string key, _, long count, ..] && global.Module == "torch"
            && StoredType.OfTorchStorage(global.Name) is { } type)
        {
            return new TorchStorage(key, type, count);
        }

        throw new TorchFileProblemException("it refers to something outside the pickle that is no storage");
    }

    /// <summary>Sets keys and values that alternate.</summary>
    public static void SetAll(PickleDict dict, ReadOnlySpan<object?> pairs)
    {
        if (pairs.Length % 2 != 0)
        {
            throw new TorchFileProblemException("its pickle has a key without a value");
        }

        for (int i = 0; i < pairs.Length; i += 2)
        {
            // Other keys have no equality of their own; none of them names a weight.
            if (pairs[i] is not (string or long or bool or double))
            {
                throw new TorchFileProblemException("its pickle has a dictionary whose key is neither a text nor a number");
            }

            dict.Set(pairs[i]!, pairs[i + 1]);
        }
    }

    private static PickleDict OfPairs(List<object?> pairs, Action<int> copy)
    {
        copy(pairs.Count);
        PickleDict dict = new();
        foreach (object? pair in pairs)
        {
            SetAll(dict, pair is IList<object?> { Count: 2 } keyAndValue ? [keyAndValue[0], keyAndValue[1]] : throw new TorchFileProblemException("its pickle has a key without a value"));
        }

        return dict;
    }

    private static long[] Longs(object?[] values) => FileLimits.RankProblem("a tensor", values.Length) is { } problem
        ? throw new TorchFileProblemException(problem)
        : [.. values.Select(v => v is long number ? number : throw new TorchFileProblemException("a tensor has a size or stride that is no integer"))];
}
