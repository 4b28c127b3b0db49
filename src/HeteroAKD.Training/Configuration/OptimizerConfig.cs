namespace HeteroAKD.Training.Configuration;

/// <summary>Update rule, as in <c>torch.optim</c>.</summary>
public enum OptimizerKind
{
    /// <summary>Adam with decoupled weight decay.</summary>
    AdamW,

    /// <summary>Stochastic gradient descent with momentum.</summary>
    Sgd,
}

/// <summary>Shape of the learning rate after warm-up.</summary>
public enum ScheduleKind
{
    /// <summary>(1 - t)^power.</summary>
    Poly,

    /// <summary>(1 + cos(pi t)) / 2.</summary>
    Cosine,

    /// <summary>Always the peak.</summary>
    Constant,
}

/// <summary>The <c>optimizer</c> section, with PyTorch's names.</summary>
public sealed record OptimizerConfig
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

/// <summary>The <c>schedule</c> section.</summary>
public sealed record ScheduleConfig
{
    /// <summary>poly, cosine or constant.</summary>
    public ScheduleKind Kind { get; init; } = ScheduleKind.Poly;

    /// <summary>Exponent of poly.</summary>
    [InRange("(0, 100]")]
    public double Power { get; init; } = 0.9;

    /// <summary>Steps of linear warm-up; 0 takes <see cref="WarmupFraction"/>.</summary>
    [InRange("[0, 100000000]")]
    public int WarmupSteps { get; init; }

    /// <summary>Warm-up as a share of all steps.</summary>
    [InRange("[0, 1)")]
    public double WarmupFraction { get; init; } = 0.05;

    /// <summary>Warm-up starts at this multiple of the peak.</summary>
    [InRange("[0, 1]")]
    public double WarmupFactor { get; init; }

    /// <summary>The rate never falls below this after warm-up.</summary>
    [InRange("[0, 100]")]
    public double MinLr { get; init; }
}

/// <summary>The <c>training</c> section. Intervals count steps; 0 means only at the end.</summary>
public sealed record TrainingConfig
{
    /// <summary>Optimiser steps of the student.</summary>
    [InRange("[1, 100000000]")]
    public int Steps { get; init; } = 400;

    /// <summary>Images a step sees.</summary>
    [InRange("[1, 65536]")]
    public int BatchSize { get; init; } = 16;

    /// <summary>Steps between evaluations.</summary>
    [InRange("[0, 100000000]")]
    public int EvalEvery { get; init; } = 100;

    /// <summary>Steps between log lines.</summary>
    [InRange("[0, 100000000]")]
    public int LogEvery { get; init; } = 10;

    /// <summary>Steps between checkpoints.</summary>
    [InRange("[0, 100000000]")]
    public int CheckpointEvery { get; init; } = 100;

    /// <summary>Record a step and replay it from then on, where the device can and two steps launched the same; the bits are the same either way.</summary>
    public bool Replay { get; init; } = true;
}
