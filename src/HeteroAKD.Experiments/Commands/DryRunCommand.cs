using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Commands;

/// <summary>What a dry run found out about one network's training.</summary>
public sealed record DryRunNetwork
{
    /// <summary>One of <see cref="NetworkRoles"/>.</summary>
    public required string Role { get; init; }

    /// <summary>Architecture.</summary>
    public required string Model { get; init; }

    /// <summary>Trainable numbers.</summary>
    public required long Parameters { get; init; }

    /// <summary>Images a step.</summary>
    public required int BatchSize { get; init; }

    /// <summary>Images to learn from.</summary>
    public required int Images { get; init; }

    /// <summary>Optimiser steps.</summary>
    public required int Steps { get; init; }

    /// <summary>Loss of the second batch.</summary>
    public required double Loss { get; init; }

    /// <summary>Milliseconds of a step on a batch that is there.</summary>
    public required double StepMilliseconds { get; init; }

    /// <summary>Milliseconds that one thread takes to make a step's batches.</summary>
    public required double BatchMilliseconds { get; init; }

    /// <summary>Most bytes of tensors on the device at once.</summary>
    public required long PeakTensorBytes { get; init; }

    /// <summary>Images that are evaluated in the course of training and at its end.</summary>
    public required long EvaluatedImages { get; init; }

    /// <summary>Milliseconds an evaluated image.</summary>
    public required double ImageMilliseconds { get; init; }

    /// <summary>Milliseconds that all measurements of the share S take (<c>reliability.csv</c>); 0 where L_hakd takes no part.</summary>
    public double ReliabilityMilliseconds { get; init; }

    /// <summary>Seconds from beginning to end; batches are made while steps run.</summary>
    public double SecondsToFinish =>
        ((Steps * Math.Max(StepMilliseconds, BatchMilliseconds)) + (EvaluatedImages * ImageMilliseconds) + ReliabilityMilliseconds) / 1000;
}

/// <summary>What a dry run found out.</summary>
/// <param name="Device">The device in words.</param>
/// <param name="PeakMemoryBytes">Most memory of the process.</param>
/// <param name="Networks">The networks that would be trained, in order.</param>
public sealed record DryRunOutcome(string Device, long PeakMemoryBytes, IReadOnlyList<DryRunNetwork> Networks);

/// <summary>Tries experiments without running them.</summary>
public interface IDryRunCommand
{
    /// <summary>Tries the training of one network, or of all that a distillation trains where <paramref name="role"/> is null.</summary>
    DryRunOutcome Try(ExperimentConfig config, NetworkRole? role, IProgressSink progress, CancellationToken cancellation);
}

/// <summary>The command behind <c>--dry-run</c>.</summary>
public sealed class DryRunService : IDryRunCommand
{
    /// <inheritdoc/>
    public DryRunOutcome Try(ExperimentConfig config, NetworkRole? role, IProgressSink progress, CancellationToken cancellation)
    {
        TrainingService.RequireTeacher(config, role);
        if (role == NetworkRole.Distilled)
        {
            config = config with { Distillation = config.Distillation.WithoutControl() with { Baseline = false } };
            role = null;
        }

        using DryRun run = new(config, progress, cancellation);
        if (role is { } one)
        {
            run.Alone(one);
        }
        else
        {
            run.Distillation();
        }

        return run.Outcome();
    }
}
