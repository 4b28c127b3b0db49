using HeteroAKD.Tensors;
using HeteroAKD.Weights.Formats;

namespace HeteroAKD.Weights.Import;

/// <summary>The tensors of a file by the names of a code base.</summary>
/// <param name="Map">The code base.</param>
/// <param name="Prefix">What stood before the names and was taken off, such as <c>module.</c> of data-parallel training; empty for nothing.</param>
/// <param name="Tensors">The tensors without that prefix, and without those of the map.</param>
public sealed record NamedWeights(NameMap Map, string Prefix, IReadOnlyDictionary<string, HostTensor> Tensors)
{
    // Wrappers are nested two or three deep; a file with many parts has many prefixes, of which the large parts come first.
    private const int MaxDepth = 4;
    private const int MaxPrefixes = 64;

    /// <summary>Finds the code base that a file's names are of, if need be behind a prefix that all of them share, or else many.</summary>
    /// <param name="file">The file.</param>
    /// <param name="from">A <see cref="NameMap.Name"/>, or empty to go by the names.</param>
    /// <exception cref="WeightImportException">The names are of no known code base, or there is none of that name.</exception>
    public static NamedWeights Find(WeightFile file, string from)
    {
        NameMap[] maps = [.. NameMap.All.Where(m => from.Length == 0 || m.Name == from)];
        if (maps.Length == 0)
        {
            throw new WeightImportException(
                file.Path,
                $"there is no --from {from}.{(NearestName.Of(from, NameMap.All.Select(m => m.Name)) is { } near ? $" Did you mean {near}?" : "")} Known are "
                    + $"{Known}");
        }

        foreach (string prefix in PrefixesOf(file))
        {
            string[] names = [.. file.Tensors.Select(t => Without(prefix, t.Name))];
            if (maps.FirstOrDefault(m => m.Claims(names.Select(m.Inner).ToHashSet())) is { } map)
            {
                return Of(file, map, prefix);
            }
        }

        if (file.Graph is { } graph && from.Length == 0)
        {
            return new NamedWeights(new GraphOrderMap(KnownGraph.Of(graph)), "", new Dictionary<string, HostTensor>());
        }

        if (ForeignNetworks.Find(file.Tensors.Select(t => t.Name)) is { } network)
        {
            throw new WeightImportException(
                file.Path, $"has the names of {network}, an encoder that this program does not have; 'heteroakd info --models' lists those that it has");
        }

        return maps.Length == 1 ? Of(file, maps[0], "") : throw new WeightImportException(
            file.Path, $"has names of no known code base, such as {string.Join(", ", file.Tensors.Take(5).Select(t => FileLimits.Shown(t.Name)))}. Known "
                + $"are {Known}; --from chooses one");
    }

    private static string Known => string.Join(", ", NameMap.All.Select(m => m.Name));

    private static NamedWeights Of(WeightFile file, NameMap map, string prefix)
    {
        Dictionary<string, HostTensor> tensors = [];
        foreach (HostTensor tensor in file.Tensors)
        {
            string name = map.Inner(Without(prefix, tensor.Name));
            if (!tensors.TryAdd(name, tensor))
            {
                throw new WeightImportException(file.Path, $"holds '{name}' twice: as '{tensors[name].Name}' and as '{tensor.Name}'");
            }
        }

        return new NamedWeights(map, prefix, tensors);
    }

    // None first, then those of all names, the shortest first, then those of many.
    private static IEnumerable<string> PrefixesOf(WeightFile file)
    {
        Dictionary<string, int> counts = [];
        foreach (HostTensor tensor in file.Tensors)
        {
            int end = -1;
            for (int depth = 0; depth < MaxDepth && (end = tensor.Name.IndexOf('.', end + 1)) >= 0; depth++)
            {
                string prefix = tensor.Name[..(end + 1)];
                counts[prefix] = counts.GetValueOrDefault(prefix) + 1;
            }
        }

        return
        [
            "", .. counts.OrderByDescending(c => c.Value).ThenBy(c => c.Key.Length).ThenBy(c => c.Key, StringComparer.Ordinal)
                .Take(MaxPrefixes).Select(c => c.Key)
        ];
    }

    private static string Without(string prefix, string name) => name.StartsWith(prefix, StringComparison.Ordinal) ? name[prefix.Length..] : name;
}
