using System.Diagnostics;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Bench.Peers;

/// <summary>Our side of an operation: forward and backward inside a step, whose end gives everything back.</summary>
internal sealed class OurOp : IContender
{
    private readonly OpCase _case;
    private readonly Device _device;
    private readonly IReadOnlyList<CaseInput> _inputs;
    private readonly Tensor[] _values;
    private readonly Tensor[] _leaves;
    private readonly bool _backward;
    private readonly Tensor? _upstream; // of the output's shape; null for a scalar

    public OurOp(OpCase @case, Device device)
    {
        _case = @case;
        _device = device;
        _inputs = @case.Inputs;
        _backward = _inputs.Any(i => i.Gradient);
        _values = [.. _inputs.Select((input, i) => input.Classes > 0
            ? Tensor.From(device, input.Shape, input.LabelValues(i))
            : Tensor.From(device, input.Shape, input.Values(i)))];
        _leaves = new Tensor[_values.Length];
        Shape output;
        using (device.BeginStep())
        {
            output = Forward().Shape;
        }

        _upstream = output.Count == 1 ? null : Tensor.From(device, output, new CaseInput("upstream", output).Values(_values.Length));
    }

    /// <inheritdoc/>
    public Lap Run()
    {
        long start = Stopwatch.GetTimestamp();
        long forward;
        using (_device.BeginStep())
        {
            Tensor output = Forward();
            forward = Stopwatch.GetTimestamp();
            Backward(output);
        }

        return new Lap(forward - start, Stopwatch.GetTimestamp() - start);
    }

    /// <inheritdoc/>
    public IReadOnlyList<Result> Results(int batch)
    {
        using StepScope step = _device.BeginStep();
        Tensor output = Forward();
        List<Result> results = [new("output", Numbers(output))];
        Backward(output);
        for (int i = 0; i < _leaves.Length; i++)
        {
            if (_inputs[i].Gradient)
            {
                results.Add(new Result($"grad.{_inputs[i].Name}", _leaves[i].Grad!.ToDoubles()));
            }
        }

        return results;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _upstream?.Dispose();
        foreach (Tensor value in _values)
        {
            value.Dispose();
        }
    }

    private static double[] Numbers(Tensor tensor) => tensor.DType == DType.Int32 ? Array.ConvertAll(tensor.ToInts(), v => (double)v) : tensor.ToDoubles();

    private Tensor Forward()
    {
        // A new leaf each time: its gradient belongs to the step and goes with it.
        for (int i = 0; i < _leaves.Length; i++)
        {
            _leaves[i] = _values[i].View(_inputs[i].Shape);
            _leaves[i].RequiresGrad = _inputs[i].Gradient;
        }

        return _case.Ours(_leaves);
    }

    private void Backward(Tensor output)
    {
        if (!_backward)
        {
            return;
        }

        if (_upstream is null)
        {
            output.Backward();
        }
        else
        {
            // A view, since the pass takes over what it is given. No operation here adds to it.
            _device.Tape.Backward(output, _upstream.View(output.Shape));
        }
    }
}
