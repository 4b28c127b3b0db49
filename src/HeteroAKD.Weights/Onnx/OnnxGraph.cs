using System.Globalization;
using System.Runtime.InteropServices;
using HeteroAKD.Tensors;

namespace HeteroAKD.Weights.Onnx;

/// <summary>An input or output of a graph.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Shape">Its sizes.</param>
internal readonly record struct OnnxValue(string Name, Shape Shape);

/// <summary>
/// Nodes and initializers of a graph, in the order they were added, and the model file around them (field numbers: onnx.proto). Values are referred to by name.
/// </summary>
/// <param name="opset">Version of the operators that nodes are of; 0 for <see cref="UsualOpset"/>.</param>
internal sealed class OnnxGraph(int opset = 0)
{
    /// <summary>The version that is written unless another is asked for.</summary>
    public const int UsualOpset = 17;

    /// <summary>The oldest: before it Shape had no range.</summary>
    public const int OldestOpset = 15;

    /// <summary>The newest.</summary>
    public const int NewestOpset = 21;

    // Names of open sizes, by dimension.
    private static readonly string[] s_open = ["N", "", "H", "W"];

    // TensorProto.DataType.
    private const int FloatType = 1;
    private const int Int64Type = 7;

    private readonly List<Node> _nodes = [];
    private readonly Dictionary<string, ProtoMessage> _initializers = [];

    /// <summary>Version of the operators.</summary>
    public int Opset { get; } = opset == 0 ? UsualOpset : opset;

    /// <summary>Adds a node of one output and returns that one's name; an input named "" is left out.</summary>
    public string Add(string operation, string[] inputs, params OnnxAttribute[] attributes) => AddMany(operation, inputs, 1, attributes)[0];

    /// <summary>Adds a node of several outputs and returns their names.</summary>
    public string[] AddMany(string operation, string[] inputs, int outputs, params OnnxAttribute[] attributes)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"{operation}_{_nodes.Count}");
        string[] names = [.. Enumerable.Range(0, outputs).Select(i => i == 0 ? name : string.Create(CultureInfo.InvariantCulture, $"{name}_{i}"))];
        _nodes.Add(new Node(name, operation, inputs, names, attributes));
        return names;
    }

    /// <summary>Keeps float32 numbers under a name, once.</summary>
    /// <param name="name">The name, which is returned.</param>
    /// <param name="sizes">Sizes of the tensor.</param>
    /// <param name="values">Row-major elements; read when the name is new.</param>
    public string Initializer(string name, int[] sizes, Func<float[]> values)
    {
        if (!_initializers.ContainsKey(name))
        {
            _initializers.Add(name, TensorOf(name, sizes, FloatType, MemoryMarshal.AsBytes(values().AsSpan()).ToArray()));
        }

        return name;
    }

    /// <summary>A number that nodes broadcast.</summary>
    public string Scalar(float value) => Initializer(string.Create(CultureInfo.InvariantCulture, $"scalar_{value:R}"), [], () => [value]);

    /// <summary>A list of sizes or places.</summary>
    public string Ints(params long[] values)
    {
        string name = "ints_" + string.Join('_', values.Select(v => v.ToString(CultureInfo.InvariantCulture)));
        if (!_initializers.ContainsKey(name))
        {
            _initializers.Add(name, TensorOf(name, [values.Length], Int64Type, MemoryMarshal.AsBytes(values.AsSpan()).ToArray()));
        }

        return name;
    }

    /// <summary>Gives a node's output another name, wherever it stands.</summary>
    public void Rename(string output, string name)
    {
        foreach (Node node in _nodes)
        {
            node.Inputs.AsSpan().Replace(output, name);
            node.Outputs.AsSpan().Replace(output, name);
        }
    }

    /// <summary>The model file.</summary>
    /// <param name="name">Name of the graph.</param>
    /// <param name="inputs">What a run takes.</param>
    /// <param name="outputs">What a run returns.</param>
    /// <param name="dynamicBatch">Whether the first size of inputs and outputs is left open.</param>
    /// <param name="metadata">What the model says about itself, by key.</param>
    /// <param name="dynamicSize">Whether rows and columns are.</param>
    public ProtoMessage ToModel(
        string name, IEnumerable<OnnxValue> inputs, IEnumerable<OnnxValue> outputs, bool dynamicBatch, IReadOnlyDictionary<string, string> metadata,
        bool dynamicSize =
            false)
    {
        ProtoMessage graph = new();
        foreach (Node node in _nodes)
        {
            graph.Message(1, node.ToMessage());
        }

        graph.Text(2, name);
        foreach (ProtoMessage initializer in _initializers.Values)
        {
            graph.Message(5, initializer);
        }

        foreach (OnnxValue input in inputs)
        {
            graph.Message(11, ValueOf(input, dynamicBatch, dynamicSize, ""));
        }

        foreach (OnnxValue output in outputs)
        {
            graph.Message(12, ValueOf(output, dynamicBatch, dynamicSize, inputs.Any(input => HasSizeOf(input, output)) ? "" : "out"));
        }

        ProtoMessage model = new ProtoMessage()
            .Int(1, Opset switch { <= 18 => 8, <= 20 => 9, _ => 10 }).Text(2, "HeteroAKD.Kernels").Text(3, ProductVersion.Number)
            .Message(7, graph);
        model.Message(8, new ProtoMessage().Text(1, "").Int(2, Opset));
        foreach ((string key, string value) in metadata)
        {
            model.Message(14, new ProtoMessage().Text(1, key).Text(2, value));
        }

        return model;
    }

    private static bool HasSizeOf(OnnxValue a, OnnxValue b) => a.Shape.Rank == 4 && b.Shape.Rank == 4 && (a.Shape[2], a.Shape[3]) == (b.Shape[2], b.Shape[3]);

    private static ProtoMessage TensorOf(string name, int[] sizes, int type, byte[] bytes)
    {
        ProtoMessage tensor = new();
        foreach (int size in sizes)
        {
            tensor.Int(1, size);
        }

        return tensor.Int(2, type).Text(8, name).Bytes(9, bytes);
    }

    private static ProtoMessage ValueOf(OnnxValue value, bool dynamicBatch, bool dynamicSize, string suffix)
    {
        ProtoMessage shape = new();
        for (int d = 0; d < value.Shape.Rank; d++)
        {
            bool isOpen = (d == 0 && dynamicBatch) || (d >= 2 && dynamicSize && value.Shape.Rank == 4);
            shape.Message(1, isOpen ? new ProtoMessage().Text(2, s_open[d] + (d >= 2 ? suffix : "")) : new ProtoMessage().Int(1, value.Shape[d]));
        }

        ProtoMessage tensor = new ProtoMessage().Int(1, FloatType).Message(2, shape);
        return new ProtoMessage().Text(1, value.Name).Message(2, new ProtoMessage().Message(1, tensor));
    }

    private sealed record Node(string Name, string Operation, string[] Inputs, string[] Outputs, OnnxAttribute[] Attributes)
    {
        public ProtoMessage ToMessage()
        {
            ProtoMessage message = new();
            foreach (string input in Inputs)
            {
                message.Text(1, input);
            }

            foreach (string output in Outputs)
            {
                message.Text(2, output);
            }

            message.Text(3, Name).Text(4, Operation);
            foreach (OnnxAttribute attribute in Attributes)
            {
                message.Message(5, attribute.Message);
            }

            return message;
        }
    }
}
