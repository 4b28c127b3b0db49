using HeteroAKD.Distillation;
using HeteroAKD.Distillation.Terms;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Ops;
using HeteroAKD.Training.Evaluation;

namespace HeteroAKD.Training.Tests.Evaluation;

public sealed class ReliabilityEvaluatorTests : IDisposable
{
    private const int Classes = 3;
    private const int Side = 32;

    private readonly Device _device = Device.Open("cpu", 1);
    private readonly SegmentationModel _teacher;
    private readonly SegmentationModel _student;

    public ReliabilityEvaluatorTests()
    {
        _teacher = ModelZoo.Create("tiny-mit-student", Classes, _device, seed: 1);
        _student = ModelZoo.Create("tiny-cnn-student", Classes, _device, seed: 2);
    }

    public void Dispose() => _device.Dispose();

    /// <summary>Against one pass over all images at once: the teacher's classes, the student's and S, each read where it belongs.</summary>
    [Theory]
    [InlineData(3, 1 << 22)]
    [InlineData(2, 1 << 22)]
    [InlineData(3, 2 * Classes * Side * Side)]
    [InlineData(3, 1)]
    public void Scores_are_those_of_all_images_whatever_is_taken_at_once(int batchSize, int mapElements)
    {
        using DistillationObjective objective = Objective(new WeightedTerm("heteroakd", new HeteroAkdTermOptions(), 1));
        Images images = new();
        ReliabilityEvaluator evaluator = new(new EvaluationOptions { BatchSize = batchSize }) { MapElements = mapElements };
        ReliabilityScores found = evaluator.Run(_student, objective, images);
        ReliabilityScores expected = AllAtOnce(objective, images.Read(Images.Number).Single());
        Assert.Equal((Images.Number * Side * Side) - (Images.Number * Side), found.Pixels);
        Assert.Equal(Pixels(expected), Pixels(found));
        Assert.Equal((expected.Mean, expected.Deviation, expected.Auc), (found.Mean, found.Deviation, found.Auc), (a, b) =>
            Math.Abs(a.Mean - b.Mean) < 1e-6 && Math.Abs(a.Deviation - b.Deviation) < 1e-6 && Math.Abs(a.Auc - b.Auc) < 1e-3);
        Assert.True(found.OnlyTeacherRight.Pixels > 0 && found.OnlyStudentRight.Pixels > 0 && found.OnlyTeacherRight != found.OnlyStudentRight);
        Assert.Equal(expected.OnlyTeacherRight.MeanShare, found.OnlyTeacherRight.MeanShare, 1e-6);
    }

    [Fact]
    public void Without_hakd_there_is_no_share_to_measure()
    {
        using DistillationObjective objective = Objective(new WeightedTerm("kd", new KdTermOptions(), 1));
        Assert.Contains(
            "no L_hakd",
            Assert.Throws<ArgumentException>(() => new ReliabilityEvaluator(new EvaluationOptions()).Run(_student, objective, new Images())).Message,
            StringComparison.Ordinal);
    }

    private static (long, long, long, long) Pixels(ReliabilityScores s) =>
        (s.BothRight.Pixels, s.OnlyTeacherRight.Pixels, s.OnlyStudentRight.Pixels, s.BothWrong.Pixels);

    private DistillationObjective Objective(params IReadOnlyList<WeightedTerm> terms) =>
        new(_teacher, _student, new TaskLoss(_device, Classes, new TaskLossOptions(IgnoreIndex: 255)), new DistillationOptions(terms, 255), seed: 3);

    private ReliabilityScores AllAtOnce(DistillationObjective objective, Batch batch)
    {
        Tensor images = Tensor.From(_device, new Shape(batch.Count, 3, Side, Side), batch.Images);
        Tensor labels = Tensor.From(_device, new Shape(batch.Count, Side, Side), batch.Labels);
        SegmentationOutput teacher = objective.TeacherOutput(images);
        using FrozenNetwork network = _student.Freeze();
        SegmentationOutput student = network.Forward(images);
        float[] share = objective.HeteroAkd!.Maps(student, teacher, labels).Share.ToFloats();
        int[] byTeacher = Largest(Functional.Interpolate(teacher.Logits, Side, Side).ToFloats());
        int[] byStudent = Largest(Functional.Interpolate(student.Logits, Side, Side).ToFloats());
        ReliabilityMeter meter = new();
        for (int p = 0; p < batch.Labels.Length; p++)
        {
            (int n, int at) = Math.DivRem(p, Side * Side);
            int label = batch.Labels[p];
            if (label < Classes)
            {
                meter.Add(share[(((n * Classes) + label) * Side * Side) + at], byTeacher[p] == label, byStudent[p] == label);
            }
        }

        return meter.Scores();
    }

    // [N, H, W] of [N, C, H, W].
    private static int[] Largest(float[] logits) =>
    [
        .. Enumerable.Range(0, logits.Length / Classes).Select(p =>
            Enumerable.Range(0, Classes).MaxBy(c => logits[(((p / (Side * Side) * Classes) + c) * Side * Side) + (p % (Side * Side))])),
    ];

    /// <summary>Noise with labels at random; the first row of each image has none.</summary>
    private sealed class Images : IEvaluationSet
    {
        public const int Number = 3;

        public int Count => Number;

        public int Classes => ReliabilityEvaluatorTests.Classes;

        public int IgnoreIndex => 255;

        public Outside Outside => Outside.Edge;

        public IEnumerable<Batch> Read(int batchSize)
        {
            for (int first = 0; first < Number; first += batchSize)
            {
                Batch batch = new();
                batch.Resize(Math.Min(batchSize, Number - first), Side, Side);
                for (int n = 0; n < batch.Count; n++)
                {
                    Fill(new Random(first + n), batch.ImageAt(n), batch.LabelsAt(n));
                }

                yield return batch;
            }
        }

        private static void Fill(Random random, Span<float> image, Span<int> labels)
        {
            for (int i = 0; i < image.Length; i++)
            {
                image[i] = (float)random.NextDouble() - 0.5f;
            }

            for (int i = 0; i < labels.Length; i++)
            {
                labels[i] = i < Side ? 255 : random.Next(ReliabilityEvaluatorTests.Classes);
            }
        }
    }
}
