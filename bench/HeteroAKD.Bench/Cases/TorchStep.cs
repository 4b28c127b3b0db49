using System.Diagnostics;
using HeteroAKD.Bench.Libtorch;
using HeteroAKD.Bench.Libtorch.Models;
using HeteroAKD.Bench.Peers;
using TorchSharp;

namespace HeteroAKD.Bench.Cases;

/// <summary>The same training step in libtorch, from the same initial parameters.</summary>
internal sealed class TorchStep : IContender
{
    private readonly StepCase _case;
    private readonly Parameters _parameters;
    private readonly torch.optim.Optimizer _optimizer;
    private readonly torch.Tensor _images; // [N, 3, H, W]
    private readonly torch.Tensor _labels; // [N, H, W] int64

    public TorchStep(StepCase @case, torch.ScalarType type)
    {
        _case = @case;
        _parameters = Parameters.Of(@case.Model, @case.Classes, StepSetting.Seed, type);
        _optimizer = torch.optim.AdamW(_parameters.Trained.Select(p => p.Tensor), StepSetting.LearningRate, weight_decay: StepSetting.WeightDecay);
        _images = TorchData.Values(@case.Images.Values(StepSetting.ImageSeeds[0]), @case.Images.Shape, type);
        _labels = TorchData.Labels(@case.Labels.LabelValues(StepSetting.LabelSeed), @case.Labels.Shape);
    }

    /// <inheritdoc/>
    public Lap Run()
    {
        long start = Stopwatch.GetTimestamp();
        _optimizer.zero_grad();
        long forward;
        using (torch.NewDisposeScope())
        {
            torch.Tensor loss = Loss(_images, training: true);
            forward = Stopwatch.GetTimestamp();
            loss.backward();
            _optimizer.step();
        }

        return new Lap(forward - start, Stopwatch.GetTimestamp() - start);
    }

    /// <inheritdoc/>
    public IReadOnlyList<Result> Results(int batch)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor images = TorchData.Values(_case.Images.Values(StepSetting.ImageSeeds[batch]), _case.Images.Shape, _images.dtype);
        _optimizer.zero_grad();
        torch.Tensor loss = Loss(images, training: !_case.HasMasks);
        Result value = new("loss", TorchData.ToDoubles(loss));
        loss.backward();
        return [value, .. _parameters.Gradients()];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _optimizer.Dispose();
        _parameters.Dispose();
        _images.Dispose();
        _labels.Dispose();
    }

    private torch.Tensor Loss(torch.Tensor images, bool training)
    {
        TorchOutput output = TorchNetworks.Of(_case.Model)(new Layers(_parameters, training), images);
        return DistillationLosses.Task(output, _labels, CaseInput.IgnoreIndex, StepCase.AuxWeight);
    }
}
