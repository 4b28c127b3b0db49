using HeteroAKD.Kernels.Optim;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Tensors.Ops;

/// <summary>Attributes of an AdamW step.</summary>
/// <param name="Lr">Learning rate.</param>
/// <param name="Beta1">Decay of the mean of g.</param>
/// <param name="Beta2">Decay of the mean of g².</param>
/// <param name="Eps">Added to the denominator.</param>
/// <param name="WeightDecay">Decoupled weight decay.</param>
/// <param name="Step">Number of this step, 1 at the first.</param>
public readonly record struct AdamWAttributes(
    float Lr = 1e-3f, double Beta1 = 0.9, double Beta2 = 0.999, double Eps = 1e-8, double WeightDecay = 1e-2, int Step = 1)
{
    /// <summary>The defaults; without it <c>new()</c> would zero every field.</summary>
    public AdamWAttributes()
        : this(Lr: 1e-3f)
    {
    }
}

/// <summary>One AdamW update as an operation, so that it can be held against PyTorch; training uses the same kernel on flat memory.</summary>
public static class AdamWStep
{
    /// <summary>The row of the table; the inputs stay as they are. Kept: 0 exp_avg, 1 exp_avg_sq after the step.</summary>
    public static readonly OpRow<AdamWAttributes> Row = new(
        "adamw_step",
        "one step of torch.optim.AdamW; the output is the new parameter",
        [new("param", "any"), new("grad", "as param"), new("exp_avg", "as param", Optional: true), new("exp_avg_sq", "as param", Optional: true)],
        shape: n => OptimizerState.ShapeOf(n),
        forward: n =>
        {
            AdamWAttributes a = n.Attributes;
            Copy.Run(n[0], n.Output);
            Tensor means = OptimizerState.Start(n, 0, n.Optional(2));
            Tensor squares = OptimizerState.Start(n, 1, n.Optional(3));
            Tensor scalars = OptimizerState.Scalars(n, a.Lr, a.Beta1, a.Beta2, a.Step);
            n.Device.Pixel(
                new AdamWKernel(
                    n.Output.Mem, n[1].Mem, means.Mem, squares.Mem, scalars.Mem, a.Beta1, a.Beta2, a.Eps, a.WeightDecay), 1, n[0].Shape.Count, 6, n.DType);
        },
        gradient: null,
        "exp_avg",
        "exp_avg_sq")
    {
        Float32Only = true,
    };
}
