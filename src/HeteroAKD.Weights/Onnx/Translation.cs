using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Weights.Onnx;

/// <summary>How a trace becomes a graph.</summary>
/// <param name="DynamicBatch">The first size of everything that is no parameter stays open.</param>
/// <param name="FoldBatchNorm">A batch normalisation becomes part of the convolution whose only reader it is.</param>
/// <param name="Opset">Version of ONNX's operators, <see cref="OnnxGraph.OldestOpset"/> to <see cref="OnnxGraph.NewestOpset"/>; 0 for
/// <see cref="OnnxGraph.UsualOpset"/>.</param>
public readonly record struct TranslationOptions(bool DynamicBatch = false, bool FoldBatchNorm = false, int Opset = 0);

/// <summary>A graph in the making: which name every traced tensor has, and which batch normalisations disappear in a convolution.</summary>
internal sealed class Translation
{
    private readonly Dictionary<Tensor, string> _names = [];
    private readonly Dictionary<Tensor, string> _parameters = [];
    private readonly Dictionary<Tensor, TracedOperation> _folded = new(); // by the convolution's output
    private readonly OpenSizes? _sizes;

    private Translation(
        IEnumerable<(string Name, Tensor Tensor)> inputs, IEnumerable<(string Name, Tensor Tensor)> parameters, TranslationOptions options, OpenSizes? sizes)
    {
        Options = options;
        Graph = new OnnxGraph(options.Opset);
        _sizes = sizes;
        foreach ((string name, Tensor tensor) in inputs)
        {
            _names.Add(tensor, name);
        }

        foreach ((string name, Tensor tensor) in parameters)
        {
            _parameters.Add(tensor, name);
        }
    }

    /// <summary>Where nodes go.</summary>
    public OnnxGraph Graph { get; }

    /// <summary>What was asked for.</summary>
    public TranslationOptions Options { get; }

    /// <summary>Translates a trace.</summary>
    /// <param name="trace">Operations in the order they ran.</param>
    /// <param name="inputs">Tensors that a run gets, by name.</param>
    /// <param name="outputs">Tensors that a run returns, by name; each the output of an operation.</param>
    /// <param name="parameters">Tensors whose values become part of the graph, by name.</param>
    /// <param name="options">How.</param>
    /// <param name="sizes">The same trace at another size of images, which leaves rows and columns open; null fixes them.</param>
    /// <exception cref="ExportException">An operation has no counterpart in ONNX, or reads a tensor that nothing here explains.</exception>
    public static OnnxGraph Translate(
        IReadOnlyList<TracedOperation> trace,
        IEnumerable<(string Name, Tensor Tensor)> inputs,
        IEnumerable<(string Name, Tensor Tensor)> outputs,
        IEnumerable<(string Name, Tensor Tensor)> parameters,
        TranslationOptions options,
        OpenSizes? sizes = null)
    {
        Translation translation = new(inputs, parameters, options, sizes);
        if (options.FoldBatchNorm)
        {
            translation.FindFoldable(trace, outputs.Select(o => o.Tensor));
        }

        foreach (TracedOperation operation in trace)
        {
            translation._names[operation.Output] = OperatorTable.Find(operation.Row)(translation, operation);
        }

        foreach ((string name, Tensor tensor) in outputs)
        {
            translation.Graph.Rename(translation._names[tensor], name);
            translation._names[tensor] = name;
        }

        return translation.Graph;
    }

    /// <summary>The name of an operation's input: a value of the graph, or a parameter with its values.</summary>
    public string Name(TracedOperation operation, int input)
    {
        Tensor tensor = operation.Inputs[input]!;
        return _names.TryGetValue(tensor, out string? name) ? name
            : Graph.Initializer(ParameterName(operation, input), tensor.Shape.ToArray(), () => Values(tensor));
    }

    /// <summary>The name of an operation's parameter, which is not yet in the graph.</summary>
    public string ParameterName(TracedOperation operation, int input) =>
        _parameters.TryGetValue(operation.Inputs[input]!, out string? name)
            ? name
            : throw new ExportException(
                $"operation '{operation.Row.Name}' reads '{operation.Row.Inputs[input].Name}' {operation.Inputs[input]!.Shape}, which is neither the images "
                + "nor a parameter nor the output of a traced operation; ONNX export needs every tensor to be one of them.");

    /// <summary>The batch normalisation that becomes part of a convolution, or null.</summary>
    public TracedOperation? FoldedInto(TracedOperation convolution) => _folded.GetValueOrDefault(convolution.Output);

    /// <summary>Whether a batch normalisation is part of the convolution before it.</summary>
    public bool IsFolded(TracedOperation normalization) => _folded.ContainsKey(normalization.Inputs[0]!);

    /// <summary>Whether rows and columns of maps are left open.</summary>
    public bool HasOpenSizes => _sizes is not null;

    /// <summary>Rows and columns that an operation makes, as a list of two: fixed ones, or those of a tensor that has them at every size of images.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <exception cref="ExportException">Sizes are open, and no tensor has these.</exception>
    public string MapSize(TracedOperation operation, int height, int width)
    {
        if (_sizes is null)
        {
            return Graph.Ints(height, width);
        }

        return Graph.Add("Shape", [_names[_sizes.TensorOf(operation, height, width)]], OnnxAttribute.Int("start", 2), OnnxAttribute.Int("end", 4));
    }

    /// <summary>The values of a tensor, row-major.</summary>
    public static float[] Values(Tensor tensor)
    {
        float[] values = new float[tensor.Shape.Count];
        tensor.CopyTo(values);
        return values;
    }

    private void FindFoldable(IReadOnlyList<TracedOperation> trace, IEnumerable<Tensor> outputs)
    {
        Dictionary<Tensor, int> readers = [];
        foreach (Tensor input in trace.SelectMany(o => o.Inputs).OfType<Tensor>().Concat(outputs))
        {
            readers[input] = readers.GetValueOrDefault(input) + 1;
        }

        Dictionary<Tensor, TracedOperation> convolutions = trace.Where(o => o.Row == Convolution.Row).ToDictionary(o => o.Output);
        foreach (TracedOperation normalization in trace.Where(o => o.Row == BatchNormalization.Row))
        {
            Tensor input = normalization.Inputs[0]!;
            if (convolutions.TryGetValue(input, out TracedOperation? convolution) && readers[input] == 1 && readers[convolution.Inputs[1]!] == 1)
            {
                _folded.Add(input, normalization);
            }
        }
    }
}
