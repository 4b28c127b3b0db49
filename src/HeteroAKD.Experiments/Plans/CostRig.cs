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

/// <summary>A student in training, ready to take steps on one batch, with everything on a device of its own so that its memory can be told from that of others.</summary>
internal sealed class CostRig : IDisposable
{
    // Steps until a training replays them: one as written, two that are recorded and compared, one to spare.
    private const int WarmUpSteps = 5;

    private readonly Device _device;
    private readonly SegmentationModel? _teacher;
    private readonly SegmentationModel _student;
    private readonly TrainingJob _job;
    private readonly FlatParameters _parameters;
    private readonly Optimizer _optimizer;
    private readonly StepInputs _inputs;
    private readonly TrainingStep _step;
    private readonly Batch _batch;
    private int _steps;

    /// <summary>Builds networks and objective, and takes the first steps.</summary>
    /// <param name="config">The arm.</param>
    /// <param name="data">Its images.</param>
    /// <param name="batch">What every step learns from.</param>
    /// <param name="terms">The distillation's terms; null for the student alone, without a teacher.</param>
    /// <param name="say">Hears what was loaded.</param>
    public CostRig(ExperimentConfig config, ExperimentData data, Batch batch, IReadOnlyList<WeightedTerm>? terms, Action<string> say)
    {
        _batch = batch;
        _device = Device.Open(config.Device, config.Threads, config.Precision);
        JobFactory jobs = new(config, data, _device, say);
        _teacher = terms is null ? null : jobs.Network(NetworkRole.Teacher).Model;
        _student = jobs.Network(NetworkRole.Student).Model;
        _job = (_teacher is null ? jobs.Alone(NetworkRole.Student, _student) : jobs.Taught(_teacher, _student, terms!)).Job;
        _parameters = new FlatParameters(_device, _job.ParameterGroups());
        _optimizer = new Optimizer(_parameters, _job.Optimizer);
        _inputs = new StepInputs(_device);
        _step = new TrainingStep(_job, _inputs, _job.Training.Replay, _ => { });
        _inputs.Fill(batch);
        _device.Allocator.ResetPeak();
        for (int i = 0; i < WarmUpSteps; i++)
        {
            Step();
        }
    }

    /// <summary>Seconds of the steps so far that were to be kept.</summary>
    public List<double> Steps { get; } = [];

    /// <summary>Seconds of forward and backward passes.</summary>
    public List<(double Forward, double Backward)> Passes { get; } = [];

    /// <summary>Most bytes of tensors at a time: networks, gradients, activations, the optimiser's state.</summary>
    public long PeakBytes => _device.Allocator.Peak;

    /// <summary>Name of the device.</summary>
    public string DeviceName => _device.Name;

    /// <summary>Launches of a step; 0 where steps are not replayed.</summary>
    public int Launches => _step.Launches;

    /// <summary>The first batch of a training of the student.</summary>
    public static Batch BatchOf(ExperimentConfig config, ExperimentData data)
    {
        using Device device = Device.Open("cpu", 1);
        JobFactory jobs = new(config, data, device, _ => { });
        using SegmentationModel student = jobs.Network(NetworkRole.Student).Model;
        PlannedTraining training = jobs.Alone(NetworkRole.Student, student);
        using (training.Job.Objective)
        {
            using JoinedLoaders batches = training.Batches(config.Data with { Workers = 0 });
            return batches.Next();
        }
    }

    /// <summary>Takes a step as a training does, its batch apart, and keeps its time.</summary>
    public void Measure() => Steps.Add(Step());

    /// <summary>Takes a step launch by launch and keeps how long both passes took.</summary>
    public void MeasurePasses()
    {
        _optimizer.ZeroGrad();
        using StepScope scope = _device.BeginStep();
        _device.Synchronize();
        long start = Stopwatch.GetTimestamp();
        ObjectiveResult result = _job.Objective.Loss(_student, _inputs.Images, _inputs.Labels, Pass.Train(Key()));
        _device.Synchronize();
        long middle = Stopwatch.GetTimestamp();
        _device.Tape.Backward(result.Total, Tensor.Full(_device, result.Total.Shape, 1f));
        _device.Synchronize();
        Passes.Add((Stopwatch.GetElapsedTime(start, middle).TotalSeconds, Stopwatch.GetElapsedTime(middle).TotalSeconds));
    }

    /// <summary>Gives everything back.</summary>
    public void Dispose()
    {
        _step.Dispose();
        _inputs.Dispose();
        _optimizer.Dispose();
        _parameters.Dispose();
        _job.Objective.Dispose();
        _student.Dispose();
        _teacher?.Dispose();
        _device.Dispose();
    }

    private double Step()
    {
        _device.Synchronize();
        long start = Stopwatch.GetTimestamp();
        _optimizer.ZeroGrad();
        _job.Objective.BeginStep(_steps, _job.Training.Steps);
        _job.Objective.BeginBatch(_batch, _inputs.Images);
        _step.Run(Pass.Train(Key()), 1f, _ => { });
        _optimizer.Step(_job.Optimizer.Lr);
        _device.Synchronize();
        _steps++;
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private int Key() => (int)CounterHash.Hash(_job.Seed, _steps);
}
