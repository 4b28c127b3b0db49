using HeteroAKD.Kernels.Losses;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Distillation.Terms;

/// <summary>
/// L_hakd (Eq. 2-10): both networks' features are projected into one logits space, mixed by their reliability (KMM) and weighed by what the student lacks
/// (KEM). The result has λ2 and the supervision of the projectors in it; λ2 = 0 leaves the supervision.
/// </summary>
public sealed class HeteroAkdTerm : DistillationTerm
{
    private readonly HeteroAkdTermOptions _options;
    private readonly HeteroAkdAttributes _attributes;
    private readonly int _classes;
    private readonly Tensor? _classWeights; // [C]
    private readonly StageProjectors? _projectors;

    /// <summary>Builds the projectors, where the options ask for them.</summary>
    public HeteroAkdTerm(HeteroAkdTermOptions options, TermSetup setup)
        : base(setup)
    {
        _options = options;
        _classes = setup.Student.Classes;
        _attributes = options.Attributes(setup.Weight, setup.IgnoreIndex);
        _classWeights = options.ClassWeights ? setup.ClassWeights : null;
        _projectors = options.Source == KnowledgeSource.Logits ? null : new StageProjectors(setup, options);
    }

    /// <inheritdoc/>
    public override TermReads Reads => TermReads.Labels | (_options.Source, _options.Features) switch
    {
        (KnowledgeSource.Logits, _) => TermReads.Logits,
        (_, ProjectedFeatures.Classifier) => TermReads.ClassifierInput,
        _ => TermReads.EncoderStages,
    };

    /// <summary>Those of the deepest map, where several are projected.</summary>
    /// <inheritdoc/>
    public override IReadOnlyList<string> ValueNames => HeteroAkd.ResultNames;

    /// <inheritdoc/>
    public override IReadOnlyList<string> CurveNames => _projectors is null ? ["hakd"] : ["hakd", "projector_teacher", "projector_student"];

    /// <inheritdoc/>
    public override Module? Auxiliary => _projectors;

    /// <summary>1, since the loss itself multiplies L_hakd by λ2 and the supervision by its own weight. 0 if λ2 is 0 and there is no supervision.</summary>
    public override float Factor => _attributes.Lambda2 == 0 && _attributes.Supervision == ProjectorSupervision.None ? 0 : 1;

    /// <summary>The projectors of the deepest map; null where the networks' own logits are used.</summary>
    public ProjectorPair? Projectors => _projectors?.Pairs[^1];

    /// <inheritdoc/>
    public override Tensor Loss(in TermInputs inputs, List<LossTerm> values)
    {
        int maps = _projectors?.Pairs.Count ?? 1;
        Tensor? total = null;
        for (int map = 0; map < maps; map++)
        {
            (Tensor student, Tensor teacher) = Logits(inputs.Student, inputs.Teacher, map, inputs.Pass);
            OpNode<HeteroAkdAttributes> loss = HeteroAkd.Row.Run(_attributes, student, teacher, inputs.Labels, _classWeights);
            total = total is null ? loss.Output : Functional.Add(total, loss.Output);
            if (map == maps - 1)
            {
                for (int i = 0; i < ValueNames.Count; i++)
                {
                    values.Add(new LossTerm(ValueNames[i], loss.Extra(1)!, HeteroAkd.FirstResult + i));
                }
            }
        }

        return maps == 1 ? total! : Functional.Div(total!, maps);
    }

    /// <summary>Fit and training of the teacher's projectors before the student's first step; null where neither is asked for.</summary>
    /// <param name="teacher">The frozen teacher's output for images.</param>
    internal WarmUp? WarmUp(Func<Tensor, SegmentationOutput> teacher)
    {
        bool fits = _options.ProjectorInit == ProjectorInitialization.Discriminant;
        if (_projectors is null || (_options.ProjectorWarmup == 0 && !fits))
        {
            return null;
        }

        TeacherFit? fit = fits ? new TeacherFit(this, teacher) : null;
        return new WarmUp(_options.ProjectorWarmup, _projectors.TeacherSide, Loss, fit);

        Tensor Loss(Tensor images, Tensor labels, Pass pass)
        {
            SegmentationOutput output = teacher(images);
            HeteroAkdAttributes supervision = _attributes with
            {
                Lambda2 = 0,
                SupervisionWeight = 1,
                Supervision = _options.Supervision == ProjectorSupervision.None ? ProjectorSupervision.Bce : _options.Supervision,
            };
            Tensor? total = null;
            for (int map = 0; map < _projectors.Pairs.Count; map++)
            {
                Tensor logits = _projectors.Pairs[map].Teacher.Forward(Map(output, map), pass);

                // The supervision of both sides is one operation; the student's side gets a map that wants no gradient.
                Tensor zeros = Tensor.Zeros(logits.Device, logits.Shape);
                Tensor loss = HeteroAkd.Row.Apply(supervision, zeros, logits, labels);
                total = total is null ? loss : Functional.Add(total, loss);
            }

            // The other side's loss is a number: log(1 + e^0) with bce, that of C equal logits with ce.
            double other = supervision.Supervision == ProjectorSupervision.Ce ? Math.Log(_classes) : Math.Log(2);
            return Functional.ScaleShift(total!, 1f / _projectors.Pairs.Count, (float)-other);
        }
    }

