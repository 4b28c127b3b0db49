using HeteroAKD.Data;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Checkpoints;

namespace HeteroAKD.Experiments.Commands;

/// <summary>A checkpoint with the experiment that it keeps, for commands that need no configuration file.</summary>
internal static class KeptExperiment
{
    /// <summary>Reads both.</summary>
    /// <param name="path">The checkpoint.</param>
    /// <param name="overrides">Overrides of its configuration.</param>
    public static (Checkpoint Checkpoint, ExperimentConfig Config) Open(string path, IReadOnlyList<string> overrides)
    {
        Checkpoint checkpoint = Checkpoint.Load(path);
        return (checkpoint, ConfigurationReader.ReadKept(checkpoint.Info.Config, path, overrides));
    }

    /// <summary>A split of its data.</summary>
    /// <param name="data">The data.</param>
    /// <param name="split"><c>val</c> or <c>test</c>.</param>
    /// <param name="command">Who asks.</param>
    /// <param name="path">The checkpoint.</param>
    /// <exception cref="HeteroAkdException">There is no such split.</exception>
    public static ISegmentationDataset Split(ExperimentData data, string split, string command, string path) =>
        data.Splits().FirstOrDefault(s => s.Name == split).Data
        ?? throw new HeteroAkdException(
            $"{command}: the data of {path} has no split '{split}'; there are: {string.Join(", ", data.Splits().Select(s => s.Name))}");
}
