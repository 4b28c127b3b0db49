using HeteroAKD.Data;
using HeteroAKD.Distillation;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Ops;

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

    /// <summary>The distillation that a configuration describes.</summary>
    public static IObjective Distillation(SegmentationModel teacher, SegmentationModel student, TaskLoss task, ExperimentConfig config, int ignoreIndex)
    {
        DistillationConfig d = config.Distillation;
        if (d.Method == DistillationMethod.None)
        {
            return task;
        }

        HeteroAkdAttributes? heteroAkd = d.Method == DistillationMethod.HeteroAkd ? Attributes(d, ignoreIndex) : null;
        return new DistillationObjective(
            teacher, student, task, new DistillationOptions(d.Lambda1, d.KdTau, heteroAkd, d.ProjectorRelu), config.Seed);
    }

    /// <summary>The kernel's options.</summary>
    public static HeteroAkdAttributes Attributes(DistillationConfig d, int ignoreIndex) => new(
        Axis: d.WeightAxis,
        Form: d.Form,
        Tau: (float)d.Tau,
        ScaleTau2: d.ScaleTau2,
        Reliability: d.Reliability,
        Detach: d.Detach,
        Supervision: d.Supervision,
        Lambda2: (float)d.Lambda2,
        SupervisionWeight: (float)d.SupervisionWeight,
        Grid: d.Grid,
        IgnoreIndex: ignoreIndex,
        Reduction: d.Reduction);
}
