using System.Diagnostics;
using HeteroAKD.Bench.Libtorch;
using TorchSharp;

namespace HeteroAKD.Bench.Peers;

/// <summary>
/// libtorch's side of an operation: forward, and <c>autograd.grad</c> for the gradients, which adds to nothing that would have to be cleared.
/// </summary>
internal sealed class TorchOp : IContender
{
    private readonly OpCase _case;
    private readonly IReadOnlyList<CaseInput> _inputs;
    private readonly torch.Tensor[] _leaves;
    private readonly torch.Tensor[] _wanted;
    private readonly torch.Tensor[]? _upstream; // of the output's shape; null for a scalar

    public TorchOp(OpCase @case, torch.ScalarType type)
    {
        _case = @case;
        _inputs = @case.Inputs;
        _leaves = [.. _inputs.Select((input, i) => input.Classes > 0
            ? TorchData.Labels(input.LabelValues(i), input.Shape)
            : TorchData.Values(input.Values(i), input.Shape, type).requires_grad_(input.Gradient))];
        _wanted = [.. _leaves.Where((_, i) => _inputs[i].Gradient)];
        HeteroAKD.Tensors.Shape output;
        using (torch.NewDisposeScope())
        {
            output = TorchData.ShapeOf(_case.Theirs(_leaves));
        }

        _upstream = output.Count == 1 ? null : [TorchData.Values(new CaseInput("upstream", output).Values(_leaves.Length), output, type)];
    }

    /// <inheritdoc/>
    public Lap Run()
    {
        long start = Stopwatch.GetTimestamp();
        long forward;
        using (torch.NewDisposeScope())
        {
            torch.Tensor output = _case.Theirs(_leaves);
            forward = Stopwatch.GetTimestamp();
            Gradients(output);
        }

        return new Lap(forward - start, Stopwatch.GetTimestamp() - start);
    }

    /// <inheritdoc/>
    public IReadOnlyList<Result> Results(int batch)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor output = _case.Theirs(_leaves);
        IList<torch.Tensor> gradients = Gradients(output);
        IEnumerable<string> names = _inputs.Where(i => i.Gradient).Select(i => $"grad.{i.Name}");
        return
        [
            new Result("output", TorchData.ToDoubles(output)),
            .. names.Zip(gradients, (name, gradient) => new Result(name, TorchData.ToDoubles(gradient)))
        ];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (torch.Tensor tensor in _leaves.Concat(_upstream ?? []))
        {
            tensor.Dispose();
        }
    }

    // Contiguous, as ours are: the gradient of a transposition would otherwise be a view, and the work of making it still to come.
    private IList<torch.Tensor> Gradients(torch.Tensor output)
    {
        IList<torch.Tensor> gradients = _wanted.Length == 0 ? [] : torch.autograd.grad([output], _wanted, _upstream);
        for (int i = 0; i < gradients.Count; i++)
        {
            gradients[i] = gradients[i].contiguous();
        }

        return gradients;
    }
}
