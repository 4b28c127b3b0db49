using HeteroAKD.Weights.Formats;

namespace HeteroAKD.Weights.Import;

/// <summary>A convolution of an ONNX graph with what normalises its output.</summary>
/// <param name="Weight">[O, I/groups, KH, KW].</param>
/// <param name="Bias">[O], or null.</param>
/// <param name="Norm">The batch norm behind it, or null.</param>
/// <param name="Problem">Why it cannot be taken, or null.</param>
/// <param name="Place">Its place among the operations in the order that data flows; of the norm where there is one.</param>
internal sealed record GraphLayer(HostTensor Weight, HostTensor? Bias, GraphNorm? Norm, string? Problem, int Place)
{
    /// <summary>Names of its tensors in the graph.</summary>
    public IEnumerable<string> Names =>
        new[] { Weight, Bias, Norm?.Weight, Norm?.Bias, Norm?.Mean, Norm?.Variance }.OfType<HostTensor>().Select(t => t.Name);
}

/// <summary>The parameters of a batch norm of an ONNX graph, each [O], and its epsilon.</summary>
internal sealed record GraphNorm(HostTensor Weight, HostTensor Bias, HostTensor Mean, HostTensor Variance, float Epsilon);

/// <summary>
/// The convolutions of an ONNX graph in the order that data flows: all that a layer depends on comes before it, the inputs of an operation in their order, but
/// of those that are added the longest branch first. So the shortcut of a residual block follows the block, whatever the order of the file.
/// </summary>
internal sealed class GraphLayers
{
    private static readonly HostTensor s_none = new("", "F32", [0], []);

    // Floats that bound, resize or fill, and scale no map.
    private static readonly string[] s_settings =
    [
        "Clip", "Resize", "Upsample", "Pad", "Dropout", "Constant", "ConstantOfShape", "Identity", "Reshape", "Expand", "Tile", "Range"
    ];

    private readonly Dictionary<string, HostTensor> _tensors;
    private readonly HashSet<string> _scalars;
    private readonly List<OnnxNode> _order;

    /// <summary>Finds them.</summary>
    /// <param name="graph">The graph.</param>
    public GraphLayers(OnnxContent graph)
    {
        _tensors = graph.Tensors.ToDictionary(t => t.Name);
        _scalars = [.. graph.Scalars];
        Aliases(graph);
        _order = Ordered(graph);
        Dictionary<string, int> norms = [];
        for (int i = 0; i < _order.Count; i++)
        {
            if (_order[i] is { Op: "BatchNormalization", Inputs.Count: >= 5 } norm)
            {
                norms.TryAdd(norm.Inputs[0], i);
            }
        }

        All = [.. Enumerable.Range(0, _order.Count).Where(i => _order[i] is { Op: "Conv", Inputs.Count: >= 2 }).Select(i => Layer(i, norms))];
    }

    /// <summary>The layers.</summary>
    public IReadOnlyList<GraphLayer> All { get; }

    /// <summary>A float that the images are computed with before the first layer sees them, or null.</summary>
    public string? BeforeFirst => All is not [{ Problem: null }, ..] ? null : Strays([All[0]], All[0].Place).FirstOrDefault();

    /// <summary>
    /// Floats that operations before a place compute with, and that no layer of <paramref name="taken"/> has: without them the layers would give something
    /// else. Names of tensors, and of constants without dimensions.
    /// </summary>
    public IReadOnlyList<string> Strays(IEnumerable<GraphLayer> taken, int place)
    {
        HashSet<string> known = [.. taken.SelectMany(l => l.Names)];
        return
        [
            .. _order.Take(place + 1).Where(node => !s_settings.Contains(node.Op)).SelectMany(node => node.Inputs)
                .Select(
                    name =>
                        _tensors.TryGetValue(name, out HostTensor? tensor) && tensor.DType is "F32" or "F64" ? tensor.Name
                            : _scalars.Contains(name) ? name
                            : "")
                .Where(name => name.Length > 0 && !known.Contains(name)).Distinct(),
        ];
    }

