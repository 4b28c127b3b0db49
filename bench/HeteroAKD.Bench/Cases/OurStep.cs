using System.Diagnostics;
using HeteroAKD.Bench.Peers;
using HeteroAKD.Distillation;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Training.Optimization;

namespace HeteroAKD.Bench.Cases;

/// <summary>Our training step, of the parts that the training loop uses.</summary>
internal sealed class OurStep : IContender
{
    private readonly StepCase _case;
    private readonly Device _device;
    private readonly SegmentationModel _model;
    private readonly TaskLoss _loss;
    private readonly FlatParameters _parameters;
    private readonly Optimizer _optimizer;
    private readonly Tensor _images; // [N, 3, H, W]
    private readonly Tensor _labels; // [N, H, W]
    private int _step;

    public OurStep(StepCase @case, Device device)
    {
        _case = @case;
        _device = device;
        _model = ModelZoo.Create(@case.Model, @case.Classes, device, StepSetting.Seed);
        _loss = new TaskLoss(device, @case.Classes, new TaskLossOptions(CaseInput.IgnoreIndex, AuxWeight: StepCase.AuxWeight));
        _parameters = new FlatParameters(device, [.. ParameterGroup.Of(_model, "student", 1, StepSetting.WeightDecay, spareNormsAndBiases: false)]);
        _optimizer = new Optimizer(_parameters, new OptimizerOptions { Kind = OptimizerKind.AdamW, WeightDecay = StepSetting.WeightDecay });
        _images = Tensor.From(device, @case.Images.Shape, @case.Images.Values(StepSetting.ImageSeeds[0]));
        _labels = Tensor.From(device, @case.Labels.Shape, @case.Labels.LabelValues(StepSetting.LabelSeed));
    }

    /// <inheritdoc/>
    public Lap Run()
    {
        long start = Stopwatch.GetTimestamp();
        _optimizer.ZeroGrad();
        long forward;
        using (_device.BeginStep())
        {
            Tensor loss = Loss(_images, Pass.Train(_step++));
            forward = Stopwatch.GetTimestamp();
            loss.Backward();
        }

        _optimizer.Step(StepSetting.LearningRate);
        return new Lap(forward - start, Stopwatch.GetTimestamp() - start);
    }

    /// <inheritdoc/>
    public IReadOnlyList<Result> Results(int batch)
    {
        using Tensor images = Tensor.From(_device, _case.Images.Shape, _case.Images.Values(StepSetting.ImageSeeds[batch]));
        _optimizer.ZeroGrad();
        using StepScope step = _device.BeginStep();
        Tensor loss = Loss(images, _case.HasMasks ? Pass.Evaluation : Pass.Train(0));
        List<Result> results = [new("loss", loss.ToDoubles())];
        loss.Backward();
        results.AddRange(_model.Parameters().Select(p => new Result($"grad.{p.Name}", p.Grad!.ToDoubles())));
        return results;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _optimizer.Dispose();
        _model.Dispose();
        _parameters.Dispose();
        _loss.Dispose();
        _images.Dispose();
        _labels.Dispose();
    }

    private Tensor Loss(Tensor images, in Pass pass) => _loss.Loss(_model, images, _labels, pass).Total;
}
