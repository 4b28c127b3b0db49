using HeteroAKD.Distillation.Terms;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Checkpoints;

namespace HeteroAKD.Experiments.Commands;

/// <summary>The projectors of L_hakd that a distillation's checkpoint holds beside the student.</summary>
internal sealed class ComparedProjectors : IDisposable
{
    private const string Prefix = "projectors.";
    private const string Path = "heteroakd";

    private readonly ProjectorPair _pair;
    private readonly ProjectedFeatures _features;

    private ComparedProjectors(ProjectorPair pair, ProjectedFeatures features)
    {
        _pair = pair;
        _features = features;
    }

    /// <summary>The projectors, or null where the checkpoint has none for these two networks.</summary>
    /// <param name="checkpoint">The student's.</param>
    /// <param name="config">The configuration in it.</param>
    /// <param name="teacher">The network that the teacher's projector should fit.</param>
    /// <param name="student">The student.</param>
    /// <param name="say">Hears why projectors are left out.</param>
    public static ComparedProjectors? Find(
        Checkpoint checkpoint, ExperimentConfig config, SegmentationModel teacher, SegmentationModel student, Action<string> say)
    {
        const string TeacherWeight = $"{Prefix}{Path}.teacher.conv.weight";
        if (!checkpoint.Names.Contains(TeacherWeight))
        {
            return null;
        }

        if (teacher.Name != config.Teacher.Model)
        {
            say($"the projectors were trained for {config.Teacher.Model}, not for {teacher.Name}: projected maps are left out");
            return null;
        }

        HeteroAkdTermOptions options = config.Distillation.Terms.Of<HeteroAkdTermOptions>();
        bool classifier = options.Features == ProjectedFeatures.Classifier;
        int channels = classifier ? teacher.HeadChannels : teacher.FeatureChannels[^1];
        int trained = checkpoint[TeacherWeight].Sizes[1];
        if (trained != channels)
        {
            say($"the projectors are of a teacher with {trained} channels, {teacher.Name} has {channels}: projected maps are left out");
            return null;
        }

        ProjectorPair pair = new(
            new Site(student.Device, Generator: null, Path), channels, classifier ? student.HeadChannels
                : student.FeatureChannels[^1], student.Classes, options.ProjectorRelu);
        foreach (StateEntry entry in pair.State())
        {
            checkpoint.Copy(Prefix + entry.Name, entry.Tensor);
        }

        return new ComparedProjectors(pair, options.Features);
    }

    /// <summary>The teacher's map in logits space, [N, C, h, w].</summary>
    public Tensor OfTeacher(SegmentationOutput output) => _pair.Teacher.Forward(Map(output), Pass.Evaluation);

    /// <summary>The student's.</summary>
    public Tensor OfStudent(SegmentationOutput output) => _pair.Student.Forward(Map(output), Pass.Evaluation);

    /// <inheritdoc/>
    public void Dispose() => _pair.Dispose();

    private Tensor Map(SegmentationOutput output) => _features == ProjectedFeatures.Classifier ? output.HeadFeature : output.Features[^1];
}
