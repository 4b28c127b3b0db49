using HeteroAKD.Kernels.Pixelwise;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Tensors.Inference;

/// <summary>
/// Fuses into convolutions and linear layers with constant parameters what alone reads their result: a batch normalisation, a residual, an activation, and on
/// the host the turning of tokens to maps and back; and puts pointwise convolutions together that only averages stand between
/// (<see cref="PointwiseComposition"/>). What somebody else reads too, or the caller wants, stays an operation of its own.
/// </summary>
internal sealed class GraphFusion
{
    private readonly List<FrozenOperation> _operations = [];
    private readonly Dictionary<Tensor, FrozenOperation> _makers = [];
    private readonly Dictionary<Tensor, int> _reads = [];
    private readonly HashSet<Tensor> _computed;

    /// <summary>Fuses.</summary>
    /// <param name="traced">Operations in the order they ran.</param>
    /// <param name="input">What they began with.</param>
    /// <param name="wanted">Results that are read from outside.</param>
    public GraphFusion(IReadOnlyList<TracedOperation> traced, Tensor input, IEnumerable<Tensor> wanted)
    {
        _computed = [input, .. traced.Select(o => o.Output)];
        foreach (Tensor read in traced.SelectMany(o => o.Inputs).OfType<Tensor>().Concat(wanted))
        {
            _reads[read] = _reads.GetValueOrDefault(read) + 1;
        }

        foreach (TracedOperation operation in traced)
        {
            if (!TryNormalize(operation) && !TryActivate(operation) && !TryAdd(operation) && !TryWriteMap(operation))
            {
                Append(Translate(operation), operation.Output);
            }
        }

        foreach (FrozenConvolution outer in _operations.OfType<FrozenConvolution>().ToList())
        {
            if (PointwiseComposition.Find(outer, SoleMaker) is { } composition)
            {
                int at = _operations.IndexOf(outer);
                _operations.InsertRange(at + 1, composition.Operations());
                _operations.RemoveAll(o => composition.Replaced.Contains(o));
            }
        }
    }

    /// <summary>What is left, in an order in which it can run.</summary>
    public IReadOnlyList<FrozenOperation> Operations => _operations;

    private FrozenOperation Translate(TracedOperation o)
    {
        bool constant = o.Inputs.Skip(1).OfType<Tensor>().All(t => !_computed.Contains(t));
        if (constant && o.Row == Convolution.Row)
        {
            return new FrozenConvolution(o) { Input = o.Inputs[0]!, Output = o.Output };
        }

        if (!constant || o.Row != MatMul.Linear)
        {
            return new RepeatedOperation(o) { Output = o.Output };
        }

        FrozenLinear linear = new(o) { Input = o.Inputs[0]!, Output = o.Output };
        if (o.Output.Device is HostDevice && SoleMaker(linear.Input) is RepeatedOperation { Row: var row } tokens && row == Layout.ToTokens)
        {
            _operations.Remove(tokens);
            linear.Input = tokens.Inputs[0]!;
            linear.ReadsMap = true;
        }

        return linear;
    }

    private bool TryNormalize(TracedOperation o)
    {
        if (o.Row != BatchNormalization.Row || o.Attributes is not BatchNormAttributes { Training: false }
            || o.Inputs.Skip(1).Take(4).Any(t => _computed.Contains(t!)) || SoleMaker(o.Inputs[0]!) is not FrozenConvolution { IsAlone: true } convolution)
        {
            return false;
        }

        convolution.Normalize(o);
        Append(convolution, o.Output);
        return true;
    }

    private bool TryActivate(TracedOperation o)
    {
        ActivationKind kind = o.Row == Activations.Relu ? ActivationKind.Relu
            : o.Row == Activations.Relu6 ? ActivationKind.Relu6
            : o.Row == Activations.Gelu ? ActivationKind.Gelu
            : o.Row == Activations.Silu ? ActivationKind.Silu
            : ActivationKind.None;
        if (kind == ActivationKind.None || SoleMaker(o.Inputs[0]!) is not FrozenProduct { Activation: ActivationKind.None } product)
        {
            return false;
        }

        product.Activation = kind;
        Append(product, o.Output);
        return true;
    }

    private bool TryAdd(TracedOperation o)
    {
        if (o.Row != Arithmetic.Add || o.Inputs[0]!.Shape != o.Inputs[1]!.Shape)
        {
            return false;
        }

        // The later one of two products takes the other's result.
        for (int side = 1; side >= 0; side--)
        {
            if (SoleMaker(o.Inputs[side]!) is FrozenProduct { IsBare: true } product)
            {
                product.Residual = o.Inputs[1 - side];
                Append(product, o.Output);
                return true;
            }
        }

        return false;
    }

    private bool TryWriteMap(TracedOperation o)
    {
        if (o.Row != Layout.ToMap || o.Output.Device is not HostDevice || SoleMaker(o.Inputs[0]!) is not FrozenLinear { IsBare: true, WritesMap: false } linear)
        {
            return false;
        }

        linear.WritesMap = true;
        Append(linear, o.Output);
        return true;
    }

    // Who made a result that one operation reads and nobody wants.
    private FrozenOperation? SoleMaker(Tensor result) => _reads[result] == 1 ? _makers.GetValueOrDefault(result) : null;

    // An operation that took up another moves to that one's place, where all that it reads has been made.
    private void Append(FrozenOperation operation, Tensor output)
    {
        _operations.Remove(operation);
        operation.Output = output;
        _operations.Add(operation);
        _makers[output] = operation;
    }
}
