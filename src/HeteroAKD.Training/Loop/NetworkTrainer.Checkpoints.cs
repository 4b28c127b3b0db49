using System.Collections.ObjectModel;
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

    /// <summary>Names of all files that a role's training leaves.</summary>
    public static IReadOnlyList<string> Files(string role) => [LastFile(role), NetworkFile(role), BestFile(role), AverageFile(role)];

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

        s.Step = s.Saved = checkpoint.Info.Step;
        s.BestMetric = checkpoint.Info.BestMetric;
        s.Unfinished = checkpoint.Info.Unfinished;
        s.Seconds = s.Job.SecondsBefore;
        s.Optimizer.Resume(s.Step);
        s.Average?.Resume(s.Step);
        s.Batches.Seek(checkpoint.Info.DataPosition);
        string rate = s.Step < s.Job.Training.Steps ? FormattableString.Invariant($", learning rate {s.Schedule.At(s.Step):G4}") : "";
        observer.Log($"{s.Job.Role}: goes on from step {s.Step} of {LastFile(s.Job.Role)}, to {s.Job.Training.Steps}{rate}");
    }

    private void Save(State s, string file, bool networkOnly = false)
    {
        // The guard sees a loss one step after the update that spoilt the weights, on an accelerator later still: too late for the last good checkpoint.
        double norm = Math.Max(s.Optimizer.GradientNorm(), s.Optimizer.OpponentGradientNorm()); // NaN if either is
        if (!double.IsFinite(norm))
        {
            throw new NonFiniteException("backward", $"gradients of {s.Job.Role}", s.Step, $"a gradient of norm {norm}");
        }

        if (s.Job.Folder is not { } folder)
        {
            return;
        }

        observer.Saving(s.Job, file, s.Seconds);
        bool last = file == LastFile(s.Job.Role);
        CheckpointInfo info = new()
        {
            Model = s.Job.Model.Name,
            Role = s.Job.Role,
            Classes = s.Job.Model.Classes,
            Step = s.Step,
            DataPosition = s.DataPosition,
            BestMetric = s.BestMetric,
            Config = s.Job.Config,
            Inputs = s.Job.Inputs?.Invoke() ?? "",
            Unfinished = last && s.Unfinished,
            Records = last ? observer.Records(s.Job) : ReadOnlyDictionary<string, string>.Empty,
            LayerNormEps = s.Job.Model.LayerNormEps,
        };
        IEnumerable<(string, Tensor)> entries = Checkpoint.Entries(Checkpoint.ModelPrefix, s.Job.Model);
        if (!networkOnly)
        {
            entries = entries.Concat(s.Optimizer.State(OptimizerPrefix)).Concat(s.Average?.State(AveragePrefix) ?? []);
            entries = s.Job.Objective.Auxiliary is { } auxiliary ? entries.Concat(Checkpoint.Entries(ProjectorPrefix, auxiliary)) : entries;
        }

        Checkpoint.Save(Path.Combine(folder, file), info, entries);
        s.Saved = last ? s.Step : s.Saved;
    }

    // Writes the trained network alone, and the average of its weights where there is one.
    private void SaveNetwork(State s)
    {
        Save(s, NetworkFile(s.Job.Role), networkOnly: true);
        if (s.Average is not null)
        {
            WithAverage(s, () => Save(s, AverageFile(s.Job.Role), networkOnly: true));
        }
    }

    private static bool LacksNetwork(State s) => s.Job.Folder is { } folder
        && (!File.Exists(Path.Combine(folder, NetworkFile(s.Job.Role)))
            || (s.Average is not null && !File.Exists(Path.Combine(folder, AverageFile(s.Job.Role)))));

    // The average takes the network's place meanwhile.
    private static void WithAverage(State s, Action work)
    {
        s.Average!.Swap();
        try
        {
            work();
        }
        finally
        {
            s.Average.Swap();
        }
    }

    /// <summary>
    /// Before an error ends the training: what was learnt since the last checkpoint is kept, if the error did not come in the middle of a step.
    /// </summary>
    private void SaveBeforeEnd(State s)
    {
        if (s.Job.Folder is null || (s.Step == s.Saved && !s.Unfinished))
        {
            return;
        }

        if (!s.IsWhole)
        {
            observer.Log($"{s.Job.Role}: the error came in the middle of step {s.Step + 1}, so nothing new is saved; the last checkpoint holds step {s.Saved}");
            return;
        }

        try
        {
            Save(s, LastFile(s.Job.Role));
            observer.Say($"{s.Job.Role}: saved at step {s.Step}, before an error ends the run; --resume goes on from there");
        }
        catch (Exception e)
        {
            // The error that ends the training is the one to report.
            observer.Log($"{s.Job.Role}: step {s.Step} could not be saved: {e.Message}");
        }
    }
}
