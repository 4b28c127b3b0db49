using System.Diagnostics;
using System.Runtime.InteropServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Nn;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Training.Checkpoints;
using HeteroAKD.Training.Evaluation;
using HeteroAKD.Training.Optimization;

namespace HeteroAKD.Training.Loop;

/// <summary>The loop: batch, forward, backward, clip, update, log, evaluate, save. Goes on from the last checkpoint bit for bit.</summary>
public sealed partial class NetworkTrainer(ITrainingObserver observer)
{
    // After these all kernels of a step exist, and it is replayed where it can be.
    private const int WarmUpSteps = 3;

    /// <summary>Trains, or goes on from a checkpoint of the role; returns the seconds of training in all.</summary>
    /// <param name="job">What to train.</param>
    /// <param name="batches">What it learns from; stays the caller's.</param>
    /// <param name="cancellation">Stops between steps.</param>
    /// <param name="from">What an interrupted run left; null begins anew.</param>
    /// <remarks>Any other error saves first as well, where it does not come in the middle of a step.</remarks>
    /// <exception cref="OperationCanceledException">Cancelled; the state was saved where there is a folder, unless the objective was still warming
    /// up.</exception>
    /// <exception cref="NonFiniteException">The loss became NaN or infinite; earlier checkpoints are as they were.</exception>
    public double Run(TrainingJob job, IBatchSource batches, CancellationToken cancellation = default, Checkpoint? from = null)
    {
        foreach (object options in new object[] { job.Optimizer, job.Schedule, job.Training, job.Evaluation })
        {
            InRangeAttribute.Require(options);
        }

        Stopwatch warmUpClock = Stopwatch.StartNew();
        if (from is null && job.Objective.WarmUp is { } warmUp)
        {
            observer.Log(AuxiliaryWarmUp.Run(job, warmUp, batches, observer, cancellation));
        }

        Device device = job.Model.Device;
        using FlatParameters parameters = new(device, job.ParameterGroups());
        using Optimizer optimizer = new(parameters, job.Optimizer);
        using WeightAverage? average = job.Training.Ema > 0 ? new WeightAverage(job.Model, parameters, job.Training.Ema) : null;
        State state = new(
            job,
            optimizer,
            batches,
            new LearningRateSchedule(job.Schedule, job.Optimizer.Lr, job.Training.Steps))
        { Average = average, Seconds = warmUpClock.Elapsed.TotalSeconds };
        if (from is not null)
        {
            Resume(state, from);
        }

        state.DataPosition = batches.Position;
        observer.Begin(job, state.Step);
        double before = state.Seconds;
        try
        {
            Loop(state, cancellation);
        }
        catch (Exception e) when (e is not (OperationCanceledException or NonFiniteException or StorageException))
        {
            SaveBeforeEnd(state);
            throw;
        }

        observer.Log(FormattableString.Invariant($"{job.Role}: {state.Seconds - before:F1} s, {batches.WaitSeconds:F1} s of them waiting for data"));
        return state.Seconds;
    }

    private void Loop(State s, CancellationToken cancellation)
    {
        Device device = s.Job.Model.Device;
        Stopwatch clock = Stopwatch.StartNew();
        double before = s.Seconds;
        int first = s.Step;
        if (s.Unfinished)
        {
            EndStep(s);
        }
        else if (s.Step >= s.Job.Training.Steps && LacksNetwork(s))
        {
            SaveNetwork(s);
        }

        using StepInputs inputs = new(device);
        using TrainingStep step = new(s.Job, inputs, s.Job.Training.Replay, line => observer.Log($"{s.Job.Role}: {line}"));
        while (s.Step < s.Job.Training.Steps)
        {
            if (cancellation.IsCancellationRequested)
            {
                Save(s, LastFile(s.Job.Role));
                observer.Log($"{s.Job.Role}: interrupted at step {s.Step}{(s.Job.Folder is null ? "" : $", saved {LastFile(s.Job.Role)}")}");
                throw new OperationCanceledException(cancellation);
            }

            double stepStart = clock.Elapsed.TotalMilliseconds;
            double waited = s.Batches.WaitSeconds;
            double rate = s.Schedule.At(s.Step);
            bool logged = Due(s.Job.Training.LogEvery, s) || (s.Job.Training.LogEvery > 0 && s.Step + 1 == s.Job.Training.Steps);
            device.Step = s.Step;
            s.Job.Objective.BeginStep(s.Step, s.Job.Training.Steps);
            double loss = RunStep(s, inputs, step, rate, logged);
            s.Step++;
            (s.IsWhole, s.Unfinished, s.DataPosition) = (true, true, s.Batches.Position);
            if (s.Step == first + WarmUpSteps && device.KernelSummary is { Length: > 0 } kernels)
            {
                observer.Log($"{s.Job.Role}: {kernels}");
            }

            s.Seconds = before + clock.Elapsed.TotalSeconds;
            observer.Stepped(new StepProgress(s.Step, loss, rate, clock.Elapsed.TotalMilliseconds - stepStart, (s.Batches.WaitSeconds - waited) * 1000));
            EndStep(s);
        }
    }

