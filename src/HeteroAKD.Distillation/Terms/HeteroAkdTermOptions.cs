using HeteroAKD.Kernels.Losses;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Distillation.Terms;

/// <summary>A named set of HeteroAKD options.</summary>
public enum DistillationPreset
{
    /// <summary>The paper as far as it could be reconstructed.</summary>
    Paper,

    /// <summary>Projectors supervised with labels, constants detached, student grid.</summary>
    Practical,

    /// <summary>
    /// As <see cref="Practical"/>, with every stage of the encoder projected: what <c>plans/sensitivity.yaml</c> chose, together with λ1 = 0.5 and λ2 = 5.
    /// </summary>
    Tuned,

    /// <summary>No set: the options as they stand.</summary>
    Custom,
}

/// <summary>Which maps are projected.</summary>
public enum ProjectedFeatures
{
    /// <summary>The encoder's last stage, as the paper has it.</summary>
    Encoder,

    /// <summary>The classifier's input.</summary>
    Classifier,

    /// <summary>Every stage of the encoder, with a pair of projectors each; the loss is the mean over the stages.</summary>
    All,
}

/// <summary>First values of the teacher's projectors.</summary>
public enum ProjectorInitialization
{
    /// <summary>Random, as those of any layer.</summary>
    Random,

    /// <summary>In closed form: discriminant analysis of the labels of a few batches (<see cref="ProjectorFit"/>).</summary>
    Discriminant,
}

/// <summary>Which logits KMM and KEM work on.</summary>
public enum KnowledgeSource
{
    /// <summary>Projected features (Eq. 2-4).</summary>
    Projector,

    /// <summary>The networks' own logits; there are no projectors.</summary>
    Logits,
}

/// <summary>Options of L_hakd: readings of the paper's equations (docs/method.md 3) and switches that take it apart.</summary>
public sealed record HeteroAkdTermOptions : TermOptions, IPresetOptions
{
    /// <summary>paper, practical, tuned or custom; it comes first, a key written beside it wins over the set.</summary>
    public DistillationPreset Preset { get; init; } = DistillationPreset.Practical;

    /// <summary>class or spatial: what the softmax of Eq. 9 runs over.</summary>
    public WeightAxis WeightAxis { get; init; } = WeightAxis.Class;

    /// <summary>ce, kl or binary: the divergence of Eq. 10.</summary>
    public DistillationForm Form { get; init; } = DistillationForm.Ce;

    /// <summary>Temperature of q and p.</summary>
    [InRange("(0, 1000]")]
    public double Tau { get; init; } = 1;

    /// <summary>Scale by tau squared.</summary>
    public bool ScaleTau2 { get; init; }

    /// <summary>bce or softmaxCe: H of Eq. 5.</summary>
    public Reliability Reliability { get; init; } = Reliability.Bce;

    /// <summary>Treat the hybrid target and the weights as constants.</summary>
    public bool Detach { get; init; } = true;

    /// <summary>none, bce or ce: what teaches the projectors.</summary>
    public ProjectorSupervision Supervision { get; init; } = ProjectorSupervision.Bce;

    /// <summary>Weight of the projector supervision, teacher's and student's each.</summary>
    [InRange("[0, 1000000]")]
    public double SupervisionWeight { get; init; } = 1;

    /// <summary>pixel or element: what the loss is a mean over.</summary>
    public LossUnit Reduction { get; init; } = LossUnit.Pixel;

    /// <summary>student or label: the grid of the loss.</summary>
    public WorkingGrid Grid { get; init; } = WorkingGrid.Student;

    /// <summary>Whether the projectors end in a ReLU, as the paper has it.</summary>
    public bool ProjectorRelu { get; init; }

    /// <summary>KMM: the target mixes both networks' logits by their reliability; off: it is the teacher's own.</summary>
    public bool Mixing { get; init; } = true;

    /// <summary>KEM: classes weigh what the student has to learn of them; off: all weigh alike.</summary>
    public bool Weighting { get; init; } = true;

    /// <summary>one or classes: what W of Eq. 9 sums to over the classes.</summary>
    public WeightScale WeightScale { get; init; } = WeightScale.One;

    /// <summary>Whether a pixel weighs the class weight of its label, as in the task loss.</summary>
    public bool ClassWeights { get; init; }

    /// <summary>encoder, classifier or all: which maps are projected.</summary>
    public ProjectedFeatures Features { get; init; } = ProjectedFeatures.Encoder;

    /// <summary>projector or logits: what KMM and KEM work on.</summary>
    public KnowledgeSource Source { get; init; } = KnowledgeSource.Projector;

    /// <summary>Steps in which the projectors' teacher side learns the labels before the student starts.</summary>
    [InRange("[0, 100000000]")]
    public int ProjectorWarmup { get; init; }

    /// <summary>random or discriminant: where the projectors' teacher side starts.</summary>
    public ProjectorInitialization ProjectorInit { get; init; } = ProjectorInitialization.Random;

    /// <summary>These options with those that the preset names; weights and the other switches stay.</summary>
    public HeteroAkdTermOptions WithPreset(DistillationPreset preset) => preset switch
    {
        // heteroakd-spec 1.2: relu, class, ce, no supervision, attached, label grid.
        DistillationPreset.Paper => Common(preset) with
        {
            Detach = false,
            Supervision = ProjectorSupervision.None,
            Grid = WorkingGrid.Label,
            ProjectorRelu = true,
        },
        DistillationPreset.Practical => Supervised(preset),
        DistillationPreset.Tuned => Supervised(preset) with { Features = ProjectedFeatures.All },
        _ => this with { Preset = DistillationPreset.Custom },
    };

    object IPresetOptions.WithPreset(object preset) => WithPreset((DistillationPreset)preset);

    /// <summary>The options of the operation.</summary>
    /// <param name="lambda2">Weight of L_hakd.</param>
    /// <param name="ignoreIndex">Label of pixels left out.</param>
    public HeteroAkdAttributes Attributes(float lambda2, int ignoreIndex) => new(
        Axis: WeightAxis,
        Form: Form,
        Tau: (float)Tau,
        ScaleTau2: ScaleTau2,
        Reliability: Reliability,
        Detach: Detach,
        Supervision: Source == KnowledgeSource.Logits ? ProjectorSupervision.None : Supervision,
        Lambda2: lambda2,
        SupervisionWeight: (float)SupervisionWeight,
        Grid: Grid,
        IgnoreIndex: ignoreIndex,
        Reduction: Reduction,
        Mixing: Mixing,
        Weighting: Weighting,
        WeightScale: WeightScale);

    private HeteroAkdTermOptions Supervised(DistillationPreset preset) => Common(preset) with
    {
        Detach = true,
        Supervision = ProjectorSupervision.Bce,
        Grid = WorkingGrid.Student,
        ProjectorRelu = false,
    };

    private HeteroAkdTermOptions Common(DistillationPreset preset) => this with
    {
        Preset = preset,
        WeightAxis = WeightAxis.Class,
        Form = DistillationForm.Ce,
        Tau = 1,
        ScaleTau2 = false,
        Reliability = Reliability.Bce,
        Reduction = LossUnit.Pixel,
        Features = ProjectedFeatures.Encoder,
    };
}
