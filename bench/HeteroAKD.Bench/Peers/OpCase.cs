using HeteroAKD.Tensors;
using TorchSharp;

namespace HeteroAKD.Bench.Peers;

/// <summary>
/// A case of one operation: a function of its inputs on each side. The harness makes inputs and an upstream gradient, and asks for all gradients.
/// </summary>
internal abstract record OpCase(string Group, string Name) : PeerCase(Group, Name)
{
    /// <summary>Inputs in order.</summary>
    public abstract IReadOnlyList<CaseInput> Inputs { get; }

    /// <summary>Our operation.</summary>
    public abstract Tensor Ours(ReadOnlySpan<Tensor> x);

    /// <summary>The same in libtorch, as one would write it there.</summary>
    public abstract torch.Tensor Theirs(ReadOnlySpan<torch.Tensor> x);

    /// <inheritdoc/>
    public override IContender Ours(Device device) => new OurOp(this, device);

    /// <inheritdoc/>
    public override IContender Theirs(torch.ScalarType type) => new TorchOp(this, type);

    /// <summary>
    /// Elements that a full iteration moves: the forward pass reads the inputs and writes the output, the backward pass reads both inputs and upstream
    /// gradient again and writes the gradients.
    /// </summary>
    protected double MovedElements(double outputElements)
    {
        double inputs = 0;
        double gradients = 0;
        foreach (CaseInput input in Inputs)
        {
            inputs += input.Shape.Count;
            gradients += input.Gradient ? input.Shape.Count : 0;
        }

        return (2 * inputs) + (2 * outputElements) + gradients;
    }
}
