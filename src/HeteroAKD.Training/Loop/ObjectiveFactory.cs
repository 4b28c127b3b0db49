using HeteroAKD.Data;
using HeteroAKD.Distillation;
using HeteroAKD.Kernels.Losses;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Ops;
using HeteroAKD.Training.Configuration;

namespace HeteroAKD.Training.Loop;

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
            teacher, student, task, new DistillationOptions(d.Lambda1, d.KdTau, heteroAkd, d.ProjectorActivation == ProjectorActivation.Relu), config.Seed);
    }

    /// <summary>The kernel's options.</summary>
    public static HeteroAkdAttributes Attributes(DistillationConfig d, int ignoreIndex) => new(
        Axis: d.WeightAxis == Configuration.WeightAxis.Class ? Kernels.Losses.WeightAxis.Class : Kernels.Losses.WeightAxis.Spatial,
        Form: d.Form == Configuration.DistillationForm.Ce ? Kernels.Losses.DistillationForm.Ce : Kernels.Losses.DistillationForm.Kl,
        Tau: (float)d.Tau,
        ScaleTau2: d.ScaleTau2,
        Reliability: d.Reliability == Configuration.Reliability.Bce ? Kernels.Losses.Reliability.Bce : Kernels.Losses.Reliability.SoftmaxCe,
        Detach: d.Detach,
        Supervision: d.Supervision switch
        {
            Configuration.ProjectorSupervision.None => Kernels.Losses.ProjectorSupervision.None,
            Configuration.ProjectorSupervision.Bce => Kernels.Losses.ProjectorSupervision.Bce,
            _ => Kernels.Losses.ProjectorSupervision.Ce,
        },
        Lambda2: (float)d.Lambda2,
        SupervisionWeight: (float)d.SupervisionWeight,
        Grid: d.Grid == DistillationGrid.Label ? WorkingGrid.Label : WorkingGrid.Student,
        IgnoreIndex: ignoreIndex);
}
