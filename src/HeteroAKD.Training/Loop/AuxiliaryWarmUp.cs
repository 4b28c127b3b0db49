using System.Diagnostics;
using HeteroAKD.Distillation;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Nn;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Training.Optimization;

namespace HeteroAKD.Training.Loop;

/// <summary>Trains what an objective wants trained before the network's first step, on the batches that the network will see first.</summary>
public static class AuxiliaryWarmUp
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
        Device device = job.Model.Device;
        OptimizerOptions options = job.Optimizer;
        using FlatParameters parameters = new(
            device, [.. ParameterGroup.Of(warmUp.Module, "warm-up", options.ProjectorLrMultiplier, options.WeightDecay, options.NoDecayOnNormsAndBiases)]);
        using Optimizer optimizer = new(parameters, options);
        using StepInputs inputs = new(device);
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
        return FormattableString.Invariant($"{job.Role}: the teacher's projectors learned the labels in {warmUp.Steps} steps, loss {first:G4} to {last:G4}");
    }
}
