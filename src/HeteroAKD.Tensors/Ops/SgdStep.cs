using HeteroAKD.Kernels.Optim;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Tensors.Ops;

/// <summary>Attributes of an SGD step.</summary>
/// <param name="Lr">Learning rate.</param>
/// <param name="Momentum">Decay of the sum of gradients; 0 takes the gradient itself.</param>
/// <param name="WeightDecay">λ of λ/2 ‖p‖², added to the loss.</param>
/// <param name="Nesterov">Whether the gradient is added once more ahead of the momentum.</param>
public readonly record struct SgdAttributes(float Lr = 1e-3f, float Momentum = 0, float WeightDecay = 0, bool Nesterov = false)
{
    /// <summary>The defaults; without it <c>new()</c> would zero every field.</summary>
    public SgdAttributes()
        : this(Lr: 1e-3f)
    {
    }
}

/// <summary>One SGD update as an operation, so that it can be held against PyTorch; training uses the same kernel on flat memory.</summary>
public static class SgdStep
{
    /// <summary>The row of the table; the inputs stay as they are. Kept: 0 momentum_buffer after the step.</summary>
    public static readonly OpRow<SgdAttributes> Row = new(
        "sgd_step",
        "one step of torch.optim.SGD, dampening 0; the output is the new parameter",
        [new("param", "any"), new("grad", "as param"), new("momentum_buffer", "as param", Optional: true)],
        shape: n => OptimizerState.ShapeOf(n),
        forward: n =>
        {
            SgdAttributes a = n.Attributes;
            Copy.Run(n[0], n.Output);
            Tensor momenta = OptimizerState.Start(n, 0, n.Optional(2));
            Tensor scalars = OptimizerState.Scalars(n, a.Lr);
            n.Device.Pixel(
                new SgdKernel(
                    n.Output.Mem, n[1].Mem, momenta.Mem, scalars.Mem, a.Momentum, a.WeightDecay, a.Nesterov ? 1 : 0), 1, n[0].Shape.Count, 4, n.DType);
        },
        gradient: null,
        "momentum_buffer")
    {
        Float32Only = true,
    };
}
