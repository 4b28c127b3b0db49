using HeteroAKD.Tensors;

namespace HeteroAKD.Training.Optimization;

/// <summary>Update rule, as in <c>torch.optim</c>.</summary>
public enum OptimizerKind
{
    /// <summary>Adam with decoupled weight decay.</summary>
    AdamW,

    /// <summary>Stochastic gradient descent with momentum.</summary>
    Sgd,
}

/// <summary>Options of the update rule, with PyTorch's names; the <c>optimizer</c> section of a configuration.</summary>
public sealed record OptimizerOptions
{
    /// <summary>adamw or sgd.</summary>
    public OptimizerKind Kind { get; init; } = OptimizerKind.AdamW;

    /// <summary>Peak learning rate.</summary>
    [InRange("(0, 100]")]
    public double Lr { get; init; } = 0.002;

    /// <summary>Weight decay; decoupled for AdamW, part of the gradient for SGD.</summary>
    [InRange("[0, 10]")]
    public double WeightDecay { get; init; } = 0.01;

    /// <summary>AdamW's decay of the two running means.</summary>
    [InRange("[0, 1)")]
    public IReadOnlyList<double> Betas { get; init; } = [0.9, 0.999];

    /// <summary>AdamW's guard in the denominator.</summary>
    [InRange("(0, 1]")]
    public double Eps { get; init; } = 1e-8;

    /// <summary>SGD's momentum.</summary>
    [InRange("[0, 1)")]
    public double Momentum { get; init; } = 0.9;

    /// <summary>SGD with Nesterov's look-ahead.</summary>
    public bool Nesterov { get; init; }

    /// <summary>Exempt normalisation weights and every bias from weight decay.</summary>
    public bool NoDecayOnNormsAndBiases { get; init; } = true;

    /// <summary>Learning rate of the distillation projectors, as a multiple of the student's.</summary>
    [InRange("(0, 1000]")]
    public double ProjectorLrMultiplier { get; init; } = 1;

    /// <summary>Largest global gradient norm; 0 clips nothing.</summary>
    [InRange("[0, inf)")]
    public double GradientClip { get; init; }

    /// <summary>Batches whose gradients are averaged into one update.</summary>
    [InRange("[1, 4096]")]
    public int Accumulate { get; init; } = 1;
}
