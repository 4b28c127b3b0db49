using System.Diagnostics;
using HeteroAKD.Bench.Peers;
using HeteroAKD.Distillation;
using HeteroAKD.Distillation.Terms;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Training.Loop;
using HeteroAKD.Training.Optimization;

namespace HeteroAKD.Bench.Cases;

/// <summary>Our distillation step, of the parts that the training loop uses, replayed as there.</summary>
internal sealed class OurDistillationStep : IContender
{
    private readonly DistillationStepCase _case;
    private readonly SegmentationModel _teacher;
    private readonly SegmentationModel _student;
    private readonly DistillationObjective _objective;
    private readonly FlatParameters _parameters;
    private readonly Optimizer _optimizer;
    private readonly StepInputs _inputs;
    private readonly TrainingStep _step;
    private readonly Batch _batch = new();
    private int _steps;

    public OurDistillationStep(DistillationStepCase @case, Device device)
    {
        _case = @case;
        _teacher = @case.MakeTeacher(device);
        _student = ModelZoo.Create(@case.Student, @case.Classes, device, StepSetting.Seed);
        TaskLoss task = new(device, @case.Classes, new TaskLossOptions(CaseInput.IgnoreIndex, AuxWeight: StepCase.AuxWeight));
        IReadOnlyList<WeightedTerm> terms = Recipes.Resolve(
            Recipes.HeteroAkd, new PaperWeights(DistillationStepCase.Lambda1, DistillationStepCase.Lambda2), new TermSet());
        _objective = new DistillationObjective(_teacher, _student, task, new DistillationOptions(terms, CaseInput.IgnoreIndex), StepSetting.Seed);
        _parameters = new FlatParameters(device,
        [
            .. ParameterGroup.Of(_student, "student", 1, StepSetting.WeightDecay, spareNormsAndBiases: false),
            .. ParameterGroup.Of(_objective.Auxiliary!, "projectors", 1, StepSetting.WeightDecay, spareNormsAndBiases: false),
        ]);
        _optimizer = new Optimizer(_parameters, new OptimizerOptions { Kind = OptimizerKind.AdamW, WeightDecay = StepSetting.WeightDecay });
        _inputs = new StepInputs(device);
        _step = new TrainingStep(new TrainingJob { Role = "distilled", Model = _student, Objective = _objective }, _inputs, replay: true, _ => { });
        Fill(StepSetting.ImageSeeds[0]);
    }

    /// <summary>The teacher, which the other side copies.</summary>
    public SegmentationModel Teacher => _teacher;

    /// <summary>The projectors, whose first values the other side takes.</summary>
    public Module Projectors => _objective.Auxiliary!;

    /// <inheritdoc/>
    public Lap Run()
    {
        long start = Stopwatch.GetTimestamp();
        _optimizer.ZeroGrad();
        _inputs.Fill(_batch);
        _step.Run(Pass.Train(_steps++), 1, _ => { });
        _optimizer.Step(StepSetting.LearningRate);
        return Lap.Since(start);
    }

    /// <inheritdoc/>
    public IReadOnlyList<Result> Results(int batch)
    {
        Fill(StepSetting.ImageSeeds[batch]);
        _inputs.Fill(_batch);
        _optimizer.ZeroGrad();
        using StepScope step = _student.Device.BeginStep();
        Tensor loss = _objective.Loss(_student, _inputs.Images, _inputs.Labels, _case.HasMasks ? Pass.Evaluation : Pass.Train(0)).Total;
        List<Result> results = [new("loss", loss.ToDoubles())];
        loss.Backward();
        results.AddRange(_student.Parameters().Concat(Projectors.Parameters()).Select(p => new Result($"grad.{p.Name}", p.Grad!.ToDoubles())));
        Fill(StepSetting.ImageSeeds[0]);
        return results;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _step.Dispose();
        _inputs.Dispose();
        _optimizer.Dispose();
        _parameters.Dispose();
        _objective.Dispose();
        _student.Dispose();
        _teacher.Dispose();
    }

    private void Fill(int seed)
    {
        _batch.Resize(_case.Batch, _case.Height, _case.Width);
        _case.Images.Values(seed).CopyTo(_batch.Images, 0);
        _case.Labels.LabelValues(StepSetting.LabelSeed).CopyTo(_batch.Labels, 0);
    }
}
