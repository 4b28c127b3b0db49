using HeteroAKD.Nn;
using HeteroAKD.Weights.Formats;

namespace HeteroAKD.Weights.Import;

/// <summary>
/// Weights of an ONNX graph whose names say nothing: the convolutions of the graph, as <see cref="GraphLayers"/> orders them, go to those of the network in the order of its
/// entries, each with its batch norm. Shapes must agree; a graph may have further layers behind those of an encoder.
/// </summary>
/// <param name="known">What is known of the graph beside its weights, or null.</param>
internal sealed class GraphOrderMap(KnownGraph? known) : NameMap
{
    private const float OurEpsilon = 1e-5f; // of BatchNorm2d
    private readonly HashSet<string> _ignored = [];
    private string _first = "";

    /// <inheritdoc/>
    public override string Name => "onnx";

    /// <inheritdoc/>
    public override string Description => known is null ? "an ONNX graph, by the order of its layers" : $"{known.Description}, by the order of its layers";

    /// <inheritdoc/>
    public override InputNormalization? Input => known?.Input;

    /// <inheritdoc/>
    public override bool Claims(IReadOnlySet<string> names) => false;

    /// <summary>What is no part of a convolution, and layers behind an encoder.</summary>
    public override bool Ignores(string name) => _ignored.Contains(name);

    /// <inheritdoc/>
    public override WeightSource? SourceOf(string name, IReadOnlySet<string> names) =>
        names.Contains(name) ? new WeightSource(name) { SwapRedAndBlue = known is { BlueFirst: true } && name == _first } : null;

    /// <summary>The tensors of a graph under our names; what is left over keeps its own.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="entries">The entries of a network that are asked for.</param>
    /// <param name="isEncoder">Whether they are those of an encoder, behind which the graph may go on.</param>
    public IReadOnlyDictionary<string, HostTensor> Rename(OnnxContent graph, IReadOnlyList<StateEntry> entries, bool isEncoder)
    {
        IReadOnlyList<GraphLayer> layers = GraphLayers.Of(graph);
        Dictionary<string, HostTensor> renamed = [];
        HashSet<string> present = [.. entries.Select(e => e.Name)];
        string[] ours = [.. entries.Where(e => e.Tensor.Shape.Rank == 4 && e.Name.EndsWith(".weight", StringComparison.Ordinal)).Select(e => e.Name[..^".weight".Length])];
        _first = ours.Length > 0 ? ours[0] + ".weight" : "";
        HashSet<string> used = [];
        foreach ((string name, GraphLayer layer) in ours.Zip(layers))
        {
            string norm = name.EndsWith(".conv", StringComparison.Ordinal) ? name[..^".conv".Length] + ".bn" : "";
            used.UnionWith(layer.Names);
            renamed[$"{name}.weight"] = layer.Weight;
            if (present.Contains($"{norm}.running_var"))
            {
                Normalise(layer, norm, renamed);
            }

            if (layer.Bias is { } bias && present.Contains($"{name}.bias"))
            {
                renamed[$"{name}.bias"] = bias;
            }
        }

        HashSet<string> ofLayers = [.. layers.SelectMany(l => l.Names)];
        foreach (HostTensor left in graph.Tensors.Where(t => !used.Contains(t.Name) && renamed.TryAdd(t.Name, t)))
        {
            if (isEncoder || !ofLayers.Contains(left.Name))
            {
                _ignored.Add(left.Name);
            }
        }

        return renamed;
    }

    // A layer without a batch norm had it folded into its weights: it gets one that changes nothing. Another epsilon is a constant on the variance, a bias one on the mean.
    private static void Normalise(GraphLayer layer, string norm, Dictionary<string, HostTensor> renamed)
    {
        int[] sizes = [layer.Weight.Sizes[0]];
        float[] bias = layer.Bias is { DType: "F32" or "F64" } given && given.Count == sizes[0] ? given.ToFloats().ToArray() : new float[sizes[0]];
        if (layer.Norm is not { } there)
        {
            renamed[$"{norm}.weight"] = Filled(layer.Weight.Name, sizes, MathF.Sqrt(1 + OurEpsilon));
            renamed[$"{norm}.bias"] = layer.Bias ?? Filled(layer.Weight.Name, sizes, 0);
            renamed[$"{norm}.running_mean"] = Filled(layer.Weight.Name, sizes, 0);
            renamed[$"{norm}.running_var"] = Filled(layer.Weight.Name, sizes, 1);
            return;
        }

        renamed[$"{norm}.weight"] = there.Weight;
        renamed[$"{norm}.bias"] = there.Bias;
        renamed[$"{norm}.running_mean"] = Each(there.Mean, (mean, i) => mean - bias[i]);
        renamed[$"{norm}.running_var"] = there.Epsilon == OurEpsilon ? there.Variance : Each(there.Variance, (variance, _) => variance + (there.Epsilon - OurEpsilon));
    }

    private static HostTensor Filled(string name, int[] sizes, float value)
    {
        float[] values = new float[sizes[0]];
        Array.Fill(values, value);
        return HostTensor.Of(name, sizes, values);
    }

    private static HostTensor Each(HostTensor tensor, Func<float, int, float> change) => tensor is { DType: "F32" or "F64", Sizes.Length: 1 }
        ? HostTensor.Of(tensor.Name, tensor.Sizes, [.. tensor.ToFloats().ToArray().Select(change)])
        : tensor;
}