    /// <summary>What follows a step: its evaluation, and what is saved after it.</summary>
    private void EndStep(State s)
    {
        if (Due(s.Job.Training.EvalEvery, s) || s.Step == s.Job.Training.Steps)
        {
            Evaluate(s);
        }

        // The network first: once the checkpoint says that all steps are done, a resumed run has no reason to come back here.
        s.Unfinished = false;
        if (s.Step == s.Job.Training.Steps)
        {
            SaveNetwork(s);
        }

        if (Due(s.Job.Training.CheckpointEvery, s) || s.Step == s.Job.Training.Steps)
        {
            Save(s, LastFile(s.Job.Role));
        }
    }

    /// <summary>One update; returns the loss, or NaN where it was not read.</summary>
    private double RunStep(State s, StepInputs inputs, TrainingStep step, double rate, bool logged)
    {
        TrainingJob job = s.Job;
        Device device = job.Model.Device;
        int accumulate = job.Optimizer.Accumulate;
        s.Optimizer.ZeroGrad();
        s.Loss = double.NaN;
        for (int micro = 0; micro < accumulate; micro++)
        {
            Batch batch = s.Batches.Next();
            inputs.Fill(batch);
            job.Objective.BeginBatch(batch, inputs.Images);
            Pass pass = Pass.Train((int)CounterHash.Hash(job.Seed, (s.Step * accumulate) + micro));
            s.ReadsLoss = logged || device.IsHost;
            s.ReadsTerms = logged && micro == accumulate - 1;
            s.IsWhole = false;
            step.Run(pass, 1f / accumulate, s.Read);
            if (s.ReadsLoss)
            {
                Guard(s.Loss, s, inputs, pass);
            }
        }

        s.Optimizer.Step(rate);
        s.Average?.Update();
        if (logged)
        {
            s.Terms.Add(("loss", s.Loss));
            s.Terms.Add(("lr", rate));
            s.Terms.Add(("grad_norm", s.Optimizer.GradientNorm()));
            observer.Measured(job, s.Step + 1, CollectionsMarshal.AsSpan(s.Terms));
        }

        return s.Loss;
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

    // A training whose network gives no numbers has diverged: its state is not worth keeping.
    private static SegmentationScores Score(State s, IEvaluationSet images)
    {
        try
        {
            return new Evaluator(s.Job.Evaluation).Run(s.Job.Model, images);
        }
        catch (NonFiniteLogitsException)
        {
            throw new NonFiniteException("evaluation", $"logits of {s.Job.Role}", s.Step, "NaN or infinite logits");
        }
    }

    // Belongs to its step: a stop waits for it, since a resumed run does not come back to this step.
    private void Evaluate(State s)
    {
        if (s.Job.Validation is not { } images)
        {
            return;
        }

        // All that can fail comes before a number is told: an evaluation is repeated as a whole.
        SegmentationScores scores = Score(s, images);
        double averaged = double.NaN;
        if (s.Average is not null)
        {
            WithAverage(s, () => averaged = Score(s, images).MeanIoU);
        }

        observer.Evaluated(s.Job, s.Step);
        observer.Measured(s.Job, s.Step, [("val_miou", scores.MeanIoU), ("val_pixel_accuracy", scores.PixelAccuracy), ("val_boundary_f1", scores.BoundaryF1)]);
        string line = $"{s.Job.Role} step {s.Step}/{s.Job.Training.Steps}: val mIoU {ScoreText.MeanIoU(scores)}, pixel accuracy "
            + $"{ScoreText.Share(scores.PixelAccuracy)}";
        if (s.Average is not null)
        {
            observer.Measured(s.Job, s.Step, [("val_miou_ema", averaged)]);
            line += $", average of weights {ScoreText.Share(averaged)}";
        }

        observer.Say(line);
        if (!(scores.MeanIoU <= s.BestMetric))
        {
            s.BestMetric = scores.MeanIoU;
            Save(s, BestFile(s.Job.Role));
        }
    }

    private static bool Due(int every, State s) => every > 0 && s.Step % every == 0;
}
