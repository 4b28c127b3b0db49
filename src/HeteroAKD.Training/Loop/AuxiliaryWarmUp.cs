using HeteroAKD.Distillation;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Nn;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Training.Optimization;

namespace HeteroAKD.Training.Loop;

/// <summary>Trains what an objective wants trained before the network's first step, on the batches that the network will see first.</summary>
internal static class AuxiliaryWarmUp
{
    /// <summary>Runs it and puts the batches back to their beginning; returns a line for the log.</summary>
    /// <exception cref="NonFiniteException">The loss became NaN or infinite.</exception>
    public static string Run(TrainingJob job, WarmUp warmUp, IBatchSource batches, CancellationToken cancellation)
    {
        Device device = job.Model.Device;
        OptimizerOptions options = job.Optimizer;
        using FlatParameters parameters = new(
            device, [.. ParameterGroup.Of(warmUp.Module, "warm-up", options.ProjectorLrMultiplier, options.WeightDecay, options.NoDecayOnNormsAndBiases)]);
        using Optimizer optimizer = new(parameters, options);
        using StepInputs inputs = new(device);
        double first = double.NaN;
        double last = double.NaN;
        for (int step = 0; step < warmUp.Steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
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
        }

        batches.Seek(0);
        return FormattableString.Invariant($"{job.Role}: the teacher's projectors learned the labels in {warmUp.Steps} steps, loss {first:G4} to {last:G4}");
    }
}
