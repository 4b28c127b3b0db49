using System.Diagnostics;
using HeteroAKD.Data;
using HeteroAKD.Distillation;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Training.Checkpoints;
using HeteroAKD.Training.Commands;
using HeteroAKD.Training.Configuration;
using HeteroAKD.Training.Evaluation;
using HeteroAKD.Training.Optimization;
using HeteroAKD.Training.Runs;

namespace HeteroAKD.Training.Loop;

/// <summary>One network's training: what to train, on what, how long.</summary>
public sealed record TrainingJob
{
    /// <summary>Teacher, student or distilled (<see cref="NetworkRoles"/>); names checkpoints and rows of metrics.</summary>
    public required string Role { get; init; }

    /// <summary>The network, initialised.</summary>
    public required SegmentationModel Model { get; init; }

    /// <summary>What is minimised.</summary>
    public required IObjective Objective { get; init; }

    /// <summary>Labelled images.</summary>
    public required ISegmentationDataset Dataset { get; init; }

    /// <summary>Optimiser steps.</summary>
    public required int Steps { get; init; }

    /// <summary>Images a step (a micro-step, with accumulation).</summary>
    public required int BatchSize { get; init; }

    /// <summary>Peak learning rate.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Seed of data order, augmentation and masks.</summary>
    public required int Seed { get; init; }

    /// <summary>What the optimiser updates: the network and, for a distillation, its projectors.</summary>
    public List<ParameterGroup> ParameterGroups(OptimizerConfig options)
    {
        List<ParameterGroup> groups = [.. ParameterGroup.Of(Model, Role, 1, options.WeightDecay, options.NoDecayOnNormsAndBiases)];
        if (Objective.Auxiliary is { } auxiliary)
        {
            groups.AddRange(ParameterGroup.Of(auxiliary, "projectors", options.ProjectorLrMultiplier, options.WeightDecay, options.NoDecayOnNormsAndBiases));
        }

        return groups;
    }

    /// <summary>How its batches are made.</summary>
    public LoaderOptions LoaderOptions(DataConfig options, Augmentation augmentation) => new()
    {
        BatchSize = BatchSize,
        Seed = (ulong)Seed,
        Augmentation = augmentation,
        Prefetch = options.Prefetch,
        Threads = options.Workers,
    };
}

/// <summary>The loop: batch, forward, backward, clip, update, log, evaluate, save. Goes on from the last checkpoint bit for bit.</summary>
public sealed partial class NetworkTrainer(ExperimentConfig config, ExperimentData data, RunFolder folder, RunLog log, MetricsFile metrics, IProgressSink progress)
{
    // After these all kernels of a step exist, and it is replayed where it can be.
    private const int WarmUpSteps = 3;

    /// <summary>File of a role's newest checkpoint.</summary>
    public static string LastFile(string role) => $"{role}-last.safetensors";

    /// <summary>File of a role's trained network alone, without projectors and optimiser: what is used afterwards.</summary>
    public static string NetworkFile(string role) => $"{role}.safetensors";

    /// <summary>File of a role's checkpoint with the best validation mIoU.</summary>
    public static string BestFile(string role) => $"{role}-best.safetensors";

    /// <summary>Trains, or goes on from a checkpoint of the role; returns the seconds of training in all.</summary>
    /// <param name="job">What to train.</param>
    /// <param name="cancellation">Stops between steps.</param>
    /// <param name="from">What an interrupted run left; null begins anew.</param>
    /// <exception cref="OperationCanceledException">Cancelled; the state was saved.</exception>
    /// <exception cref="NonFiniteException">The loss became NaN or infinite; earlier checkpoints are as they were.</exception>
    public double Run(TrainingJob job, CancellationToken cancellation, Checkpoint? from = null)
    {
        Device device = job.Model.Device;
        using FlatParameters parameters = new(device, job.ParameterGroups(config.Optimizer));
        using Optimizer optimizer = new(parameters, config.Optimizer);
        using BatchLoader loader = new(job.Dataset, job.LoaderOptions(config.Data, data.Augmentation));
        State state = new(job, optimizer, loader, new LearningRateSchedule(config.Schedule, job.LearningRate, job.Steps));
        if (from is not null)
        {
            Resume(state, from);
        }

        progress.Begin($"{job.Role} {job.Model.Name}", job.Steps, state.Step);
        double before = state.Seconds;
        Loop(state, cancellation);
        log.Write(FormattableString.Invariant($"{job.Role}: {state.Seconds - before:F1} s, {loader.WaitSeconds:F1} s of them waiting for data"));
        return state.Seconds;
    }

