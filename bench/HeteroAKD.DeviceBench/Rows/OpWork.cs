using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Checks;

namespace HeteroAKD.DeviceBench.Rows;

/// <summary>An operation, forward with recording and backward, inside a step whose end gives everything back.</summary>
internal sealed class OpWork : RowWork
{
    private readonly OpRecipe _recipe;
    private readonly Device _device;
    private readonly Tensor[] _values;
    private readonly Tensor[] _leaves;
    private readonly Tensor? _upstream; // of the output's shape; null for a scalar

    /// <summary>Brings the inputs to a device.</summary>
    /// <param name="recipe">Operation and inputs.</param>
    /// <param name="device">Where it runs.</param>
    /// <param name="type">Float64 on the host is the reference.</param>
    public OpWork(OpRecipe recipe, Device device, DType type = DType.Float32)
    {
        _recipe = recipe;
        _device = device;
        _values =
        [
            .. recipe.Inputs.Select((input, i) => input.Tensor(device, input.IsActivation && type == DType.Float32 ? device.ActivationType : type, seed: i + 1))
        ];
        _leaves = new Tensor[_values.Length];
        Shape output;
        DType outputType;
        using (device.BeginStep())
        {
            Tensor first = Forward();
            output = first.Shape;
            outputType = first.DType;
        }

        _upstream = output.Count == 1 ? null : new RowInput("upstream", output).Tensor(device, outputType, seed: _values.Length + 1);
    }

    /// <inheritdoc/>
    public override bool IsDivided => true;

    /// <summary>Results and gradients by name.</summary>
    public IReadOnlyList<NamedValues> Results()
    {
        using StepScope step = _device.BeginStep();
        Tensor output = Forward();
        List<NamedValues> results = [new("output", output.ToDoubles())];
        Backward(output);
        for (int i = 0; i < _leaves.Length; i++)
        {
            if (_recipe.Inputs[i].Gradient)
            {
                results.Add(new($"grad.{_recipe.Inputs[i].Name}", _leaves[i].Grad!.ToDoubles()));
            }
        }

        return results;
    }

    /// <inheritdoc/>
    public override void Run(Action afterForward)
    {
        using StepScope step = _device.BeginStep();
        Tensor output = Forward();
        afterForward();
        Backward(output);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _upstream?.Dispose();
        foreach (Tensor value in _values)
        {
            value.Dispose();
        }
    }

    private Tensor Forward()
    {
        // A new leaf each time: its gradient belongs to the step and goes with it.
        for (int i = 0; i < _leaves.Length; i++)
        {
            _leaves[i] = _values[i].View(_values[i].Shape);
            _leaves[i].RequiresGrad = _recipe.Inputs[i].Gradient;
        }

        return _recipe.Apply(_leaves);
    }

    private void Backward(Tensor output)
    {
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
