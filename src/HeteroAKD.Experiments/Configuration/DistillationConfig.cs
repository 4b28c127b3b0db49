using System.Runtime.Serialization;
using HeteroAKD.Kernels.Losses;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Experiments.Configuration;

/// <summary>What the student learns from the teacher by.</summary>
public enum DistillationMethod
{
    /// <summary>Nothing: the student alone.</summary>
    None,

    /// <summary>Pixel-wise KL between the logits.</summary>
    Kd,

    /// <summary>HeteroAKD (AAAI 2025).</summary>
    [EnumMember(Value = "heteroakd")]
    HeteroAkd,
}

/// <summary>A named set of HeteroAKD options.</summary>
public enum DistillationPreset
{
    /// <summary>The paper as far as it could be reconstructed.</summary>
    Paper,

    /// <summary>Projectors supervised with labels, constants detached, student grid.</summary>
    Practical,

    /// <summary>No set: the options as they stand.</summary>
    Custom,
}

/// <summary>The <c>distillation</c> section. <see cref="Preset"/> comes first: a key written beside it wins over the set.</summary>
public sealed record DistillationConfig : IPresetSection
{
    /// <summary>none, kd or heteroakd.</summary>
    public DistillationMethod Method { get; init; } = DistillationMethod.HeteroAkd;

    /// <summary>paper, practical or custom.</summary>
    public DistillationPreset Preset { get; init; } = DistillationPreset.Practical;

    /// <summary>Also train the student alone, with equal weights, order and steps, to show the gain.</summary>
    public bool Baseline { get; init; } = true;

    /// <summary>Weight of the plain KD term.</summary>
    [InRange("[0, 1000000]")]
    public double Lambda1 { get; init; } = 0.1;

    /// <summary>Weight of the HeteroAKD term.</summary>
    [InRange("[0, 1000000]")]
    public double Lambda2 { get; init; } = 1;

    /// <summary>class or spatial.</summary>
    public WeightAxis WeightAxis { get; init; } = WeightAxis.Class;

    /// <summary>ce or kl.</summary>
    public DistillationForm Form { get; init; } = DistillationForm.Ce;

    /// <summary>Temperature of the HeteroAKD term.</summary>
    [InRange("(0, 1000]")]
    public double Tau { get; init; } = 1;

    /// <summary>Temperature of the plain KD term, which is always scaled by its square.</summary>
    [InRange("(0, 1000]")]
    public double KdTau { get; init; } = 1;

    /// <summary>Scale the HeteroAKD term by tau squared.</summary>
    public bool ScaleTau2 { get; init; }

    /// <summary>bce or softmaxCe.</summary>
    public Reliability Reliability { get; init; } = Reliability.Bce;

    /// <summary>Treat the hybrid target and the weights as constants.</summary>
    public bool Detach { get; init; } = true;

    /// <summary>none, bce or ce.</summary>
    public ProjectorSupervision Supervision { get; init; } = ProjectorSupervision.Bce;

    /// <summary>Weight of the projector supervision, teacher's and student's each.</summary>
    [InRange("[0, 1000000]")]
    public double SupervisionWeight { get; init; } = 1;

    /// <summary>pixel or element: what the HeteroAKD term is a mean over.</summary>
    public LossUnit Reduction { get; init; } = LossUnit.Pixel;

    /// <summary>student or label.</summary>
    public WorkingGrid Grid { get; init; } = WorkingGrid.Student;

    /// <summary>Whether the projectors end in a ReLU, as the paper has it.</summary>
    public bool ProjectorRelu { get; init; }

    /// <summary>This section with the options that the preset names; the method and its weights stay.</summary>
    public DistillationConfig WithPreset(DistillationPreset preset) => preset switch
    {
        // heteroakd-spec 1.2: relu, class, ce, no supervision, attached, label grid.
        DistillationPreset.Paper => this with
        {
            Preset = DistillationPreset.Paper,
            WeightAxis = WeightAxis.Class,
            Form = DistillationForm.Ce,
            Tau = 1,
            ScaleTau2 = false,
            Reliability = Reliability.Bce,
            Detach = false,
            Supervision = ProjectorSupervision.None,
            Reduction = LossUnit.Pixel,
            Grid = WorkingGrid.Label,
            ProjectorRelu = true,
        },
        DistillationPreset.Practical => this with
        {
            Preset = DistillationPreset.Practical,
            WeightAxis = WeightAxis.Class,
            Form = DistillationForm.Ce,
            Tau = 1,
            ScaleTau2 = false,
            Reliability = Reliability.Bce,
            Detach = true,
            Supervision = ProjectorSupervision.Bce,
            Reduction = LossUnit.Pixel,
            Grid = WorkingGrid.Student,
            ProjectorRelu = false,
        },
        _ => this with { Preset = DistillationPreset.Custom },
    };

    object IPresetSection.WithPreset(object preset) => WithPreset((DistillationPreset)preset);
}

/// <summary>A section with a <c>preset</c> key that sets several options at once, before the keys beside it.</summary>
internal interface IPresetSection
{
    /// <summary>This section with the options of the preset.</summary>
    object WithPreset(object preset);
}
