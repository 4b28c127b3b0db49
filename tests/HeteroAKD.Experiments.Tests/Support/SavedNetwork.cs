using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Checkpoints;

namespace HeteroAKD.Experiments.Tests.Support;

/// <summary>A student as a run leaves it.</summary>
internal static class SavedNetwork
{
    /// <summary>Writes a network with random weights.</summary>
    /// <param name="path">The checkpoint.</param>
    /// <param name="config">Its configuration.</param>
    /// <param name="classes">Classes of its logits.</param>
    /// <param name="change">Changes the weights first.</param>
    public static string Write(string path, ExperimentConfig config, int classes, Action<SegmentationModel>? change = null)
    {
        using Device device = Device.Open("cpu", 1);
        using SegmentationModel model = ModelZoo.Create("tiny-cnn-student", classes, device, seed: 1);
        change?.Invoke(model);
        CheckpointInfo info = new()
        {
            Model = model.Name,
            Role = "student",
            Classes = classes,
            Step = 1,
            DataPosition = 0,
            BestMetric = 0,
            Config = ConfigurationWriter.Write(config),
        };
        Checkpoint.Save(path, info, Checkpoint.Entries(Checkpoint.ModelPrefix, model));
        return path;
    }
}
