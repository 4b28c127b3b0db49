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

    private static string[] Lines(ExperimentConfig config) =>
        ConfigurationWriter.Write(config with
        {
            Out = "",
            Device = "cpu",
            Threads = 0,
            Data = config.Data with { Cache = CacheKind.Ram, CacheFolder = "", Workers = 1 },
            Training = config.Training with { Replay = true },
        }).Split('\n');
}