    private GraphLayer Layer(int place, Dictionary<string, int> norms)
    {
        OnnxNode conv = _order[place];
        HostTensor? weight = Floats(conv.Inputs[1]);
        string biasName = conv.Inputs.Count > 2 ? conv.Inputs[2] : "";
        HostTensor? bias = Floats(biasName);
        string? problem = weight is not { Sizes.Length: 4 } ? $"the weight '{FileLimits.Shown(conv.Inputs[1])}' of a convolution is no constant of floats "
            + $"in four dimensions (is the graph quantised?)"
            : biasName.Length > 0
                && (bias is null || bias.Sizes is not [var count] || count != weight.Sizes[0]) ? $"the bias '{FileLimits.Shown(biasName)}' of a convolution "
                    + $"is no constant of {weight.Sizes[0]} floats"
            : null;
        if (conv.Outputs.Count > 0 && norms.TryGetValue(conv.Outputs[0], out int at))
        {
            OnnxNode norm = _order[at];
            HostTensor[] parts = [.. norm.Inputs.Skip(1).Take(4).Select(Floats).OfType<HostTensor>()];
            return parts.Length == 4 && parts.All(p => p.Sizes is [var size] && size == weight?.Sizes[0])
                ? new GraphLayer(weight ?? s_none, bias, new GraphNorm(parts[0], parts[1], parts[2], parts[3], norm.Epsilon), problem, at)
                : new GraphLayer(
                    weight ?? s_none,
                    bias,
                    null,
                    problem ?? $"a parameter of the batch norm behind '{FileLimits.Shown(conv.Inputs[1])}' is no constant of as many floats as it has channels",
                    at);
        }

        return new GraphLayer(weight ?? s_none, bias, null, problem, place);
    }

    private HostTensor? Floats(string name) => _tensors.GetValueOrDefault(name) is { DType: "F32" or "F64" } tensor ? tensor : null;

    // Exporters store equal tensors once and pass them on by Identity.
    private void Aliases(OnnxContent graph)
    {
        foreach (OnnxNode node in graph.Nodes.Where(n => n is { Op: "Identity", Inputs.Count: 1, Outputs.Count: 1 }))
        {
            if (_tensors.TryGetValue(node.Inputs[0], out HostTensor? tensor))
            {
                _tensors.TryAdd(node.Outputs[0], tensor);
            }
            else if (_scalars.Contains(node.Inputs[0]))
            {
                _scalars.Add(node.Outputs[0]);
            }
        }
    }

    // Depth first from the outputs, without recursion: a hostile graph is deep.
    private static List<OnnxNode> Ordered(OnnxContent graph)
    {
        Dictionary<string, int> producers = [];
        int[] depths = new int[graph.Nodes.Count];
        for (int i = 0; i < graph.Nodes.Count; i++)
        {
            depths[i] = 1 + Producers(graph.Nodes[i].Inputs).Select(p => depths[p]).DefaultIfEmpty().Max();
            foreach (string output in graph.Nodes[i].Outputs.Where(o => o.Length > 0))
            {
                producers.TryAdd(output, i);
            }
        }

        List<OnnxNode> ordered = [];
        bool[] seen = new bool[graph.Nodes.Count];
        Stack<(int Node, bool Leaves)> open = new(Producers(graph.Outputs).Reverse().Select(n => (n, false)));
        while (open.TryPop(out (int Node, bool Leaves) next))
        {
            if (next.Leaves)
            {
                ordered.Add(graph.Nodes[next.Node]);
            }
            else if (!seen[next.Node])
            {
                seen[next.Node] = true;
                open.Push((next.Node, true));
                foreach (int producer in Branches(graph.Nodes[next.Node]).Reverse())
                {
                    open.Push((producer, false));
                }
            }
        }

        return ordered;

        IEnumerable<int> Branches(OnnxNode node) =>
            node.Op is "Add" or "Sum" ? Producers(node.Inputs).OrderByDescending(p => depths[p]) : Producers(node.Inputs);

        IEnumerable<int> Producers(IEnumerable<string> values) => values.Where(producers.ContainsKey).Select(v => producers[v]);
    }
}
