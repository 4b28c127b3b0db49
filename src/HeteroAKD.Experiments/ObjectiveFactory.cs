using HeteroAKD.Data;
using HeteroAKD.Distillation;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;

namespace HeteroAKD.Experiments;

/// <summary>Builds objectives from the configuration.</summary>
public static class ObjectiveFactory
{
    /// <summary>L_task for networks of a data set; class weights are counted on <paramref name="training"/>.</summary>
    public static TaskLoss Task(Device device, ExperimentConfig config, ISegmentationDataset training)
    {
        LossConfig loss = config.Loss;
        IReadOnlyList<double>? weights = loss.ClassWeights switch
        {
            ClassWeighting.None => null,
            ClassWeighting.Median => ClassStatistics.Compute(training).MedianFrequencyWeights(),
            ClassWeighting.Enet => ClassStatistics.Compute(training).EnetWeights(),
            _ => loss.ClassWeightList,
        };
        return new TaskLoss(device, training.Classes.Count, new TaskLossOptions(training.Classes.IgnoreIndex, weights, loss.LabelSmoothing, loss.AuxWeight));
    }

    /// <summary>The distillation that a configuration describes; the adapter of the teacher's images is taken over.</summary>
    public static IObjective Distillation(SegmentationModel teacher, SegmentationModel student, TaskLoss task, ExperimentConfig config, int ignoreIndex, InputAdapter? teacherInput = null) =>
        Distillation(teacher, student, task, config, config.Distillation.WeightedTerms(), ignoreIndex, teacherInput);

    /// <summary>The same with other terms, as its control has them; without any it is the task loss.</summary>
    public static IObjective Distillation(
        SegmentationModel teacher, SegmentationModel student, TaskLoss task, ExperimentConfig config, IReadOnlyList<WeightedTerm> terms, int ignoreIndex, InputAdapter? teacherInput)
    {
        return terms.Count == 0
            ? task
            : new DistillationObjective(teacher, student, task, OptionsOf(config, terms, ignoreIndex) with { TeacherInput = teacherInput }, config.Seed);
    }

    private static DistillationOptions OptionsOf(ExperimentConfig config, IReadOnlyList<WeightedTerm> terms, int ignoreIndex) => new(terms, ignoreIndex)
    {
        Decay = config.Distillation.Decay,
        DecayFraction = config.Distillation.DecayFraction,
        UnlabelledThreshold = config.Data.UnlabelledThreshold,
    };
}
