using HeteroAKD.Weights.Formats;

namespace HeteroAKD.Weights.Import;

/// <summary>A convolution of an ONNX graph with what normalises its output.</summary>
/// <param name="Weight">[O, I/groups, KH, KW].</param>
/// <param name="Bias">[O], or null.</param>
/// <param name="Norm">The batch norm behind it, or null.</param>
internal sealed record GraphLayer(HostTensor Weight, HostTensor? Bias, GraphNorm? Norm)
{
    /// <summary>Names of its tensors in the graph.</summary>
    public IEnumerable<string> Names =>
        new[] { Weight, Bias, Norm?.Weight, Norm?.Bias, Norm?.Mean, Norm?.Variance }.OfType<HostTensor>().Select(t => t.Name);
}

/// <summary>The parameters of a batch norm of an ONNX graph, each [O], and its epsilon.</summary>
internal sealed record GraphNorm(HostTensor Weight, HostTensor Bias, HostTensor Mean, HostTensor Variance, float Epsilon);

/// <summary>
/// The convolutions of an ONNX graph in the order that data flows: all that a layer depends on comes before it, the inputs of an operation in their order, but of those that are
/// added the longest branch first. So the shortcut of a residual block follows the block, whatever the order of the file.
/// </summary>
internal static class GraphLayers
{
    /// <summary>Finds them.</summary>
    /// <param name="graph">The graph.</param>
    public static IReadOnlyList<GraphLayer> Of(OnnxContent graph)
    {
        Dictionary<string, HostTensor> tensors = graph.Tensors.ToDictionary(t => t.Name);
        Aliases(graph, tensors);
        List<OnnxNode> order = Ordered(graph);
        Dictionary<string, OnnxNode> norms = [];
        foreach (OnnxNode node in order.Where(n => n.Op == "BatchNormalization" && n.Inputs.Count >= 5))
        {
            norms.TryAdd(node.Inputs[0], node);
        }

        return [.. order.Where(n => n.Op == "Conv" && n.Inputs.Count >= 2).Select(conv => Layer(conv, norms, tensors)).OfType<GraphLayer>()];
    }

    private static GraphLayer? Layer(OnnxNode conv, Dictionary<string, OnnxNode> norms, Dictionary<string, HostTensor> tensors)
    {
        if (tensors.GetValueOrDefault(conv.Inputs[1]) is not { Sizes.Length: 4 } weight)
        {
            return null;
        }

        HostTensor? bias = conv.Inputs.Count > 2 ? tensors.GetValueOrDefault(conv.Inputs[2]) : null;
        OnnxNode? norm = conv.Outputs.Count > 0 ? norms.GetValueOrDefault(conv.Outputs[0]) : null;
        HostTensor[] parts = norm is null ? [] : [.. norm.Inputs.Skip(1).Take(4).Select(n => tensors.GetValueOrDefault(n)).OfType<HostTensor>()];
        return new GraphLayer(weight, bias, parts.Length == 4 ? new GraphNorm(parts[0], parts[1], parts[2], parts[3], norm!.Epsilon) : null);
    }

    // Exporters store equal tensors once and pass them on by Identity.
    private static void Aliases(OnnxContent graph, Dictionary<string, HostTensor> tensors)
    {
        foreach (OnnxNode node in graph.Nodes.Where(n => n is { Op: "Identity", Inputs.Count: 1, Outputs.Count: 1 }))
        {
            if (tensors.TryGetValue(node.Inputs[0], out HostTensor? tensor))
            {
                tensors.TryAdd(node.Outputs[0], tensor);
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
            depths[i] = 1 + Depth(graph.Nodes[i]);
            foreach (string output in graph.Nodes[i].Outputs)
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

        IEnumerable<int> Branches(OnnxNode node) => node.Op == "Add" ? Producers(node.Inputs).OrderByDescending(p => depths[p]) : Producers(node.Inputs);

        int Depth(OnnxNode node) => Producers(node.Inputs).Select(p => depths[p]).DefaultIfEmpty().Max();

        IEnumerable<int> Producers(IEnumerable<string> values) => values.Where(producers.ContainsKey).Select(v => producers[v]);
    }
}