    /// <summary>S, W and ΔH of a batch on the label grid, whatever grid is trained on, for the deepest map.</summary>
    /// <param name="student">The student's output in evaluation mode.</param>
    /// <param name="teacher">The teacher's.</param>
    /// <param name="labels">[N, H, W] int32.</param>
    public KnowledgeMaps Maps(in SegmentationOutput student, in SegmentationOutput teacher, Tensor labels)
    {
        (Tensor studentLogits, Tensor teacherLogits) = Logits(student, teacher, (_projectors?.Pairs.Count ?? 1) - 1, Pass.Evaluation);
        return HeteroAkd.Maps(studentLogits, teacherLogits, labels, _attributes with { Grid = WorkingGrid.Label });
    }

    // Which logits meet: the networks' own or those of a pair of projectors.
    private (Tensor Student, Tensor Teacher) Logits(in SegmentationOutput student, in SegmentationOutput teacher, int map, in Pass pass)
    {
        if (_projectors is null)
        {
            return (student.Logits, teacher.Logits);
        }

        ProjectorPair pair = _projectors.Pairs[map];
        Tensor teacherLogits = pair.Teacher.Forward(Map(teacher, map), pass);
        return (pair.Student.Forward(Map(student, map), pass), teacherLogits);
    }

    private Tensor Map(in SegmentationOutput output, int map) =>
        _options.Features == ProjectedFeatures.Classifier ? output.HeadFeature : output.Features[^(_projectors!.Pairs.Count - map)];

    private sealed class TeacherFit(HeteroAkdTerm term, Func<Tensor, SegmentationOutput> teacher) : IClosedFormFit
    {
        private readonly ProjectorFit[] _fits = [.. term._projectors!.Pairs.Select(pair => new ProjectorFit(pair.Teacher, term._classes))];

        // More lower the loss no further (lab/010).
        public int Batches => 10;

        public void Add(Tensor images, Batch batch)
        {
            SegmentationOutput output = teacher(images);
            for (int map = 0; map < _fits.Length; map++)
            {
                _fits[map].Add(term.Map(output, map), batch.Labels.AsSpan(0, batch.Count * batch.Height * batch.Width), batch.Height, batch.Width);
            }
        }

        public void Finish() => Array.ForEach(_fits, fit => fit.Finish());
    }
}

/// <summary>The projectors of one or several maps, coarse maps last; stages are paired from the deepest.</summary>
internal sealed class StageProjectors : Module
{
    public StageProjectors(TermSetup setup, HeteroAkdTermOptions options)
        : base(setup.Site)
    {
        (SegmentationModel teacher, SegmentationModel student) = (setup.Teacher, setup.Student);
        ProjectorPair Pair(in Site site, int teacherChannels, int studentChannels) =>
            Add(new ProjectorPair(site, teacherChannels, studentChannels, student.Classes, options.ProjectorRelu));
        ProjectorPair Stage(in Site site, int fromEnd) => Pair(site, teacher.FeatureChannels[^fromEnd], student.FeatureChannels[^fromEnd]);
        int stages = Math.Min(teacher.FeatureChannels.Count, student.FeatureChannels.Count);
        Pairs = options.Features switch
        {
            ProjectedFeatures.Classifier => [Pair(setup.Site, teacher.HeadChannels, student.HeadChannels)],
            ProjectedFeatures.All => [.. Enumerable.Range(0, stages).Select(stage => Stage(setup.Site.At("stages", stage), stages - stage))],
            _ => [Stage(setup.Site, 1)],
        };
        TeacherSide = new TeacherProjectors(setup.Site, Pairs);
    }

    public IReadOnlyList<ProjectorPair> Pairs { get; }

    /// <summary>The teacher's projectors alone.</summary>
    public Module TeacherSide { get; }

    private sealed class TeacherProjectors : Module
    {
        public TeacherProjectors(in Site site, IEnumerable<ProjectorPair> pairs)
            : base(site)
        {
            foreach (ProjectorPair pair in pairs)
            {
                Add(pair.Teacher);
            }
        }
    }
}
