using HeteroAKD.Nn;
using HeteroAKD.Nn.Initialization;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Distillation;

/// <summary>Options of a distillation.</summary>
/// <param name="Lambda1">Weight of plain distillation (paper Eq. 1 in Eq. 11).</param>
/// <param name="KdTau">Its temperature.</param>
/// <param name="HeteroAkd">Options of L_hakd and of the projectors' supervision; null for plain distillation alone.</param>
/// <param name="ProjectorRelu">Whether the projectors end in a ReLU.</param>
public sealed record DistillationOptions(double Lambda1, double KdTau, HeteroAkdAttributes? HeteroAkd, bool ProjectorRelu);

/// <summary>Both projectors: what training has beside the student.</summary>
public sealed class ProjectorPair : Module
{
    /// <summary>Builds them.</summary>
    public ProjectorPair(in Site site, int teacherChannels, int studentChannels, int classes, bool relu)
        : base(site)
    {
        Teacher = Add(new Projector(site.At("teacher"), teacherChannels, classes, relu));
        Student = Add(new Projector(site.At("student"), studentChannels, classes, relu));
    }

    /// <summary>From the teacher's features.</summary>
    public Projector Teacher { get; }

    /// <summary>From the student's features.</summary>
    public Projector Student { get; }
}

/// <summary>
/// Eq. 11: L = L_task + λ1·L_kd + λ2·L_hakd (+ supervision of the projectors). The teacher is frozen: evaluation mode, no tape, no gradient memory.
/// </summary>
public sealed class DistillationObjective : IObjective
{
    private readonly SegmentationModel _teacher;
    private readonly TaskLoss _task;
    private readonly DistillationOptions _options;
    private readonly ProjectorPair? _projectors;
    private readonly List<LossTerm> _terms = [];

    /// <summary>Freezes the teacher and builds the projectors for a student.</summary>
    /// <param name="teacher">Trained network; stays the caller's.</param>
    /// <param name="student">The network to be trained, for its channels.</param>
    /// <param name="task">L_task; taken over.</param>
    /// <param name="options">Weights and readings of the equations.</param>
    /// <param name="seed">Seed of the projectors' initial values.</param>
    public DistillationObjective(SegmentationModel teacher, SegmentationModel student, TaskLoss task, DistillationOptions options, int seed)
    {
        if (teacher.Classes != student.Classes)
        {
            throw new ShapeMismatchException("distillation", "teacher", $"{teacher.Name} has {teacher.Classes} classes, the student {student.Name} has {student.Classes}; they must agree");
        }

        _teacher = teacher;
        _task = task;
        _options = options;
        teacher.RequireGrad(false);
        List<string> names = [.. task.TermNames, "kd"];
        if (options.HeteroAkd is not null)
        {
            _projectors = new ProjectorPair(
                new Site(student.Device, new Generator(seed)), teacher.FeatureChannels[^1], student.FeatureChannels[^1], student.Classes, options.ProjectorRelu);
            names.AddRange(HeteroAkd.ResultNames);
        }

        TermNames = names;
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> TermNames { get; }

    /// <inheritdoc/>
    public Module? Auxiliary => _projectors;

    /// <summary>The projectors, for pictures of what they know; null without L_hakd.</summary>
    public ProjectorPair? Projectors => _projectors;

    /// <inheritdoc/>
    public ObjectiveResult Loss(SegmentationModel student, Tensor images, Tensor labels, in Pass pass)
    {
        SegmentationOutput teacher;
        using (new NoGrad())
        {
            teacher = _teacher.Forward(images, Pass.Evaluation);
        }

        SegmentationOutput output = student.Forward(images, pass);
        _terms.Clear();
        Tensor total = _task.Of(output, labels, _terms);

        var kd = Losses.Kd.Run(new KdAttributes((float)_options.KdTau), output.Logits, teacher.Logits);
        _terms.Add(new LossTerm("kd", kd.Extra(1)!, 0));
        if (_options.Lambda1 != 0)
        {
            total = Functional.WeightedSum(total, kd.Output, 1, (float)_options.Lambda1);
        }

        return new ObjectiveResult(_projectors is null ? total : AddHeteroAkd(total, teacher, output, labels, pass), _terms);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _projectors?.Dispose();
        _task.Dispose();
    }

    private Tensor AddHeteroAkd(Tensor total, in SegmentationOutput teacher, in SegmentationOutput student, Tensor labels, in Pass pass)
    {
        Tensor teacherLogits = _projectors!.Teacher.Forward(teacher.Features[^1], pass);
        Tensor studentLogits = _projectors.Student.Forward(student.Features[^1], pass);
        var loss = HeteroAkd.Row.Run(_options.HeteroAkd!.Value, studentLogits, teacherLogits, labels);
        Tensor result = loss.Extra(1)!;
        for (int i = 0; i < HeteroAkd.ResultNames.Count; i++)
        {
            _terms.Add(new LossTerm(HeteroAkd.ResultNames[i], result, HeteroAkd.FirstResult + i));
        }

        return Functional.Add(total, loss.Output);
    }
}
