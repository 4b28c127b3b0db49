using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Commands;

/// <summary>Which network of an experiment.</summary>
public enum NetworkRole
{
    /// <summary>The network distilled from.</summary>
    Teacher,

    /// <summary>The network distilled into, trained alone.</summary>
    Student,

    /// <summary>The network distilled into, trained with a teacher from a checkpoint.</summary>
    Distilled,
}

/// <summary>What a run left.</summary>
/// <param name="Folder">The run folder.</param>
/// <param name="Summary">The content of its <c>summary.json</c>; null where the run was interrupted before the end.</param>
public sealed record RunOutcome(string Folder, RunSummary? Summary);

/// <summary>Asks for one network to be trained: alone, or with a teacher that is there already.</summary>
/// <param name="Config">The experiment.</param>
/// <param name="Name">Its name, for automatic run folders.</param>
/// <param name="Mode">What to do with a run that is there.</param>
/// <param name="Role">Which network.</param>
/// <param name="TeacherOutputs">Folder that keeps the teacher's outputs of every batch; empty for none.</param>
public sealed record TrainRequest(ExperimentConfig Config, string Name, RunMode Mode, NetworkRole Role, string TeacherOutputs = "");

/// <summary>Asks for a distillation: the teacher (trained or loaded), the student alone, its control, the student distilled.</summary>
/// <param name="Config">The experiment.</param>
/// <param name="Name">Its name, for automatic run folders.</param>
/// <param name="Mode">What to do with a run that is there.</param>
public sealed record DistillRequest(ExperimentConfig Config, string Name, RunMode Mode);

/// <summary>Asks for the quick start.</summary>
/// <param name="Config">The experiment.</param>
/// <param name="Mode">What to do with a run that is there.</param>
/// <param name="Seeds">How many seeds, from the experiment's upwards; the teacher is trained once.</param>
public sealed record QuickstartRequest(ExperimentConfig Config, RunMode Mode, int Seeds);

/// <summary>Trains one network. On cancellation it saves and returns an outcome without a summary.</summary>
public interface ITrainCommand
{
    /// <summary>Runs the request.</summary>
    RunOutcome Run(TrainRequest request, IProgressSink progress, CancellationToken cancellation);
}

/// <summary>Distils. On cancellation it saves and returns an outcome without a summary.</summary>
public interface IDistillCommand
{
    /// <summary>Runs the request.</summary>
    RunOutcome Run(DistillRequest request, IProgressSink progress, CancellationToken cancellation);
}

/// <summary>Runs the quick start, one outcome a seed.</summary>
public interface IQuickstartCommand
{
    /// <summary>Runs the request.</summary>
    IReadOnlyList<RunOutcome> Run(QuickstartRequest request, IProgressSink progress, CancellationToken cancellation);
}
