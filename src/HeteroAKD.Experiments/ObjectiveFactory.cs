using HeteroAKD.Data;
using HeteroAKD.Distillation;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;

namespace HeteroAKD.Experiments;

/// <summary>Builds objectives from the configuration.</summary>
internal static class ObjectiveFactory
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

    /// <summary>
    /// A distillation by some terms, those of the configuration or of its control; without any it is the task loss, unless the teacher is to be asked all the
    /// same. Task loss, the adapter of the teacher's images and what keeps its outputs are taken over.
    /// </summary>
    public static IObjective Distillation(
        SegmentationModel teacher, SegmentationModel student, TaskLoss task, ExperimentConfig config, IReadOnlyList<WeightedTerm> terms, int ignoreIndex,
        InputAdapter? teacherInput =
            null,
        ITeacherOutputs? kept = null, bool asksTeacher = false)
    {
        if (terms.Count == 0 && !asksTeacher)
        {
            return task;
        }

        DistillationOptions options = new(terms, ignoreIndex)
        {
            Decay = config.Distillation.Decay,
            DecayFraction = config.Distillation.DecayFraction,
            UnlabelledThreshold = config.Data.UnlabelledThreshold,
            TeacherInput = teacherInput,
            TeacherOutputs = kept,
        };
        return new DistillationObjective(teacher, student, task, options, config.Seed);
    }
}
