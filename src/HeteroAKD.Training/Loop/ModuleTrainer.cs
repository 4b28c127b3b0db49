using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Nn;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Training.Checkpoints;
using HeteroAKD.Training.Optimization;

namespace HeteroAKD.Training.Loop;

/// <summary>How <see cref="ModuleTrainer"/> trains.</summary>
public sealed record ModuleTrainingOptions
{
    /// <summary>Optimizer steps.</summary>
    [InRange("[1, 100000000]")]
    public int Steps { get; init; } = 400;

    /// <summary>Steps between two reports; 0 reports the last step alone.</summary>
    [InRange("[0, 100000000]")]
    public int LogEvery { get; init; } = 10;

    /// <summary>Seed of random masks, such as those of dropout.</summary>
    public int Seed { get; init; }

    /// <summary>Update rule and peak learning rate.</summary>
    public OptimizerOptions Optimizer { get; init; } = new();

    /// <summary>Learning rate over the steps.</summary>
    public ScheduleOptions Schedule { get; init; } = new();
}

/// <summary>
/// Trains any modules on a loss that the caller computes: clear gradients, forward, backward, clip, update. <see cref="NetworkTrainer"/> adds validation,
/// checkpoints while training and replayed steps, for segmentation networks. Parameters with <see cref="Tensor.RequiresGrad"/> off stay as they are.
/// </summary>
public sealed class ModuleTrainer : IDisposable
{
    private const string OptimizerPrefix = "optimizer.";

    private readonly Device _device;
    private readonly ModuleTrainingOptions _options;
    private readonly IReadOnlyList<StateEntry> _state;
    private readonly FlatParameters _parameters;
    private readonly Optimizer _optimizer;
    private readonly LearningRateSchedule _schedule;

    /// <summary>Takes over the parameters of one module until <see cref="Dispose"/>.</summary>
    public ModuleTrainer(Module module, ModuleTrainingOptions options)
        : this([module], options)
    {
    }

    /// <summary>Takes over the parameters of some modules until <see cref="Dispose"/>, such as a student and its projector.</summary>
    /// <param name="modules">All on one device, each tensor with a name of its own.</param>
    /// <param name="options">How long, and how.</param>
    /// <exception cref="HeteroAkdException">No parameter wants a gradient, a name comes twice, the modules are on two devices, or an option is out of its
    /// range.</exception>
    public ModuleTrainer(IReadOnlyList<Module> modules, ModuleTrainingOptions options)
    {
        InRangeAttribute.Require(options);
        InRangeAttribute.Require(options.Optimizer);
        InRangeAttribute.Require(options.Schedule);
        if ((long)options.Steps * options.Optimizer.Accumulate > int.MaxValue)
        {
            throw new HeteroAkdException(
                $"training: {options.Steps} steps of {options.Optimizer.Accumulate} mini-batches are more than {int.MaxValue}, the most that are numbered");
        }

        _options = options;
        _state = [.. modules.SelectMany(m => m.State())];
        List<Tensor> trained = [.. _state.Where(e => e is { IsBuffer: false, Tensor.RequiresGrad: true }).Select(e => e.Tensor)];
        _device = Require(modules, trained);
        OptimizerOptions rule = options.Optimizer;
        _parameters = new FlatParameters(_device, [.. ParameterGroup.Of(trained, "modules", lrMultiplier: 1, rule.WeightDecay, rule.NoDecayOnNormsAndBiases)]);
        _optimizer = new Optimizer(_parameters, rule);
        _schedule = new LearningRateSchedule(options.Schedule, rule.Lr, options.Steps);
    }

    /// <summary>Steps done.</summary>
    public int Step { get; private set; }

    /// <summary>Norm of the last step's gradient before clipping; waits for the device.</summary>
    public double GradientNorm() => _optimizer.GradientNorm();

