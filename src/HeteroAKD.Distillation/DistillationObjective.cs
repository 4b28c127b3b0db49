using HeteroAKD.Distillation.Terms;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Initialization;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Distillation;

/// <summary>Options of a distillation.</summary>
/// <param name="Terms">What is added to the task loss; <see cref="Recipes.Resolve"/> makes it of a method's name.</param>
/// <param name="IgnoreIndex">Label that counts nowhere.</param>
public sealed record DistillationOptions(IReadOnlyList<WeightedTerm> Terms, int IgnoreIndex)
{
    /// <summary>What the terms are multiplied by in the last step; 1 keeps their weights. It falls by half a cosine.</summary>
    public double Decay { get; init; } = 1;

    /// <summary>The last part of the training, over which the terms' weights fall.</summary>
    public double DecayFraction { get; init; } = 0.25;

    /// <summary>
    /// From this probability on the teacher's class is the label of a pixel that carries <see cref="Batch.Unlabelled"/>, for the terms alone: the task loss
    /// never sees it. 0 leaves such pixels without a label.
    /// </summary>
    public double UnlabelledThreshold { get; init; }

    /// <summary>How the teacher's images follow from the student's; null where both are normalised alike.</summary>
    public InputAdapter? TeacherInput { get; init; }

    /// <summary>Keeps the teacher's outputs of the batches; null asks the teacher in every step.</summary>
    public ITeacherOutputs? TeacherOutputs { get; init; }
}

/// <summary>
/// L = L_task + Σ weight · term (Eq. 11 for the recipe <c>heteroakd</c>). The teacher is a <see cref="FrozenNetwork"/>: evaluation mode, no tape, no gradient
/// memory.
/// </summary>
public sealed class DistillationObjective : IObjective
{
    private readonly FrozenNetwork _teacher;
    private readonly TaskLoss _task;
    private readonly List<DistillationTerm> _terms = [];
    private readonly AuxiliaryModules? _auxiliary;
    private readonly TermStrength? _strength;
    private readonly InputAdapter? _teacherInput;
    private readonly ITeacherOutputs? _kept;
    private readonly float _unlabelledThreshold;
    private readonly TermReads _reads;
    private readonly List<LossTerm> _values = [];
    private Tensor? _knownImages;        // those that _known belongs to
    private SegmentationOutput _known;

