using HeteroAKD.Nn;
using HeteroAKD.Weights.Formats;

namespace HeteroAKD.Weights.Import;

/// <summary>
/// Weights of an ONNX graph whose names say nothing: the convolutions of the graph, as <see cref="GraphLayers"/> orders them, go to those of the network in the
/// order of its entries, each with its batch norm. Shapes must agree; a graph may have further layers behind those of an encoder.
/// </summary>
/// <param name="known">What is known of the graph beside its weights, or null.</param>
/// <param name="claimed">The code base whose names the graph has, though they do not fit, or null.</param>
internal sealed class GraphOrderMap(KnownGraph? known, NameMap? claimed = null) : NameMap
{
    /// <summary>What batch norms here add to the variance (<c>BatchNorm2d</c>).</summary>
    public const float OurEpsilon = 1e-5f;

    private static readonly IReadOnlySet<string> s_noNames = new HashSet<string>();

    private readonly HashSet<string> _ignored = [];
    private string _first = "";

    /// <inheritdoc/>
    public override string Name => "onnx";

    /// <inheritdoc/>
    public override string Description => known is null ? "an ONNX graph, by the order of its layers" : $"{known.Description}, by the order of its layers";

    /// <inheritdoc/>
    public override InputNormalization? Input => known?.Input ?? claimed?.Input;

    /// <inheritdoc/>
    public override bool AlignCorners => claimed?.AlignCorners ?? false;

    /// <summary>Layers that had a batch norm folded into them.</summary>
    public int Folded { get; private set; }

    /// <inheritdoc/>
    public override bool Claims(IReadOnlySet<string> names) => false;

    /// <summary>What no operation before the last layer computes with.</summary>
    public override bool Ignores(string name) => _ignored.Contains(name);

    /// <inheritdoc/>
    public override WeightSource? SourceOf(string name, IReadOnlySet<string> names) =>
        names.Contains(name) ? new WeightSource(name) { SwapRedAndBlue = name == _first && BlueFirst(name) } : null;

    /// <summary>The tensors of a graph under our names; what is left over keeps its own.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="graph">The graph.</param>
    /// <param name="layers">Its layers.</param>
    /// <param name="entries">The entries of a network that are asked for.</param>
    /// <param name="isEncoder">Whether they are those of an encoder, behind which the graph may go on.</param>
    /// <exception cref="WeightImportException">A layer cannot be taken.</exception>
    public IReadOnlyDictionary<string, HostTensor> Rename(string path, OnnxContent graph, GraphLayers layers, IReadOnlyList<StateEntry> entries, bool isEncoder)
    {
        Dictionary<string, HostTensor> renamed = [];
        Dictionary<string, StateEntry> ours = entries.ToDictionary(e => e.Name);
        string[] weights = [.. entries.Where(e => e.Tensor.Shape.Rank == 4 && e.Name.EndsWith(".weight", StringComparison.Ordinal)).Select(e => e.Name)];
        _first = weights.FirstOrDefault("");
        List<GraphLayer> taken = [.. layers.All.Take(weights.Length)];
        foreach ((string weight, GraphLayer layer) in weights.Zip(taken))
        {
            if (layer.Problem is { } problem)
            {
                throw new WeightImportException(path, $"cannot be taken by the order of its layers: {problem}. Its place is that of {weight}");
            }

            renamed[weight] = layer.Weight;
            Place(path, weight[..^".weight".Length], layer, ours, renamed);
        }

        HashSet<string> strays = [.. layers.Strays(taken, isEncoder ? taken.Select(l => l.Place).DefaultIfEmpty().Max() : int.MaxValue - 1)];
        HashSet<string> used = [.. taken.SelectMany(l => l.Names)];
        IEnumerable<HostTensor> scalars = graph.Scalars.Where(strays.Contains).Select(name => new HostTensor(name, "F32", [], [0, 0, 0, 0]));
        foreach (HostTensor left
            in graph.Tensors.Where(t => !used.Contains(t.Name)).Concat(scalars).Where(t => renamed.TryAdd(t.Name, t) && !strays.Contains(t.Name)))
        {
            _ignored.Add(left.Name);
        }

        return renamed;
    }

