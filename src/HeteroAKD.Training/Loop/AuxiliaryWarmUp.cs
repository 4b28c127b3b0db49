using System.Diagnostics;
using HeteroAKD.Distillation;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Nn;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Training.Optimization;

namespace HeteroAKD.Training.Loop;

/// <summary>Fits and trains what an objective wants ready before the network's first step, on the batches that the network will see first.</summary>
internal static class AuxiliaryWarmUp
{
    /// <summary>Runs it at a constant learning rate and puts the batches back to where they were; returns a line for the log.</summary>
    /// <param name="job">The network's training, for its optimiser and seed.</param>
    /// <param name="warmUp">What is trained.</param>
    /// <param name="batches">What it learns from.</param>
    /// <param name="observer">Hears of the steps as of a training of their own.</param>
    /// <param name="cancellation">Stops between steps; nothing is saved.</param>
    /// <exception cref="NonFiniteException">The loss became NaN or infinite.</exception>
    public static string Run(TrainingJob job, WarmUp warmUp, IBatchSource batches, ITrainingObserver observer, CancellationToken cancellation)
    {
        using StepInputs inputs = new(job.Model.Device);
        List<string> said = [];
        if (warmUp.Fit is { } fit)
        {
            said.Add(Fit(job, warmUp, fit, batches, inputs, cancellation));
        }

        if (warmUp.Steps > 0)
        {
            said.Add(Train(job, warmUp, batches, inputs, observer, cancellation));
        }

        return $"{job.Role}: the teacher's projectors {string.Join(", and ", said)}";
    }

    private static string Fit(TrainingJob job, WarmUp warmUp, IClosedFormFit fit, IBatchSource batches, StepInputs inputs, CancellationToken cancellation)
    {
        long position = batches.Position;
        using NoGrad noGrad = new();
        for (int i = 0; i < fit.Batches; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            Batch batch = batches.Next();
            inputs.Fill(batch);
            using StepScope scope = job.Model.Device.BeginStep();
            fit.Add(inputs.Images, batch);
        }

        fit.Finish();
        batches.Seek(position);
        using StepScope last = job.Model.Device.BeginStep();
        double loss = warmUp.Loss(inputs.Images, inputs.Labels, Pass.Evaluation).Item();
        return FormattableString.Invariant($"were fitted to the labels of {fit.Batches} batches, loss {loss:G4}");
    }

    private static string Train(
        TrainingJob job, WarmUp warmUp, IBatchSource batches, StepInputs inputs, ITrainingObserver observer, CancellationToken cancellation)
    {
        Device device = job.Model.Device;
        OptimizerOptions options = job.Optimizer;
        using FlatParameters parameters = new(
            device, [.. ParameterGroup.Of(warmUp.Module, "warm-up", options.ProjectorLrMultiplier, options.WeightDecay, options.NoDecayOnNormsAndBiases)]);
        using Optimizer optimizer = new(parameters, options);
        long position = batches.Position;
        observer.Begin(job with { Role = $"{job.Role}, projectors first", Training = job.Training with { Steps = warmUp.Steps } }, done: 0);
        double first = double.NaN;
        double last = double.NaN;
        for (int step = 0; step < warmUp.Steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            Stopwatch clock = Stopwatch.StartNew();
            inputs.Fill(batches.Next());
            optimizer.ZeroGrad();
            using (device.BeginStep())
            {
                Tensor loss = warmUp.Loss(inputs.Images, inputs.Labels, Pass.Train((int)CounterHash.Hash(job.Seed, step)));
                last = loss.Item();
                first = step == 0 ? last : first;
                device.Tape.Backward(loss);
            }

            if (!double.IsFinite(last))
            {
                throw new NonFiniteException("warm-up", $"projectors of {job.Role}", step, $"the value {last}");
            }

            optimizer.Step(options.Lr);
            observer.Stepped(new StepProgress(step + 1, last, options.Lr, clock.Elapsed.TotalMilliseconds));
        }

        batches.Seek(position);
        return FormattableString.Invariant($"learned the labels in {warmUp.Steps} steps, loss {first:G4} to {last:G4}");
    }
}