    private void Loop(State s, CancellationToken cancellation)
    {
        Device device = s.Job.Model.Device;
        Stopwatch clock = Stopwatch.StartNew();
        double before = s.Seconds;
        int first = s.Step;
        Action<string> warn = Warn;
        using StepInputs inputs = new(device);
        using TrainingStep step = new(s.Job, inputs, config.Training.Replay, line => log.Write($"{s.Job.Role}: {line}"));
        while (s.Step < s.Job.Steps)
        {
            if (cancellation.IsCancellationRequested)
            {
                Save(s, LastFile(s.Job.Role));
                log.Write($"{s.Job.Role}: interrupted at step {s.Step}, saved {LastFile(s.Job.Role)}");
                throw new OperationCanceledException(cancellation);
            }

            double stepStart = clock.Elapsed.TotalMilliseconds;
            double waited = s.Loader.WaitSeconds;
            double rate = s.Schedule.At(s.Step);
            bool logged = Due(config.Training.LogEvery, s);
            device.Step = s.Step;
            double loss = RunStep(s, inputs, step, rate, logged);
            s.Step++;
            if (s.Step == first + WarmUpSteps && device.KernelSummary is { Length: > 0 } kernels)
            {
                log.Write($"{s.Job.Role}: {kernels}");
            }

            s.Seconds = before + clock.Elapsed.TotalSeconds;
            progress.Report(new StepProgress(s.Step, loss, rate, clock.Elapsed.TotalMilliseconds - stepStart, (s.Loader.WaitSeconds - waited) * 1000));
            data.TakeWarnings(warn);
            if (Due(config.Training.EvalEvery, s) || s.Step == s.Job.Steps)
            {
                Evaluate(s);
            }

            if (Due(config.Training.CheckpointEvery, s) || s.Step == s.Job.Steps)
            {
                Save(s, LastFile(s.Job.Role));
            }

            if (s.Step == s.Job.Steps)
            {
                Save(s, NetworkFile(s.Job.Role), networkOnly: true);
            }
        }
    }

    /// <summary>One update; returns the loss, or NaN where it was not read.</summary>
    private double RunStep(State s, StepInputs inputs, TrainingStep step, double rate, bool logged)
    {
        TrainingJob job = s.Job;
        Device device = job.Model.Device;
        int accumulate = config.Optimizer.Accumulate;
        s.Optimizer.ZeroGrad();
        s.Loss = double.NaN;
        for (int micro = 0; micro < accumulate; micro++)
        {
            Batch batch = s.Loader.Next();
            inputs.Fill(batch);
            Pass pass = Pass.Train((int)CounterHash.Hash(job.Seed, (s.Step * accumulate) + micro));
            s.ReadsLoss = logged || device.IsHost;
            s.ReadsTerms = logged && micro == accumulate - 1;
            step.Run(pass, 1f / accumulate, s.Read);
            if (s.ReadsLoss)
            {
                Guard(s.Loss, s, inputs, pass);
            }
        }

        s.Optimizer.Step(rate);
        if (logged)
        {
            s.Terms.Add(("loss", s.Loss));
            s.Terms.Add(("lr", rate));
            s.Terms.Add(("grad_norm", s.Optimizer.GradientNorm()));
            metrics.Write(job.Role, s.Step + 1, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(s.Terms));
        }

        return s.Loss;
    }

