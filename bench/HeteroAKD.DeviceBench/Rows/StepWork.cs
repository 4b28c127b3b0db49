using HeteroAKD.Distillation;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Training.Loop;
using HeteroAKD.Training.Optimization;

namespace HeteroAKD.DeviceBench.Rows;

/// <summary>A training step of the loop's own parts: forward, cross-entropy at label resolution, backward, AdamW over all parameters.</summary>
internal sealed class StepWork : RowWork
{
    private const int Seed = 1;
    private const int CheckedBatches = 3;
    private const double WeightDecay = 0.01;
    private const double AuxWeight = 0.4;

    // Small, so that hundreds of steps on one batch stay in the range of a real training.
    private const double LearningRate = 1e-4;

    // Among many activations a few lie so near to zero that rounding decides their ReLU, which moves a gradient by a thousandth.
    private const double Allowed = 1e-3;

    private readonly SegmentationModel _model;
    private readonly TaskLoss _loss;
    private readonly FlatParameters _parameters;
    private readonly Optimizer _optimizer;
    private readonly StepInputs _inputs;
    private readonly TrainingStep _step;
    private readonly NoiseDataset _data;
    private string? _note;
    private int _count;

    /// <summary>Builds the network and takes a batch of noise.</summary>
    public StepWork(Device device, RowSizes sizes)
    {
        _data = new NoiseDataset(sizes, CheckedBatches * sizes.Batch);
        _model = ModelZoo.Create(sizes.Model, sizes.Classes, device, Seed);
        _loss = NewLoss(device, sizes);
        _parameters = new FlatParameters(device, [.. ParameterGroup.Of(_model, "student", 1, WeightDecay, spareNormsAndBiases: false)]);
        _optimizer = new Optimizer(_parameters, new OptimizerOptions { Kind = OptimizerKind.AdamW, WeightDecay = WeightDecay });
        _inputs = new StepInputs(device);
        _data.Fill(_inputs, 0);
        TrainingJob job = new()
        {
            Role = "student",
            Model = _model,
            Objective = _loss,
        };
        bool recordable = RecordedStep.IsSupported(device);
        _note = sizes.Replay && !recordable ? $"steps are not replayed: '{device.Name}' records none in this build" : null;
        _step = new TrainingStep(job, _inputs, sizes.Replay, said => _note = said);
    }

    /// <inheritdoc/>
    public override bool IsDivided => false;

    /// <summary>Until a step that can be replayed is: one as it is written, at most four that are recorded, one replayed.</summary>
    public override int WarmUpRuns => 6;

    /// <inheritdoc/>
    public override string? Note => _note;

    /// <summary>
    /// Holds loss and gradient of a step against the same step in float64 on the host, the gradient as a whole: norm of the difference over the norm.
    /// On three batches, of which the one with the middle error decides: a mistake shows on all of them.
    /// </summary>
    public static RowCheck Check(Device device, Device cpu, RowSizes sizes, string precision)
    {
        using StepWork work = new(device, sizes);
        double allowed = Allowed * PrecisionSetting.StepFactor(precision);
        RowCheck[] checks = [.. Enumerable.Range(0, CheckedBatches).Select(batch => work.CheckBatch(cpu, sizes, batch, allowed))
            .OrderBy(c => double.IsNaN(c.Error) ? double.PositiveInfinity : c.Error)];
        return checks[checks.Length / 2];
    }

    /// <inheritdoc/>
    public override void Run(Action afterForward)
    {
        _optimizer.ZeroGrad();
        _step.Run(Pass.Train(_count++), 1, _ => { });
        _optimizer.Step(LearningRate);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _step.Dispose();
        _inputs.Dispose();
        _optimizer.Dispose();
        _model.Dispose();
        _parameters.Dispose();
        _loss.Dispose();
    }

    private static TaskLoss NewLoss(Device device, RowSizes sizes) =>
        new(device, sizes.Classes, new TaskLossOptions(RowInput.IgnoreIndex, AuxWeight: AuxWeight));

    private RowCheck CheckBatch(Device cpu, RowSizes sizes, int batch, double allowed)
    {
        _data.Fill(_inputs, batch);
        _optimizer.ZeroGrad();
        double loss = double.NaN;
        Pass pass = sizes.Evaluated ? Pass.Evaluation : Pass.Train(Seed);
        _step.Run(pass, 1, result => loss = result.Total.Item());

        using SegmentationModel model = ModelZoo.Create(sizes.Model, sizes.Classes, cpu, Seed, DType.Float64);
        using TaskLoss objective = NewLoss(cpu, sizes);
        using StepScope scope = cpu.BeginStep();
        Tensor images = Tensor.Empty(cpu, _inputs.Images.Shape, DType.Float64);
        images.CopyFrom(_inputs.Images.ToDoubles());
        Tensor expected = objective.Loss(model, images, Tensor.From(cpu, _inputs.Labels.Shape, _inputs.Labels.ToInts()), pass).Total;
        expected.Backward();
        double difference = 0;
        double norm = 0;
        foreach ((Tensor ours, Tensor theirs) in _model.Parameters().Zip(model.Parameters()))
        {
            double[] actual = ours.Grad!.ToDoubles();
            double[] gradient = theirs.Grad?.ToDoubles() ?? new double[actual.Length]; // the auxiliary head has none in evaluation
            for (int i = 0; i < gradient.Length; i++)
            {
                difference += (actual[i] - gradient[i]) * (actual[i] - gradient[i]);
                norm += gradient[i] * gradient[i];
            }
        }

        double ofGradient = Math.Sqrt(difference / norm);
        double ofLoss = Math.Abs(loss - expected.Item()) / Math.Abs(expected.Item());
        return new RowCheck(Math.Max(ofGradient, ofLoss), allowed, ofLoss > ofGradient ? "loss" : "gradient");
    }
}
