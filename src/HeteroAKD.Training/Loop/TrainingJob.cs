using HeteroAKD.Distillation;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Evaluation;
using HeteroAKD.Training.Optimization;

namespace HeteroAKD.Training.Loop;

/// <summary>One network's training: what to train, how, how long.</summary>
public sealed record TrainingJob
{
    /// <summary>What the network is called in logs and files, such as one of <see cref="NetworkRoles"/>.</summary>
    public required string Role { get; init; }

    /// <summary>The network, initialised.</summary>
    public required SegmentationModel Model { get; init; }

    /// <summary>What is minimised.</summary>
    public required IObjective Objective { get; init; }

    /// <summary>Seed of masks, such as dropout's.</summary>
    public int Seed { get; init; }

    /// <summary>Update rule and peak learning rate.</summary>
    public OptimizerOptions Optimizer { get; init; } = new();

    /// <summary>Learning rate over the steps.</summary>
    public ScheduleOptions Schedule { get; init; } = new();

    /// <summary>Length and rhythm. Its batch size is for whoever makes the batches.</summary>
    public TrainingOptions Training { get; init; } = new();

    /// <summary>The images that the network is scored on as it learns; null scores nothing and keeps no best checkpoint.</summary>
    public IEvaluationSet? Validation { get; init; }

    /// <summary>How it is scored.</summary>
    public EvaluationOptions Evaluation { get; init; } = new();

    /// <summary>An existing folder that receives the checkpoints; null saves none.</summary>
    public string? Folder { get; init; }

    /// <summary>A text that checkpoints keep, such as a configuration; nothing here reads it.</summary>
    public string Config { get; init; } = "";

    /// <summary>
    /// A text that checkpoints keep, asked for when the first one is written, such as a digest of what the training began from; nothing here reads it.
    /// </summary>
    public Func<string>? Inputs { get; init; }

    /// <summary>Seconds that an interrupted training took before it goes on.</summary>
    public double SecondsBefore { get; init; }

    /// <summary>What the optimiser updates: the network and, for a distillation, its projectors and opponents.</summary>
    public List<ParameterGroup> ParameterGroups()
    {
        List<ParameterGroup> groups = [.. ParameterGroup.Of(Model, Role, 1, Optimizer.WeightDecay, Optimizer.NoDecayOnNormsAndBiases)];
        if (Objective.Auxiliary is { } auxiliary)
        {
            HashSet<Tensor> opposing = [.. Objective.Opponents.SelectMany(o => o.Module.Parameters())];
            List<Tensor> projectors = [.. auxiliary.Parameters().Where(p => !opposing.Contains(p))];
            groups.AddRange(
                ParameterGroup.Of(projectors, "projectors", Optimizer.ProjectorLrMultiplier, Optimizer.WeightDecay, Optimizer.NoDecayOnNormsAndBiases));
            groups.AddRange(Objective.Opponents.Select(o => new ParameterGroup(o.Module.Path, 1, 0, o.Module.Parameters(), o.Rule)));
        }

        return groups;
    }

    /// <summary>Names of all numbers that its observer is told (<see cref="ITrainingObserver.Measured"/>).</summary>
    public IReadOnlyList<string> Columns() =>
        [
            "loss", "lr", "grad_norm", "val_miou", "val_pixel_accuracy", "val_boundary_f1", .. Training.Ema > 0 ? ["val_miou_ema"] : Array.Empty<string>(),
            .. Objective.TermNames
        ];
}
