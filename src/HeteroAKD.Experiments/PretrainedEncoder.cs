using HeteroAKD.Distillation;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.GivenTeachers;
using HeteroAKD.Nn.Models;
using HeteroAKD.Training.Checkpoints;
using HeteroAKD.Training.Loop;
using HeteroAKD.Weights.Import;

namespace HeteroAKD.Experiments;

/// <summary>The weights that a network's encoder starts from (<c>teacher.pretrained</c>, <c>student.pretrained</c>).</summary>
/// <param name="config">The experiment.</param>
/// <param name="data">Hears what the user should know before the first step.</param>
/// <param name="say">Hears what was loaded.</param>
internal sealed class PretrainedEncoder(ExperimentConfig config, ExperimentData data, Action<string> say)
{
    /// <summary>The files behind an option: none for a named graph that is not on this machine, with those beside it for a graph.</summary>
    /// <param name="option">The option.</param>
    /// <param name="nameOrPath">Its value.</param>
    public static IEnumerable<(string Option, string Path)> FilesOf(string option, string nameOrPath)
    {
        string? path = KnownGraph.IsName(nameOrPath) ? KnownGraph.FindPath(nameOrPath) : nameOrPath;
        return string.IsNullOrEmpty(path) ? []
            : path.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase) ? GivenTeacher.FilesOfGraph(path).Select(file => (option, file))
            : [(option, path)];
    }

    /// <summary>Loads them.</summary>
    /// <param name="role">The network's role, for messages.</param>
    /// <param name="model">The network.</param>
    /// <param name="nameOrPath">The option's value; empty for none.</param>
    /// <param name="configured">How its images are normalised so far.</param>
    /// <returns>How its images are normalised from now on.</returns>
    /// <exception cref="WeightImportException">They do not fit.</exception>
    public Normalization Load(string role, SegmentationModel model, string nameOrPath, Normalization configured)
    {
        if (nameOrPath.Length == 0)
        {
            return configured;
        }

        WeightImport import = WeightImport.Of(Checkpoint.ReadWeights(KnownGraph.PathOf(nameOrPath)).File);
        ImportReport report = import.CopyTo(model, backboneOnly: true);
        if (!report.Complete)
        {
            throw new WeightImportException(
                nameOrPath, $"does not fit the encoder of {model.Name} ({import.Map.Description}):\n{string.Join('\n', report.Lines())}");
        }

        foreach (string note in import.Notes())
        {
            say($"{role}: {note}");
        }

        say($"{role}: {report.Loaded.Count} entries of the encoder of {model.Name} from {nameOrPath} ({import.Map.Name})");
        return import.Input is { } input ? Normalised(role, input, configured) : configured;
    }

    // A teacher's images are prepared as its weights expect them, unless the configuration says otherwise; the student's are those of the whole run.
    private Normalization Normalised(string role, InputNormalization input, Normalization configured)
    {
        bool teacher = role == NetworkRoles.Teacher;
        Normalization expected = new(input.Mean, input.Std);
        if (expected.Same(configured))
        {
            return configured;
        }

        if (teacher && config.Teacher.Mean.Count == 0)
        {
            say($"{role}: its images are normalised by mean {input.MeanText} and deviation {input.StdText}, as these weights expect");
            return expected;
        }

        string section = teacher ? "teacher" : "augmentation";
        data.Warn($"{role}: its weights expect other images than it gets; set {section}.mean={input.MeanText} and {section}.std={input.StdText}");
        return configured;
    }
}

/// <summary>How the images of a trained network are normalised, as its checkpoint says.</summary>
internal static class KeptNormalization
{
    /// <summary>Reads it. What a checkpoint was trained with stands in the configuration that it keeps; one made elsewhere may have none.</summary>
    /// <param name="path">The checkpoint.</param>
    /// <param name="info">What it says of itself.</param>
    /// <param name="own">The experiment's own normalisation.</param>
    /// <param name="say">Hears of a difference.</param>
    /// <exception cref="CheckpointException">Its configuration cannot be read.</exception>
    public static Normalization Of(string path, CheckpointInfo info, Normalization own, Action<string> say)
    {
        if (info.Config.Length == 0)
        {
            return own;
        }

        Normalization saved;
        try
        {
            AugmentationConfig augmentation = ConfigurationReader.ReadKept(info.Config, path).Augmentation;
            saved = new Normalization(augmentation.Mean, augmentation.Std);
        }
        catch (ConfigurationException e)
        {
            throw new CheckpointException(path, $"does not say how its images are normalised: {e.Message}", "Set teacher.mean and teacher.std", e);
        }

        if (!saved.Same(own))
        {
            say(
                $"{NetworkRoles.Teacher}: its images are normalised by mean [{string.Join(", ", saved.Mean)}] and deviation "
                    + $"[{string.Join(", ", saved.Std)}], as its checkpoint says");
        }

        return saved;
    }
}
