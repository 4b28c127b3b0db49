using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Tensors;

namespace HeteroAKD.Experiments.Runs;

/// <summary>A resumed run must be the run that was begun: everything but where it runs has to agree.</summary>
internal static class SavedConfiguration
{
    /// <summary>Throws if the folder's configuration differs from the given one in more than folder, device, threads, how data is loaded and whether steps are replayed.</summary>
    public static void RequireSame(RunFolder folder, ExperimentConfig config)
    {
        string path = folder.File("config.yaml");
        string[] saved = Lines(ConfigurationReader.ReadFile(path));
        string[] asked = Lines(config);
        for (int i = 0; i < saved.Length; i++)
        {
            if (saved[i] != asked[i])
            {
                throw new HeteroAkdException(
                    $"--resume: the run in {folder.Path} has '{saved[i].Trim()}', this command has '{asked[i].Trim()}'. Give the options it was begun with, or begin a new run with another --out.");
            }
        }
    }

    /// <summary>The experiment without folder, device, threads, how data is loaded and whether steps are replayed: what a run may change when it is resumed.</summary>
    public static ExperimentConfig WithoutPlace(ExperimentConfig config)
    {
        ExperimentConfig standard = new();
        return config with
        {
            Out = standard.Out,
            Device = standard.Device,
            Threads = standard.Threads,
            Data = config.Data with { Cache = standard.Data.Cache, CacheFolder = standard.Data.CacheFolder, Workers = standard.Data.Workers, MaxPixels = standard.Data.MaxPixels },
            Training = config.Training with { Replay = standard.Training.Replay },
        };
    }

    private static string[] Lines(ExperimentConfig config) => ConfigurationWriter.Write(WithoutPlace(config)).Split('\n');
}