    /// <summary>Freezes the teacher and builds the terms for a student.</summary>
    /// <param name="teacher">Trained network, which does not change from now on; stays the caller's.</param>
    /// <param name="student">The network to be trained, for its channels.</param>
    /// <param name="task">L_task; taken over.</param>
    /// <param name="options">Terms and weights; what keeps the teacher's outputs is taken over.</param>
    /// <param name="seed">Seed of the initial values of the terms' own modules.</param>
    /// <exception cref="ShapeMismatchException">The networks have different classes.</exception>
    /// <exception cref="HeteroAkdException">A term reads maps that the teacher does not give.</exception>
    public DistillationObjective(SegmentationModel teacher, SegmentationModel student, TaskLoss task, DistillationOptions options, int seed)
    {
        if (teacher.Classes != student.Classes)
        {
            throw new ShapeMismatchException(
                "distillation", "teacher", $"{teacher.Name} has {teacher.Classes} classes, the student {student.Name} has {student.Classes}; they must agree");
        }

        _teacher = teacher.Freeze();
        _task = task;
        _teacherInput = options.TeacherInput;
        _kept = options.TeacherOutputs;
        _unlabelledThreshold = (float)options.UnlabelledThreshold;
        teacher.RequireGrad(false);
        Site site = new(student.Device, new Generator(seed));
        foreach (WeightedTerm term in options.Terms)
        {
            TermSetup setup = new(teacher, student, (float)term.Weight, site.At(term.Name), options.IgnoreIndex, task.ClassWeights);
            _terms.Add(TermTable.Find(term.Name).Create(term.Options, setup));
        }

        _reads = _terms.Aggregate(default(TermReads), (all, term) => all | term.Reads);
        RequireMaps(teacher, options.Terms);
        TermNames = [.. task.TermNames, .. _terms.SelectMany(t => t.ValueNames)];
        if (TermNames.GroupBy(n => n).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw new HeteroAkdException($"distillation: two terms report a value named '{twice.Key}'; each name may stand once");
        }

        Module[] modules = [.. _terms.Select(t => t.Auxiliary).OfType<Module>()];
        _auxiliary = modules.Length == 0 ? null : new AuxiliaryModules(site, modules);
        _strength = options.Decay == 1 ? null : new TermStrength(student.Device, options.Decay, options.DecayFraction);
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> TermNames { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> CurveNames => [.. _terms.SelectMany(t => t.CurveNames)];

    /// <inheritdoc/>
    public Module? Auxiliary => _auxiliary;

    /// <inheritdoc/>
    public IReadOnlyList<Opponent> Opponents => [.. _terms.Select(t => t.Opponent).OfType<Opponent>()];

    /// <summary>The terms, in the order in which they are added.</summary>
    public IReadOnlyList<DistillationTerm> Terms => _terms;

    /// <summary>
    /// L_hakd, for pictures of what it mixes and weighs; null where it takes no part, or where the teacher cannot be asked about other images than a batch's.
    /// </summary>
    public HeteroAkdTerm? HeteroAkd => _kept?.GivesOnly is not null ? null : _terms.OfType<HeteroAkdTerm>().FirstOrDefault();

    /// <inheritdoc/>
    public WarmUp? WarmUp => HeteroAkd?.WarmUp(TeacherOutput);

    /// <inheritdoc/>
    public void BeginStep(int step, int steps) => _strength?.Set(step, steps);

    /// <inheritdoc/>
    public void BeginBatch(Batch batch, Tensor images)
    {
        if (_kept is not null)
        {
            // Where a threshold makes the teacher's classes labels, its logits are read whatever the terms say.
            _known = _kept.Of(batch, images, _unlabelledThreshold > 0 ? _reads | TermReads.Logits : _reads, TeacherOutput);
            _knownImages = images;
        }
    }

    /// <summary>The frozen teacher's output for images that are normalised for the student.</summary>
    /// <param name="images">[N, 3, H, W].</param>
    public SegmentationOutput TeacherOutput(Tensor images)
    {
        using NoGrad none = new();
        return _teacher.Forward(_teacherInput?.Apply(images) ?? images);
    }

    /// <inheritdoc/>
    public ObjectiveResult Loss(SegmentationModel student, Tensor images, Tensor labels, in Pass pass)
    {
        SegmentationOutput teacher = ReferenceEquals(images, _knownImages) ? _known : TeacherOutput(images);
        SegmentationOutput output = student.Forward(images, pass);
        _values.Clear();
        Tensor total = _task.Of(output, labels, _values);
        TermInputs inputs = new(teacher, output, LabelsOfTerms(teacher, labels), pass);
        foreach (DistillationTerm term in _terms)
        {
            Tensor loss = term.Loss(inputs, _values);
            if (term.Factor != 0)
            {
                total = Functional.WeightedSum(total, _strength?.Scale(loss) ?? loss, 1, term.Factor);
            }
        }

        return new ObjectiveResult(total, _values);
    }

    // What is kept must have every map that a term reads, and cannot be asked about the images of a warm-up.
    private void RequireMaps(SegmentationModel teacher, IReadOnlyList<WeightedTerm> terms)
    {
        if (_kept?.GivesOnly is not { } given)
        {
            return;
        }

        TermReads maps = (TermReads.ClassifierInput | TermReads.EncoderStages) & ~given;
        string[] others = [.. terms.Zip(_terms).Where(t => (t.Second.Reads & maps) != 0).Select(t => t.First.Name)];
        if (others.Length > 0)
        {
            Dispose();
            throw new HeteroAkdException(
                $"distillation: {string.Join(", ", others)} read{(others.Length == 1 ? "s" : "")} feature maps that {teacher.Name} does not give; "
                + "where it is a graph, name its maps (teacher.onnxFeatures, teacher.onnxClassifierInput); or take terms of logits (kd, cwdLogits, dist, "
                + "ofa, csd), "
                + "or for heteroakd distillation.terms.heteroakd.source=logits");
        }

        if (_terms.OfType<HeteroAkdTerm>().Any(term => term.WarmUp(TeacherOutput) is not null))
        {
            Dispose();
            throw new HeteroAkdException(
                $"distillation: projectorWarmup and projectorInit discriminant ask the teacher before the first step, and {teacher.Name} answers for the "
                    + "batches of steps alone; leave them out");
        }
    }

    private Tensor LabelsOfTerms(in SegmentationOutput teacher, Tensor labels) =>
        _unlabelledThreshold > 0 && _reads.HasFlag(TermReads.Labels)
            ? Functional.PseudoLabels(teacher.Logits, labels, _unlabelledThreshold, Batch.Unlabelled)
            : labels;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (DistillationTerm term in _terms)
        {
            term.Dispose();
        }

        _strength?.Dispose();
        _teacher.Dispose();
        _teacherInput?.Dispose();
        _kept?.Dispose();
        _task.Dispose();
    }

    /// <summary>The modules of all terms, each under its term's name.</summary>
    private sealed class AuxiliaryModules : Module
    {
        public AuxiliaryModules(in Site site, IEnumerable<Module> modules)
            : base(site)
        {
            foreach (Module module in modules)
            {
                Add(module);
            }
        }
    }
}
