using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Checkpoints;
using HeteroAKD.Training.Loop;
using HeteroAKD.Weights.Import;

namespace HeteroAKD.Experiments.Runs;

/// <summary>A resumed run must be the run that was begun: everything but where it runs, and how long it goes on, has to agree.</summary>
internal static class SavedConfiguration
{
    /// <summary>
    /// Compares the folder's configuration with the given one. They may differ in folder, device, threads, how data is loaded, whether steps are replayed, what
    /// is reported and the way paths are written; and the run may get more steps. If the folder's configuration is missing or damaged, that of a checkpoint is
    /// used; if there is no checkpoint either, the run starts from the beginning.
    /// </summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="config">What is asked for.</param>
    /// <param name="say">Hears what is unusual.</param>
    /// <returns>The configuration that the folder should hold from now on.</returns>
    /// <exception cref="HeteroAkdException">They differ in anything else.</exception>
    public static ExperimentConfig Continue(RunFolder folder, ExperimentConfig config, Action<string> say)
    {
        if ((InFolder(folder) ?? InCheckpoint(folder, config)) is not { } saved)
        {
            say($"the run in {folder.Path} was stopped before its first checkpoint; it begins anew");
            return config;
        }

        if (!saved.IsWhole)
        {
            say($"{RunFiles.Config} was gone or broken; it is written again, from the checkpoints");
        }

        ExperimentConfig longer = WithMoreSteps(saved.Config, config, say);
        string[] before = Lines(longer);
        string[] asked = Lines(config);
        for (int i = 0; i < before.Length; i++)
        {
            if (before[i] != asked[i])
            {
                throw new HeteroAkdException(
                    $"--resume: the run in {folder.Path} has '{before[i].Trim()}', this command has '{asked[i].Trim()}'. Give the options it was begun "
                        + "with, or begin a new run with another --out.");
            }
        }

        return saved.IsWhole ? longer : config;
    }

    /// <summary>
    /// The experiment without folder, device, threads, how data is loaded, whether steps are replayed and what is reported: what a run may change when it is
    /// resumed.
    /// </summary>
    public static ExperimentConfig WithoutPlace(ExperimentConfig config)
    {
        ExperimentConfig standard = new();
        return config with
        {
            Out = standard.Out,
            Device = standard.Device,
            Threads = standard.Threads,
            Data = config.Data with
            {
                Cache = standard.Data.Cache,
                CacheFolder = standard.Data.CacheFolder,
                Workers = standard.Data.Workers,
                MaxPixels = standard.Data.MaxPixels,
            },
            Training = config.Training with { Replay = standard.Training.Replay },
            Report = standard.Report,
        };
    }

    private static (ExperimentConfig Config, bool IsWhole)? InFolder(RunFolder folder)
    {
        string path = folder.File(RunFiles.Config);
        if (!File.Exists(path) || new FileInfo(path).Length == 0 || (!RunFiles.IsWrittenByARun(path) && Checkpoints(folder).Any()))
        {
            return null;
        }

        try
        {
            return (ConfigurationReader.ReadFile(path), true);
        }
        catch (ConfigurationException) when (Checkpoints(folder).Any())
        {
            return null; // cut short, or edited; the checkpoints know better
        }
    }

    private static (ExperimentConfig Config, bool IsWhole)? InCheckpoint(RunFolder folder, ExperimentConfig config)
    {
        if (Checkpoints(folder).FirstOrDefault() is not { } path)
        {
            return null;
        }

        CheckpointInfo info = Checkpoint.Load(path).Info;
        ExperimentConfig saved = ConfigurationReader.ReadText(info.Config, path);

        // A teacher's own checkpoint speaks of its own normalisation.
        return (info.Role != NetworkRoles.Teacher ? saved : saved with
        {
            Augmentation = saved.Augmentation with { Mean = config.Augmentation.Mean, Std = config.Augmentation.Std },
            Teacher = saved.Teacher with { Mean = config.Teacher.Mean, Std = config.Teacher.Std },
        }, false);
    }

    // A student's first: it has the whole configuration.
    private static IEnumerable<string> Checkpoints(RunFolder folder) =>
        NetworkRoles.All.Reverse().Select(role => folder.File(NetworkTrainer.LastFile(role))).Where(File.Exists);

    private static ExperimentConfig WithMoreSteps(ExperimentConfig saved, ExperimentConfig asked, Action<string> say)
    {
        int More(string key, int before, int now)
        {
            if (before == 0 || now <= before)
            {
                return before;
            }

            say(
                $"{key} is {now} now and was {before}: the run goes on with the learning rates of a schedule of {now} steps, which is not what an unbroken "
                    + $"run of {now} steps would have had before");
            return now;
        }

        if (saved.Teacher.Steps == 0 && asked.Training.Steps > saved.Training.Steps)
        {
            say(
                "teacher.steps is 0, so it follows training.steps: a teacher that this run trains goes on, too, and a student that learns from it meets a "
                    + "better one half-way");
        }

        return saved with
        {
            Training = saved.Training with { Steps = More("training.steps", saved.Training.Steps, asked.Training.Steps) },
            Teacher = saved.Teacher with { Steps = More("teacher.steps", saved.Teacher.Steps, asked.Teacher.Steps) },
        };
    }

    private static string[] Lines(ExperimentConfig config) => ConfigurationWriter.Write(WithRealPaths(WithoutPlace(config))).Split('\n');

    /// <summary>The same files and folders have the same names, however they are written.</summary>
    private static ExperimentConfig WithRealPaths(ExperimentConfig config) => config with
    {
        Data = config.Data with
        {
            Root = RootOf(config.Data.Root),
            Train = Below(config.Data.Train),
            Val = Below(config.Data.Val),
            Test = Below(config.Data.Test),
            Classes = Below(config.Data.Classes),
            Unlabelled = config.Data.Unlabelled == DataConfig.UnlabelledScenes ? config.Data.Unlabelled : Below(config.Data.Unlabelled),
        },
        Teacher = config.Teacher with
        {
            Checkpoint = Real(config.Teacher.Checkpoint),
            Pretrained = Weights(config.Teacher.Pretrained),
            Onnx = Real(config.Teacher.Onnx),
            Logits = Real(config.Teacher.Logits),
        },
        Student = config.Student with { Checkpoint = Real(config.Student.Checkpoint), Pretrained = Weights(config.Student.Pretrained) },
    };

    private static string Weights(string nameOrPath) => KnownGraph.IsName(nameOrPath) ? nameOrPath : Real(nameOrPath);

    private static string Real(string path) => path.Length == 0 ? path : RealPath.Of(path);

    // Of a name below the data set's root, without the ways to write it: ./a//b.txt is a/b.txt.
    private static string Below(string path) =>
        path.Length == 0 || Path.IsPathRooted(path) ? Real(path)
            : Path.TrimEndingDirectorySeparator(Path.GetRelativePath("/root", Path.GetFullPath(Path.Combine("/root", path))));

    private static string RootOf(string root)
    {
        try
        {
            return root.Length == 0 ? root : RealPath.Of(DataRoot.Resolve(root));
        }
        catch (DirectoryNotFoundException)
        {
            return Real(root);
        }
    }
}
