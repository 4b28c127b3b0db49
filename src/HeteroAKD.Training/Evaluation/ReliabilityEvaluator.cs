using HeteroAKD.Distillation;
using HeteroAKD.Distillation.Terms;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Training.Evaluation;

/// <summary>What was measured of S at a step.</summary>
/// <param name="Step">Steps of the distilled network's training.</param>
/// <param name="Split">The images: <c>train</c>, those that the student learns from, or <c>val</c>.</param>
/// <param name="Scores">What was measured.</param>
public sealed record ReliabilityRow(int Step, string Split, ReliabilityScores Scores);

/// <summary>
/// Measures how well the teacher's share S tells pixels where the teacher is wrong. Networks and projectors run in evaluation mode and without a tape, on whole
/// images at scale 1: nothing that training depends on changes.
/// </summary>
/// <param name="options">Batch size, and how logits are resized before the largest is taken. Windows, scales and mirror images play no part: S comes from one
/// pass.</param>
public sealed class ReliabilityEvaluator(EvaluationOptions options)
{
    /// <summary>The maps of S, W and ΔH have [N, C, H, W] elements each: at most so many at once, or one image's.</summary>
    internal int MapElements { get; init; } = 1 << 22;

    /// <summary>Measures a distillation on all images of a set.</summary>
    /// <param name="student">The network that is distilled.</param>
    /// <param name="distillation">What it is trained by, with L_hakd among the terms.</param>
    /// <param name="images">The images, not augmented.</param>
    /// <exception cref="ArgumentException">L_hakd takes no part.</exception>
    public ReliabilityScores Run(SegmentationModel student, DistillationObjective distillation, IEvaluationSet images)
    {
        HeteroAkdTerm term = distillation.HeteroAkd
            ?? throw new ArgumentException("the objective has no L_hakd, so there is no share S to measure; add the term 'heteroakd'", nameof(distillation));
        using FrozenNetwork network = student.Freeze();
        ReliabilityMeter meter = new();
        foreach (Batch batch in images.Read(options.BatchSize))
        {
            int most = (int)Math.Max(1, MapElements / ((long)student.Classes * batch.Height * batch.Width));
            for (int first = 0; first < batch.Count; first += most)
            {
                Add(meter, network, distillation, term, batch, first, Math.Min(most, batch.Count - first));
            }
        }

        return meter.Scores();
    }

    private void Add(ReliabilityMeter meter, FrozenNetwork student, DistillationObjective distillation, HeteroAkdTerm term, Batch batch, int first, int count)
    {
        using NoGrad none = new();
        Device device = student.Device;
        using StepScope scope = device.BeginStep();
        int pixels = batch.Height * batch.Width;
        Shape shape = new(count, 3, batch.Height, batch.Width);
        ReadOnlySpan<int> truth = batch.Labels.AsSpan(first * pixels, count * pixels);
        Tensor images = Tensor.From(device, shape, batch.Images.AsSpan(first * 3 * pixels, shape.Count));
        Tensor labels = Tensor.From(device, new Shape(count, batch.Height, batch.Width), truth);
        SegmentationOutput ofTeacher = distillation.TeacherOutput(images);
        SegmentationOutput ofStudent = student.Forward(images);
        int[] byTeacher = Classes(ofTeacher.Logits, batch.Height, batch.Width);
        int[] byStudent = Classes(ofStudent.Logits, batch.Height, batch.Width);
        meter.Add(term.Maps(ofStudent, ofTeacher, labels).Share, byTeacher, byStudent, truth);
    }

    // [N, H, W] of logits [N, C, h, w].
    private int[] Classes(Tensor logits, int height, int width)
    {
        using StepScope scope = logits.Device.BeginStep();
        return Functional.Argmax(Functional.Interpolate(logits, height, width, options.AlignCorners)).ToInts();
    }
}
