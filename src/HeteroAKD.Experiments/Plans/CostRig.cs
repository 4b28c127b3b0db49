using System.Diagnostics;
using HeteroAKD.Data;
using HeteroAKD.Distillation;
using HeteroAKD.Experiments.Commands;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Training.Loop;
using HeteroAKD.Training.Optimization;

namespace HeteroAKD.Experiments.Plans;

/// <summary>
/// A student in training, ready to take steps on one batch, with everything on a device of its own so that its memory can be told from that of others.
/// </summary>
internal sealed class CostRig : IDisposable
{
    // Steps until a training replays them: one as written and up to three attempts to record two alike.
    private const int WarmUpSteps = 5;

    private readonly List<IDisposable> _owned = []; // in the order in which they were made
    private readonly Device _device;
    private readonly SegmentationModel _student;
    private readonly TrainingJob _job;
    private readonly Optimizer _optimizer;
    private readonly WeightAverage? _average;
    private readonly StepInputs _inputs;
    private readonly TrainingStep _step;
    private readonly Batch _batch;
    private int _steps;

    /// <summary>Builds networks and objective, and takes the first steps.</summary>
    /// <param name="config">The arm.</param>
    /// <param name="data">Its images.</param>
    /// <param name="terms">The distillation's terms; null for the student alone, without a teacher.</param>
    public CostRig(ExperimentConfig config, ExperimentData data, IReadOnlyList<WeightedTerm>? terms)
    {
        try
        {
            _device = Own(TrainingDevice.Open(config));
            JobFactory jobs = new(config, data, _device, _ => { });
            SegmentationModel? teacher = terms is null ? null : Own(jobs.Network(NetworkRole.Teacher).Model);
            _student = Own(jobs.Network(NetworkRole.Student).Model);
            PlannedTraining training = teacher is null ? jobs.Alone(NetworkRole.Student, _student) : jobs.Taught(teacher, _student, terms!);
            _job = training.Job;
            Own(_job.Objective);
            FlatParameters parameters = Own(new FlatParameters(_device, _job.ParameterGroups()));
            _optimizer = Own(new Optimizer(parameters, _job.Optimizer));
            _average = _job.Training.Ema > 0 ? Own(new WeightAverage(_student, parameters, _job.Training.Ema)) : null;
            using (JoinedLoaders batches = training.Batches(config.Data with { Workers = 0 }))
            {
                _batch = batches.Next();
            }

            _inputs = Own(new StepInputs(_device));
            _step = Own(new TrainingStep(_job, _inputs, _job.Training.Replay, _ => { }));
            _inputs.Fill(_batch);
            _device.Allocator.ResetPeak();
            for (int i = 0; i < WarmUpSteps; i++)
            {
                Step();
            }

            (PeakBytes, Launches) = (_device.Allocator.Peak, _step.Launches);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Seconds of the measured steps.</summary>
    public List<double> Steps { get; } = [];

    /// <summary>Seconds of the measured forward and backward passes.</summary>
    public List<(double Forward, double Backward)> Passes { get; } = [];

    /// <summary>Most bytes of tensors at a time in the first steps: networks, gradients, activations, the optimiser's state.</summary>
    public long PeakBytes { get; }

    /// <summary>Launches of a pass over one batch; 0 where steps are not replayed.</summary>
    public int Launches { get; }

    /// <summary>Name of the device.</summary>
    public string DeviceName => _device.Name;

    /// <summary>Takes a step as a training does, without the making of its batches, and keeps its time.</summary>
    public void Measure() => Steps.Add(Step());

    /// <summary>
    /// Passes a batch through launch by launch and keeps how long both passes took. No more steps can be measured afterwards: the recorded one gives its memory
    /// back.
    /// </summary>
    public void MeasurePasses()
    {
        _step.Dispose();
        _optimizer.ZeroGrad();
        using StepScope scope = _device.BeginStep();
        _device.Synchronize();
        long start = Stopwatch.GetTimestamp();
        ObjectiveResult result = _job.Objective.Loss(_student, _inputs.Images, _inputs.Labels, Pass.Train(Key(0)));
        _device.Synchronize();
        long middle = Stopwatch.GetTimestamp();
        _device.Tape.Backward(result.Total, Tensor.Full(_device, result.Total.Shape, 1f));
        _device.Synchronize();
        Passes.Add((Stopwatch.GetElapsedTime(start, middle).TotalSeconds, Stopwatch.GetElapsedTime(middle).TotalSeconds));
    }

    /// <summary>Gives everything back.</summary>
    public void Dispose()
    {
        for (int i = _owned.Count - 1; i >= 0; i--)
        {
            _owned[i].Dispose();
        }

        _owned.Clear();
    }

    private T Own<T>(T value)
        where T : IDisposable
    {
        _owned.Add(value);
        return value;
    }

    private double Step()
    {
        int accumulate = _job.Optimizer.Accumulate;
        _device.Synchronize();
        long start = Stopwatch.GetTimestamp();
        _optimizer.ZeroGrad();
        _job.Objective.BeginStep(_steps, _job.Training.Steps);
        for (int micro = 0; micro < accumulate; micro++)
        {
            _job.Objective.BeginBatch(_batch, _inputs.Images);
            _step.Run(Pass.Train(Key(micro)), 1f / accumulate, _ => { });
        }

        _optimizer.Step(_job.Optimizer.Lr);
        _average?.Update();
        _device.Synchronize();
        _steps++;
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private int Key(int micro) => (int)CounterHash.Hash(_job.Seed, (_steps * _job.Optimizer.Accumulate) + micro);
}