    private bool BlueFirst(string name) => known?.BlueFirst ?? claimed?.SourceOf(name, s_noNames)?.SwapRedAndBlue ?? false;

    private void Place(string path, string name, GraphLayer layer, Dictionary<string, StateEntry> ours, Dictionary<string, HostTensor> renamed)
    {
        string norm = name.EndsWith(".conv", StringComparison.Ordinal) ? name[..^".conv".Length] + ".bn" : "";
        if (ours.TryGetValue($"{norm}.running_var", out StateEntry variance) && variance.Tensor.Shape[0] == layer.Weight.Sizes[0])
        {
            Normalise(path, layer, norm, renamed);
            if (ours.ContainsKey($"{name}.bias"))
            {
                renamed[$"{name}.bias"] = Filled(layer.Weight.Name, layer.Weight.Sizes[0], 0); // it went into the mean
            }
        }
        else if (layer.Norm is not null && !ours.ContainsKey($"{norm}.running_var"))
        {
            throw new WeightImportException(
                path, $"cannot be taken by the order of its layers: '{FileLimits.Shown(layer.Weight.Name)}' has a batch norm behind it, and {name} has none");
        }
        else if (layer.Bias is { } bias && ours.ContainsKey($"{name}.bias"))
        {
            renamed[$"{name}.bias"] = bias;
        }
    }

    // A layer without a batch norm had it folded into its weights: it gets one that changes nothing in evaluation. A bias is one on the mean. A larger epsilon
    // is a constant on the variance; a smaller one changes the scale, since a variance stays above 0.
    private void Normalise(string path, GraphLayer layer, string norm, Dictionary<string, HostTensor> renamed)
    {
        int channels = layer.Weight.Sizes[0];
        float[] bias = layer.Bias?.ToFloats().ToArray() ?? new float[channels];
        if (layer.Norm is not { } there)
        {
            Folded++;
            renamed[$"{norm}.weight"] = Filled(layer.Weight.Name, channels, MathF.Sqrt(1 + OurEpsilon));
            renamed[$"{norm}.bias"] = layer.Bias ?? Filled(layer.Weight.Name, channels, 0);
            renamed[$"{norm}.running_mean"] = Filled(layer.Weight.Name, channels, 0);
            renamed[$"{norm}.running_var"] = Filled(layer.Weight.Name, channels, 1);
            return;
        }

        float[] variance = there.Variance.ToFloats().ToArray();
        if (Array.Exists(variance, v => v < 0))
        {
            throw new WeightImportException(
                path,
                $"is not fit for use: '{FileLimits.Shown(there.Variance.Name)}' is a variance, and {variance.Count(v => v < 0)} of its values are negative");
        }

        float more = there.Epsilon - OurEpsilon;
        renamed[$"{norm}.weight"] = more >= 0 ? there.Weight
            : Each(there.Weight, (weight, i) => weight * MathF.Sqrt((variance[i] + OurEpsilon) / (variance[i] + there.Epsilon)));
        renamed[$"{norm}.bias"] = there.Bias;
        renamed[$"{norm}.running_mean"] = Each(there.Mean, (mean, i) => mean - bias[i]);
        renamed[$"{norm}.running_var"] = more <= 0 ? there.Variance : Each(there.Variance, (v, _) => v + more);
    }

    private static HostTensor Filled(string name, int count, float value)
    {
        float[] values = new float[count];
        Array.Fill(values, value);
        return HostTensor.Of(name, [count], values);
    }

    private static HostTensor Each(HostTensor tensor, Func<float, int, float> change) =>
        HostTensor.Of(tensor.Name, tensor.Sizes, [.. tensor.ToFloats().ToArray().Select(change)]);
}
