using HeteroAKD.Bench.Machine;
using HeteroAKD.Bench.Peers;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using TorchSharp;

namespace HeteroAKD.Bench.Cases;

/// <summary>
/// A whole distillation step: the frozen teacher, the student, L_task, plain KD and L_hakd with its projectors (Eq. 11, preset practical), backward pass,
/// AdamW. Both sides have the batch in memory; ours copies it into the step's inputs as training does.
/// </summary>
/// <param name="Teacher">Name in the zoo.</param>
/// <param name="Student">Name in the zoo.</param>
/// <param name="Batch">Images.</param>
/// <param name="Height">Rows of an image.</param>
/// <param name="Width">Columns of an image.</param>
/// <param name="Classes">Classes.</param>
internal sealed record DistillationStepCase(string Teacher, string Student, int Batch, int Height, int Width, int Classes)
    : PeerCase("distillation step", $"{Teacher} → {Student} {Batch}x3x{Height}x{Width}")
{
    /// <summary>λ1, the weight of plain KD in <c>configs/scenes.yaml</c>.</summary>
    public const double Lambda1 = 2;

    /// <summary>λ2.</summary>
    public const double Lambda2 = 1;

    private const int TeacherSeed = 7;
    private const int CalibrationPasses = 5;

    private readonly Lazy<Work> _work = new(() => WorkOf(Teacher, Student, Batch, Height, Width, Classes));

    /// <summary>The rows.</summary>
    public static IReadOnlyList<DistillationStepCase> Rows { get; } =
    [
        new("tiny-cnn-teacher", "tiny-mit-student", 16, 96, 128, 11) { Goal = 1.8 },
        new("tiny-mit-teacher", "tiny-cnn-student", 16, 96, 128, 11) { Goal = 1.8 },
        new("deeplabv3-resnet18b", "tiny-mit-student", 16, 96, 128, 11) { Goal = 1.8 },
        new("segformer-b1", "segformer-b0", 2, 256, 256, 19) { Goal = 1.8, HasMasks = true },
        new("deeplabv3-resnet18", "deeplabv3-mobilenetv2", 2, 256, 256, 19) { Goal = 1.8, HasMasks = true },
    ];

    /// <summary>Whether the student draws masks: results are then compared in evaluation mode (see <see cref="StepCase.HasMasks"/>).</summary>
    public bool HasMasks { get; init; }

    /// <inheritdoc/>
    public override Work Work => _work.Value;

    /// <summary>As for a training step (see <see cref="StepCase.Tolerance"/>).</summary>
    public override double Tolerance => 1e-3;

    /// <inheritdoc/>
    public override int Batches => 3;

    /// <inheritdoc/>
    public override bool AsWhole => true;

    /// <summary>A bias before a normalisation has an exact gradient of zero.</summary>
    public override double Floor => 1e-3;

    /// <inheritdoc/>
    public override bool IsReplayed => true;

    /// <summary>Images.</summary>
    public CaseInput Images => new("images", new Shape(Batch, 3, Height, Width));

    /// <summary>Labels.</summary>
    public CaseInput Labels => CaseInput.Labels(new Shape(Batch, Height, Width), Classes);

    /// <inheritdoc/>
    public override IContender Ours(Device device) => new OurDistillationStep(this, device);

    /// <inheritdoc/>
    public override IContender Theirs(torch.ScalarType type) => new TorchDistillationStep(this, type);

    /// <summary>
    /// The teacher: initial weights, and running statistics of the images, without which the activations of an untrained network grow with its depth.
    /// </summary>
    public SegmentationModel MakeTeacher(Device device)
    {
        SegmentationModel teacher = ModelZoo.Create(Teacher, Classes, device, TeacherSeed);
        using Tensor images = Tensor.From(device, Images.Shape, Images.Values(StepSetting.ImageSeeds[0]));
        using NoGrad none = new();
        for (int pass = 0; pass < CalibrationPasses; pass++)
        {
            using StepScope step = device.BeginStep();
            teacher.Forward(images, Pass.Train(pass));
        }

        return teacher;
    }

    // The teacher's forward pass; the student's, and twice as much for its gradients. The losses are far below a hundredth of it.
    private static Work WorkOf(string teacher, string student, int batch, int height, int width, int classes)
    {
        double macs = ModelProfile.Of(teacher, classes, height, width).Evaluation.Macs + (3.0 * ModelProfile.Of(student, classes, height, width).Total.Macs);
        return new Work(2 * macs * batch, 0);
    }
}
