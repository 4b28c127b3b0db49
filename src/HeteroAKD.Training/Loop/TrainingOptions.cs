using HeteroAKD.Tensors;

namespace HeteroAKD.Training.Loop;

/// <summary>Length and rhythm of training; the <c>training</c> section of a configuration. Intervals count steps; 0 means only at the end.</summary>
public sealed record TrainingOptions
{
    /// <summary>Optimiser steps.</summary>
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

    /// <summary>Decay of an exponential moving average of the weights, which is evaluated and saved beside them; 0 keeps none.</summary>
    [InRange("[0, 1)")]
    public double Ema { get; init; }

    /// <summary>Record a step and replay it from then on, where the device can and two steps launched the same; the bits are the same either way.</summary>
    public bool Replay { get; init; } = true;
}
