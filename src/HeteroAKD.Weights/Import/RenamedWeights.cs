using HeteroAKD.Weights.Formats;
using HeteroAKD.Weights.Onnx;

namespace HeteroAKD.Weights.Import;

/// <summary>
/// The weights of a network of ours under the names of another code base, as its own network loads them with <c>strict=True</c>: a <see cref="NameMap"/> walked
/// the other way.
/// </summary>
/// <param name="Map">The code base.</param>
/// <param name="Tensors">The weights.</param>
/// <param name="IsEncoder">Whether the code base has no such head, so that the encoder alone is here, without a prefix.</param>
internal sealed record RenamedWeights(NameMap Map, IReadOnlyList<HostTensor> Tensors, bool IsEncoder)
{
    private const string EncoderPrefix = "encoder.";
    private const string BiasEnding = ".conv.bias";
    private const string MeanEnding = ".bn.running_mean";

    // Code bases with several forms of a name get the plain one.
    private static readonly IReadOnlySet<string> s_none = new HashSet<string>();

    /// <summary>Names that can be written.</summary>
    public static IReadOnlyList<string> Known => [.. NameMap.All.Where(m => m.WholePrefix is not null).Select(m => m.Name)];

    /// <summary>Renames the weights of a network.</summary>
    /// <param name="model">Its architecture, for messages.</param>
    /// <param name="weights">Its weights by our names, without an auxiliary head.</param>
    /// <param name="names">One of <see cref="Known"/>.</param>
    /// <exception cref="ExportException">The code base has no such encoder.</exception>
    public static RenamedWeights Of(string model, IReadOnlyList<HostTensor> weights, string names)
    {
        NameMap map = NameMap.All.First(m => m.Name == names);
        if (weights.FirstOrDefault(w => IsOfEncoder(w.Name) && map.SourceOf(w.Name, s_none) is null) is { } foreign)
        {
            throw new ExportException(
                $"{map.Description} has no network like {model}: nothing there is its '{foreign.Name}'. Leave --names out, or take another of "
                    + $"{string.Join(", ", Known)}.");
        }

        bool isEncoder = !map.HasHeadFor(weights.Select(w => w.Name).ToHashSet()) || weights.Any(w => map.SourceOf(w.Name, s_none) is null);
        HostTensor[] taken = [.. weights.Where(w => !isEncoder || IsOfEncoder(w.Name))];
        List<(string Name, int First, HostTensor Tensor)> parts = [];
        foreach (HostTensor tensor in taken)
        {
            parts.AddRange(
                Parts(tensor, map.SourceOf(tensor.Name, s_none)!, taken).Select(
                    p => (isEncoder ? p.Name : map.WholeName(p.Name, IsOfEncoder(tensor.Name)), p.First, p.Tensor)));
        }

        return new RenamedWeights(
            map, [.. parts.GroupBy(p => p.Name).Select(g => Together(g.Key, [.. g.OrderBy(p => p.First).Select(p => p.Tensor)]))], isEncoder);
    }

    private static bool IsOfEncoder(string name) => name.StartsWith(EncoderPrefix, StringComparison.Ordinal);

    // What becomes of one of our entries: one tensor there, several (keys and values), a part of one (a third of query, key and value), or none.
    private static IEnumerable<(string Name, int First, HostTensor Tensor)> Parts(HostTensor tensor, WeightSource source, IReadOnlyList<HostTensor> all)
    {
        HostTensor ours = WithRank(MeanWithoutBias(tensor, source, all), source.Rank);
        int count = source.Names.Count;
        for (int i = 0; i < count; i++)
        {
            int bytes = ours.Bytes.Length / count;
            yield return (
                source.Names[i],
                source.FirstThird,
                ours with { Sizes = [ours.Sizes[0] / count, .. ours.Sizes[1..]], Bytes = ours.Bytes[(i * bytes)..((i + 1) * bytes)] });
        }
    }

    // A convolution there has no bias before its batch norm: (x + b) - mean = x - (mean - b).
    private static HostTensor MeanWithoutBias(HostTensor tensor, WeightSource source, IReadOnlyList<HostTensor> all)
    {
        if (source.Names.Count == 0 && !tensor.Name.EndsWith(BiasEnding, StringComparison.Ordinal))
        {
            throw new ExportException($"'{tensor.Name}' has no place among those names, and no batch norm behind it could take it up.");
        }

        return tensor.Name.EndsWith(MeanEnding, StringComparison.Ordinal)
            && all.FirstOrDefault(t => t.Name == tensor.Name[..^MeanEnding.Length] + BiasEnding) is { } bias
            ? HostTensor.Of(tensor.Name, tensor.Sizes, [.. tensor.Floats.ToArray().Zip(bias.Floats.ToArray(), (mean, b) => mean - b)])
            : tensor;
    }

    // A linear layer is a 1x1 convolution, and is written as what it is there.
    private static HostTensor WithRank(HostTensor tensor, int rank) =>
        rank == 0 || tensor.Sizes.Length < 2 ? tensor : tensor with { Sizes = rank == 2 ? tensor.Sizes[..2] : [.. tensor.Sizes[..2], 1, 1] };

    private static HostTensor Together(string name, HostTensor[] parts) => new(
        name, parts[0].DType, [parts.Sum(p => p.Sizes[0]), .. parts[0].Sizes[1..]], [.. parts.SelectMany(p => p.Bytes)]);
}
