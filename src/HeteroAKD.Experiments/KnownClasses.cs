using HeteroAKD.Data;
using HeteroAKD.Experiments.Configuration;

namespace HeteroAKD.Experiments;

/// <summary>
/// The classes of a configuration's data where the data itself is not at hand: a trained network is used on other machines than it was trained on.
/// </summary>
internal static class KnownClasses
{
    /// <summary>Names and colours: those of the published set, those of the class file if it can be read here, else null.</summary>
    public static ClassSet? Find(DataConfig data)
    {
        if (data.Kind == DataKind.Scenes)
        {
            return new SceneDataset(SceneSplit.Train, 1, new SceneOptions()).Classes;
        }

        if (data.Kind != DataKind.List && ExperimentData.LayoutOf(data.Kind).PublishedClasses is { } published)
        {
            return published;
        }

        try
        {
            return ClassSet.ReadFile(Path.Combine(DataRoot.Resolve(data.Root), data.Classes));
        }
        catch (Exception e) when (e is DatasetException or IOException)
        {
            return null;
        }
    }
}
