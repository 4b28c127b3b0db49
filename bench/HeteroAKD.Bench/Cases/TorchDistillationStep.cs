using System.Diagnostics;
using HeteroAKD.Bench.Libtorch;
using HeteroAKD.Bench.Libtorch.Models;
using HeteroAKD.Bench.Peers;
using HeteroAKD.Tensors;
using TorchSharp;

namespace HeteroAKD.Bench.Cases;

/// <summary>The same distillation step in libtorch, from the same teacher and the same initial student and projectors.</summary>
internal sealed class TorchDistillationStep : IContender
{
    private const string Term = "heteroakd";

    private readonly DistillationStepCase _case;
    private readonly Parameters _teacher;
    private readonly Parameters _student;
    private readonly Parameters _projectors;
    private readonly torch.optim.Optimizer _optimizer;
    private readonly torch.Tensor _images; // [N, 3, H, W]
    private readonly torch.Tensor _labels; // [N, H, W] int64

    public TorchDistillationStep(DistillationStepCase @case, torch.ScalarType type)
    {
        _case = @case;
        using (Device device = Device.Open("cpu", 1))
        {
            using OurDistillationStep ours = new(@case, device);
            _teacher = new Parameters(ours.Teacher, type);
            _projectors = new Parameters(ours.Projectors, type);
        }

        _student = Parameters.Of(@case.Student, @case.Classes, StepSetting.Seed, type);
        _optimizer = torch.optim.AdamW(
            _student.Trained.Concat(_projectors.Trained).Select(p => p.Tensor), StepSetting.LearningRate, weight_decay: StepSetting.WeightDecay);
        _images = TorchData.Values(@case.Images.Values(StepSetting.ImageSeeds[0]), @case.Images.Shape, type);
        _labels = TorchData.Labels(@case.Labels.LabelValues(StepSetting.LabelSeed), @case.Labels.Shape);
    }

    /// <inheritdoc/>
    public Lap Run()
    {
        long start = Stopwatch.GetTimestamp();
        _optimizer.zero_grad();
        using (torch.NewDisposeScope())
        {
            Loss(_images, training: true).backward();
            _optimizer.step();
        }

        return Lap.Since(start);
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
        return [value, .. _student.Gradients().Concat(_projectors.Gradients())];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _optimizer.Dispose();
        _teacher.Dispose();
        _student.Dispose();
        _projectors.Dispose();
        _images.Dispose();
        _labels.Dispose();
    }

    private torch.Tensor Loss(torch.Tensor images, bool training)
    {
        TorchOutput teacher;
        using (torch.no_grad())
        {
            teacher = TorchNetworks.Of(_case.Teacher)(new Layers(_teacher, training: false), images);
        }

        TorchOutput student = TorchNetworks.Of(_case.Student)(new Layers(_student, training), images);
        torch.Tensor task = DistillationLosses.Task(student, _labels, CaseInput.IgnoreIndex, StepCase.AuxWeight);
        torch.Tensor kd = DistillationLosses.PixelKl(student.Logits, Layers.ResizeTo(teacher.Logits, student.Logits));

        Layers projectors = new(_projectors, training);
        torch.Tensor projected = Project(projectors, student.LastStage, "student");
        torch.Tensor target = Layers.ResizeTo(Project(projectors, teacher.LastStage, "teacher"), projected);
        torch.Tensor labels = DistillationLosses.NearestLabels(_labels, projected);
        torch.Tensor hakd = DistillationLosses.HeteroAkd(projected, target, labels, CaseInput.IgnoreIndex);
        return task + (DistillationStepCase.Lambda1 * kd) + hakd; // λ2 = 1
    }

    // 1x1 convolution without bias, batch norm.
    private static torch.Tensor Project(Layers layers, torch.Tensor features, string side) =>
        layers.BatchNorm(layers.Conv(features, $"{Term}.{side}.conv"), $"{Term}.{side}.bn");
}
