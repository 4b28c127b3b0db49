using HeteroAKD.Tensors;
using HeteroAKD.Training.Checkpoints;

namespace HeteroAKD.Training.Loop;

/// <content>What is saved, and going on from it.</content>
public sealed partial class NetworkTrainer
{
    private const string ProjectorPrefix = "projectors.";
    private const string OptimizerPrefix = "optimizer.";
    private const string AveragePrefix = "average.";

    /// <summary>File of a role's newest checkpoint.</summary>
    public static string LastFile(string role) => $"{role}-last.safetensors";

    /// <summary>File of a role's trained network alone, without projectors and optimiser: what is used afterwards.</summary>
    public static string NetworkFile(string role) => $"{role}.safetensors";

    /// <summary>File of a role's checkpoint with the best validation mIoU.</summary>
    public static string BestFile(string role) => $"{role}-best.safetensors";

    /// <summary>File of the average of a role's weights, where <see cref="TrainingOptions.Ema"/> asks for one.</summary>
    public static string AverageFile(string role) => $"{role}-ema.safetensors";

    private void Resume(State s, Checkpoint checkpoint)
    {
        checkpoint.RequireWithin(s.Job.Training.Steps);
        checkpoint.CopyTo(Checkpoint.ModelPrefix, s.Job.Model);
        if (s.Job.Objective.Auxiliary is { } auxiliary)
        {
            checkpoint.CopyTo(ProjectorPrefix, auxiliary);
        }

        foreach ((string name, Tensor tensor) in s.Optimizer.State(OptimizerPrefix).Concat(s.Average?.State(AveragePrefix) ?? []))
        {
            checkpoint.Copy(name, tensor);
        }

        s.Step = checkpoint.Info.Step;
        s.BestMetric = checkpoint.Info.BestMetric;
        s.Seconds = checkpoint.Info.Seconds;
        s.Optimizer.Resume(s.Step);
        s.Average?.Resume(s.Step);
        s.Batches.Seek(checkpoint.Info.DataPosition);
        observer.Log($"{s.Job.Role}: goes on from step {s.Step} of {LastFile(s.Job.Role)}");
    }

    private void Save(State s, string file, bool networkOnly = false)
    {
        // The guard sees a loss one step after the update that spoilt the weights, on an accelerator later still: too late for the last good checkpoint.
        double norm = s.Optimizer.GradientNorm();
        if (!double.IsFinite(norm))
        {
            throw new NonFiniteException("backward", $"gradients of {s.Job.Role}", s.Step, $"a gradient of norm {norm}");
        }

        if (s.Job.Folder is not { } folder)
        {
            return;
        }

        CheckpointInfo info = new()
        {
            Model = s.Job.Model.Name,
            Role = s.Job.Role,
            Classes = s.Job.Model.Classes,
            Step = s.Step,
            DataPosition = s.Batches.Position,
            BestMetric = s.BestMetric,
            Seconds = s.Seconds,
            Config = s.Job.Config,
            LayerNormEps = s.Job.Model.LayerNormEps,
        };
        IEnumerable<(string, Tensor)> entries = Checkpoint.Entries(Checkpoint.ModelPrefix, s.Job.Model);
        if (!networkOnly)
        {
            entries = entries.Concat(s.Optimizer.State(OptimizerPrefix)).Concat(s.Average?.State(AveragePrefix) ?? []);
            entries = s.Job.Objective.Auxiliary is { } auxiliary ? entries.Concat(Checkpoint.Entries(ProjectorPrefix, auxiliary)) : entries;
        }

        Checkpoint.Save(Path.Combine(folder, file), info, entries);
    }

    // The average takes the network's place for as long as it is written.
    private void SaveAverage(State s)
    {
        if (s.Average is { } average)
        {
            average.Swap();
            Save(s, AverageFile(s.Job.Role), networkOnly: true);
            average.Swap();
        }
    }
}