    private void Warn(string line)
    {
        log.Write(line);
        progress.Say(line);
    }

    /// <summary>Runs the batch again with every operation checked, so that the error names the one that went wrong.</summary>
    private static void Guard(double loss, State s, StepInputs inputs, in Pass pass)
    {
        if (double.IsFinite(loss))
        {
            return;
        }

        Device device = s.Job.Model.Device;
        device.CheckFinite = true;
        try
        {
            using StepScope scope = device.BeginStep();
            s.Job.Objective.Loss(s.Job.Model, inputs.Images, inputs.Labels, pass);
        }
        finally
        {
            device.CheckFinite = false;
        }

        throw new NonFiniteException("loss", s.Job.Role, s.Step, $"the value {loss}");
    }

    // Belongs to its step: a stop waits for it, since a resumed run does not come back to this step.
    private void Evaluate(State s)
    {
        SegmentationScores scores = new Evaluator(config.Evaluation).Run(s.Job.Model, data.Validation, data.Evaluation);
        metrics.Write(s.Job.Role, s.Step, ("val_miou", scores.MeanIoU), ("val_pixel_accuracy", scores.PixelAccuracy), ("val_boundary_f1", scores.BoundaryF1));
        string line = FormattableString.Invariant($"{s.Job.Role} step {s.Step}/{s.Job.Steps}: val mIoU {100 * scores.MeanIoU:F2} %, pixel accuracy {100 * scores.PixelAccuracy:F2} %");
        log.Write(line);
        progress.Say(line);
        if (!(scores.MeanIoU <= s.BestMetric))
        {
            s.BestMetric = scores.MeanIoU;
            Save(s, BestFile(s.Job.Role));
        }
    }

    private void Resume(State s, Checkpoint checkpoint)
    {
        checkpoint.CopyTo(Checkpoint.ModelPrefix, s.Job.Model);
        if (s.Job.Objective.Auxiliary is { } auxiliary)
        {
            checkpoint.CopyTo("projectors.", auxiliary);
        }

        foreach ((string name, Tensor tensor) in s.Optimizer.State("optimizer."))
        {
            checkpoint.Copy(name, tensor);
        }

        s.Step = checkpoint.Info.Step;
        s.BestMetric = checkpoint.Info.BestMetric;
        s.Seconds = checkpoint.Info.Seconds;
        s.Optimizer.Resume(s.Step);
        s.Loader.Seek(checkpoint.Info.DataPosition);
        log.Write($"{s.Job.Role}: goes on from step {s.Step} of {LastFile(s.Job.Role)}");
    }

    private void Save(State s, string file, bool networkOnly = false)
    {
        // The guard sees a loss one step after the update that spoilt the weights, on an accelerator later still: too late for the last good checkpoint.
        double norm = s.Optimizer.GradientNorm();
        if (!double.IsFinite(norm))
        {
            throw new NonFiniteException("backward", $"gradients of {s.Job.Role}", s.Step, $"a gradient of norm {norm}");
        }

        CheckpointInfo info = new()
        {
            Model = s.Job.Model.Name,
            Role = s.Job.Role,
            Classes = s.Job.Model.Classes,
            Step = s.Step,
            DataPosition = s.Loader.Position,
            BestMetric = s.BestMetric,
            Seconds = s.Seconds,
            Config = ConfigurationWriter.Write(config),
            LayerNormEps = s.Job.Model.LayerNormEps,
        };
        IEnumerable<(string, Tensor)> entries = Checkpoint.Entries(Checkpoint.ModelPrefix, s.Job.Model);
        if (!networkOnly)
        {
            entries = entries.Concat(s.Optimizer.State("optimizer."));
        }

        if (!networkOnly && s.Job.Objective.Auxiliary is { } auxiliary)
        {
            entries = entries.Concat(Checkpoint.Entries("projectors.", auxiliary));
        }

        Checkpoint.Save(folder.File(file), info, entries);
    }

    private static bool Due(int every, State s) => every > 0 && s.Step % every == 0;
}