    /// <summary>Takes the steps that are left.</summary>
    /// <param name="loss">
    /// Computes the loss, a scalar, of a mini-batch. Its first argument is the number of the mini-batch from 0 on, over the whole training: draw the data from
    /// it, and a training that goes on from <see cref="Load"/> sees what an unbroken one sees. The second goes to <see cref="Layer.Forward"/>. A step has
    /// <see cref="OptimizerOptions.Accumulate"/> mini-batches. Tensors made here are freed after the backward pass.
    /// </param>
    /// <param name="report">Hears the steps done and the mean loss of the step, as often as <see cref="ModuleTrainingOptions.LogEvery"/> says; null to hear
    /// nothing.</param>
    /// <param name="cancellation">Stops between two steps; <see cref="Save"/> works then.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    /// <exception cref="NonFiniteException">The loss is NaN or infinite. It is looked at in every step on the host, and in reported steps on accelerators,
    /// where each look waits for the device.</exception>
    /// <exception cref="HeteroAkdException">The loss is no scalar, or depends on no parameter.</exception>
    public void Run(Func<int, Pass, Tensor> loss, Action<int, double>? report = null, CancellationToken cancellation = default)
    {
        while (Step < _options.Steps)
        {
            cancellation.ThrowIfCancellationRequested();
            bool reported = Step + 1 == _options.Steps || (_options.LogEvery > 0 && (Step + 1) % _options.LogEvery == 0);
            double value = RunStep(loss, reads: reported || _device.IsHost);
            Step++;
            if (reported)
            {
                report?.Invoke(Step, value);
            }
        }
    }

    /// <summary>Writes what a training needs to go on: the modules, the optimizer's state and the steps done.</summary>
    /// <exception cref="StorageException">The disk is full or refuses; an earlier file stays.</exception>
    public void Save(string path) => Checkpoint.Save(path, new CheckpointInfo
    {
        Model = "modules",
        Role = "modules",
        Classes = 1,
        Step = Step,
        DataPosition = (long)Step * _options.Optimizer.Accumulate,
        BestMetric = double.NaN,
        Config = "",
    }, Entries());

    /// <summary>Goes on from a file of <see cref="Save"/>: equal data then gives the bits of a training that never stopped.</summary>
    /// <exception cref="CheckpointException">The file is damaged, is of other modules or another update rule, or has more steps than this training; nothing was
    /// changed.</exception>
    public void Load(string path)
    {
        Checkpoint checkpoint = Checkpoint.Load(path);
        checkpoint.RequireWithin(_options.Steps);
        checkpoint.CopyAll([.. Entries()]);
        Step = checkpoint.Info.Step;
        _optimizer.Resume(Step);
    }

    /// <summary>Frees the optimizer's state. The modules keep their values and stay their owner's.</summary>
    public void Dispose()
    {
        _optimizer.Dispose();
        _parameters.Dispose();
    }

    private IEnumerable<(string Name, Tensor Tensor)> Entries() =>
        _state.Select(e => (Checkpoint.ModelPrefix + e.Name, e.Tensor)).Concat(_optimizer.State(OptimizerPrefix));

    private static Device Require(IReadOnlyList<Module> modules, List<Tensor> trained)
    {
        if (trained.Count == 0)
        {
            throw new HeteroAkdException("training: no parameter wants a gradient. Give a module that has parameters, and turn them on with RequireGrad()");
        }

        if (modules.SelectMany(m => m.State()).GroupBy(e => e.Name).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw new HeteroAkdException(
                $"training: two tensors of the modules are called '{twice.Key}'. Build each module at a site of its own, such as site.At(\"projector\")");
        }

        Device device = trained[0].Device;
        return trained.FirstOrDefault(t => t.Device != device) is { } elsewhere
            ? throw new DeviceMismatchException("training", elsewhere.Name, device, elsewhere.Device)
            : device;
    }

    private double RunStep(Func<int, Pass, Tensor> loss, bool reads)
    {
        int accumulate = _options.Optimizer.Accumulate;
        double sum = 0;
        _device.Step = Step;
        _optimizer.ZeroGrad();
        for (int micro = 0; micro < accumulate; micro++)
        {
            int number = (Step * accumulate) + micro;
            using StepScope scope = _device.BeginStep();
            Tensor value = Scalar(loss(number, Pass.Train((int)CounterHash.Hash(_options.Seed, number))));
            _device.Tape.Backward(value, Tensor.Full(_device, value.Shape, 1f / accumulate, value.DType));
            sum += reads ? Finite(value.Item()) : double.NaN;
        }

        _optimizer.Step(_schedule.At(Step));
        return sum / accumulate;
    }

    private Tensor Scalar(Tensor loss) =>
        loss.Device != _device ? throw new DeviceMismatchException("training", "loss", _device, loss.Device)
        : loss.Shape.Count != 1 ? throw new ShapeMismatchException(
            "training", "loss", $"shape {loss.Shape} is not a scalar; reduce it with Functional.Mean or Functional.Sum")
        : loss;

    private double Finite(double value) => double.IsFinite(value) ? value : throw new NonFiniteException("loss", "modules", Step, $"the value {value}");
}
