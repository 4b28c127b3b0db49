using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Nn;

/// <summary>
/// Frees the intermediate results of a block of layers when the block ends, if no backward pass needs them: in evaluation, and in a frozen teacher. A network
/// then needs memory for its widest block instead of for all of them.
/// </summary>
internal ref struct InnerScope : IDisposable
{
    private readonly StepScope? _scope;
    private bool _wanted;

    /// <summary>Begins a block.</summary>
    public InnerScope(Device device, in Pass pass) => _scope = pass.Training ? null : device.BeginStep();

    /// <summary>Frees a result of a chain of layers, which only the next layer read, and returns the next one. The chain's input is not freed.</summary>
    public readonly Tensor Next(Tensor first, Tensor current, Tensor next)
    {
        if (_scope is not null && !next.RequiresGrad && !ReferenceEquals(current, first) && !ReferenceEquals(current, next))
        {
            current.Dispose();
        }

        return next;
    }

    /// <summary>Names the block's result, which must have been made in the block.</summary>
    public Tensor Result(Tensor output)
    {
        // A gradient may be asked for in evaluation mode too, and needs everything.
        _wanted = output.RequiresGrad;
        return _scope is null || _wanted ? output : _scope.Keep(output);
    }

    /// <summary>Ends the block.</summary>
    public void Dispose()
    {
        if (_wanted)
        {
            _scope?.Join();
        }
        else
        {
            _scope?.Dispose();
        }
    }
}
