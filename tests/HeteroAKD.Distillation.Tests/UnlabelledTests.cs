using HeteroAKD.Distillation.Terms;
using HeteroAKD.Kernels.Losses;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Distillation.Tests;

/// <summary>What each loss does with an image whose pixels carry <see cref="Batch.Unlabelled"/>: the second of the two.</summary>
public sealed class UnlabelledTests : IDisposable
{
    private readonly TinyBatch _batch = new();
    private readonly StepScope _scope;
    private readonly SegmentationOutput _teacher;
    private readonly int[] _predicted; // [2, 32, 32] the teacher's classes
    private readonly Tensor _known; // [2, 32, 32] labels of both images
    private readonly Tensor _labels; // [2, 32, 32] of the first one

    public UnlabelledTests()
    {
        _scope = _batch.Device.BeginStep();
        _teacher = _batch.Teacher.Forward(_batch.Images, Pass.Evaluation);
        _predicted = Functional.Argmax(Functional.Interpolate(_teacher.Logits, _batch.Labels.Shape[1], _batch.Labels.Shape[2])).ToInts();

        // The teacher is right at half of the pixels at least: every second row of blocks.
        int[] labels =
        [
            .. _batch.Labels.ToInts().Select((label, i) => label != TinyBatch.IgnoreIndex && i / _batch.Labels.Shape[2] % 16 < 8 ? _predicted[i] : label)
        ];
        _known = Tensor.From(_batch.Device, _batch.Labels.Shape, labels);
        labels.AsSpan(labels.Length / 2).Fill(Batch.Unlabelled);
        _labels = Tensor.From(_batch.Device, _batch.Labels.Shape, labels);
    }

    /// <summary>Terms that need labels, each in its own way.</summary>
    public static TheoryData<string> NeedLabels => ["heteroakd", "spatial", "label grid", "own logits", "teacherRight", "teacherRightNearby"];

    /// <summary>Terms that read none.</summary>
    public static TheoryData<string> ReadNone => ["kd", "confidence", "cwd"];

    public void Dispose()
    {
        _scope.Dispose();
        _batch.Dispose();
    }

    /// <summary>Loss, pixel accuracy and gradient of given logits are those of the labelled image alone.</summary>
    [Fact]
    public void Task_loss_sees_the_labelled_image_alone()
    {
        using TaskLoss task = new(_batch.Device, TinyBatch.Classes, new TaskLossOptions(TinyBatch.IgnoreIndex, [1, 2, 0.5, 1, 1], LabelSmoothing: 0.1));
        (double[] values, float[] gradient) = TaskOf(task, _teacher.Logits.ToFloats(), _labels);
        int half = _teacher.Logits.Shape.Count / 2;
        (double[] alone, float[] gradientAlone) = TaskOf(task, _teacher.Logits.ToFloats()[..half], First(_labels));
        Assert.True(alone[0] > 0);
        Assert.Equal(alone, values);
        Assert.Equal(gradientAlone, gradient[..half]);
        Assert.All(gradient[half..], g => Assert.Equal(0, g));
    }

    [Theory]
    [MemberData(nameof(NeedLabels))]
    public void Term_that_needs_labels_leaves_them_out(string name)
    {
        using DistillationObjective objective = _batch.Objective(Term(name));
        Assert.True(objective.Terms[0].NeedsLabels && objective.Terms[0].Reads.HasFlag(TermReads.Labels));
        double[] alone = Values(objective, First(_batch.Images), First(_labels));
        Assert.True(alone[0] > 0);
        double[] values = Values(objective, _batch.Images, _labels);
        Assert.All(alone.Zip(values), pair => Assert.Equal(pair.First, pair.Second, 1e-6));
        Assert.NotEqual(alone[0], Values(objective, _batch.Images, _known)[0], 1e-4);
    }

    [Theory]
    [MemberData(nameof(ReadNone))]
    public void Term_without_labels_learns_from_them(string name)
    {
        using DistillationObjective objective = _batch.Objective(Term(name));
        Assert.False(objective.Terms[0].NeedsLabels || objective.Terms[0].Reads.HasFlag(TermReads.Labels));
        double[] values = Values(objective, _batch.Images, _labels);
        Assert.Equal(Values(objective, _batch.Images, _known), values);
        Assert.NotEqual(Values(objective, First(_batch.Images), First(_labels))[0], values[0], 1e-4);
    }

    /// <summary>A target made from labels is the teacher's own where there are none.</summary>
    [Theory]
    [InlineData("mixed")]
    [InlineData("corrected")]
    public void Term_with_another_target_falls_back_to_plain_kd(string name)
    {
        using DistillationObjective objective = _batch.Objective(Term(name));
        using DistillationObjective plain = _batch.Objective(Term("kd"));
        Assert.False(objective.Terms[0].NeedsLabels);
        Assert.True(objective.Terms[0].Reads.HasFlag(TermReads.Labels));
        double first = Values(objective, First(_batch.Images), First(_labels))[0];
        double plainOfFirst = Values(plain, First(_batch.Images), First(_labels))[0];
        double plainOfBoth = Values(plain, _batch.Images, _labels)[0];
        Assert.NotEqual(plainOfFirst, first, 1e-4);
        Assert.Equal(plainOfBoth + ((first - plainOfFirst) / 2), Values(objective, _batch.Images, _labels)[0], 1e-5);
    }

    /// <summary>Above the threshold the terms read the teacher's class; the task loss stays what it was.</summary>
    [Fact]
    public void Threshold_gives_labels_to_the_terms_alone()
    {
        WeightedTerm[] terms = [Term("heteroakd"), Term("teacherRight")];
        double[] without = Losses(0, terms, _labels);
        double[] never = Losses(0.999999, terms, _labels);
        double[] always = Losses(1e-6, terms, _labels);
        Assert.Equal(without, never);
        Assert.Equal(without[..2], always[..2]);
        Assert.NotEqual(without[2], always[2], 1e-4);

        // The same labels given beforehand: the teacher's own classes.
        int[] known = _labels.ToInts();
        _predicted.AsSpan(known.Length / 2).CopyTo(known.AsSpan(known.Length / 2));
        double[] given = Losses(0, terms, Tensor.From(_batch.Device, _labels.Shape, known));
        Assert.Equal(given[2..], always[2..]);
        Assert.NotEqual(given[0], always[0], 1e-4);
    }

    [Fact]
    public void Ignored_pixels_get_no_label()
    {
        int[] labels = _labels.ToInts();
        Array.Fill(labels, TinyBatch.IgnoreIndex);
        double[] values = Losses(1e-6, [Term("heteroakd")], Tensor.From(_batch.Device, _labels.Shape, labels));
        Assert.Equal(0, values[2]);
    }

    private static WeightedTerm Term(string name) => name switch
    {
        "heteroakd" => new("heteroakd", new HeteroAkdTermOptions(), 1),
        "spatial" => new("heteroakd", new HeteroAkdTermOptions { WeightAxis = WeightAxis.Spatial }, 1),
        "label grid" => new("heteroakd", new HeteroAkdTermOptions { Grid = WorkingGrid.Label }, 1),
        "own logits" => new("heteroakd", new HeteroAkdTermOptions { Source = KnowledgeSource.Logits }, 1),
        "kd" => new("kd", new KdTermOptions(), 1),
        "confidence" => new("kd", new KdTermOptions { PixelWeight = PixelWeighting.Confidence }, 1),
        "teacherRight" => new("kd", new KdTermOptions { Where = DistilledPixels.TeacherRight }, 1),
        "teacherRightNearby" => new("kd", new KdTermOptions { Where = DistilledPixels.TeacherRightNearby }, 1),
        "mixed" => new("kd", new KdTermOptions { Target = TargetLogits.Mixed }, 1),
        "corrected" => new("kd", new KdTermOptions { Target = TargetLogits.Corrected }, 1),
        _ => new("cwd", new CwdTermOptions(), 1),
    };

    private static Tensor First(Tensor both)
    {
        Shape s = both.Shape;
        return both.View(s.Rank == 4 ? new Shape(1, s[1], s[2], s[3]) : new Shape(1, s[1], s[2]));
    }

    private (double[] Values, float[] Gradient) TaskOf(TaskLoss task, float[] logits, Tensor labels)
    {
        Shape s = _teacher.Logits.Shape;
        Tensor leaf = Tensor.From(_batch.Device, new Shape(labels.Shape[0], s[1], s[2], s[3]), logits);
        leaf.RequiresGrad = true;
        List<LossTerm> terms = [];
        Tensor loss = task.Of(new SegmentationOutput(leaf, null, default, leaf), labels, terms);
        double[] values = [loss.Item(), .. terms.Select(t => t.Read())];
        loss.Backward();
        return (values, leaf.Grad!.ToFloats());
    }

    // In evaluation mode an image does not depend on its neighbours. The loss first, then what the term reports.
    private double[] Values(DistillationObjective objective, Tensor images, Tensor labels)
    {
        TermInputs inputs = new(_batch.Teacher.Forward(images, Pass.Evaluation), _batch.Student.Forward(images, Pass.Evaluation), labels, Pass.Evaluation);
        List<LossTerm> values = [];
        Tensor loss = objective.Terms[0].Loss(inputs, values);
        return [loss.Item(), .. values.Select(v => v.Read())];
    }

    private double[] Losses(double threshold, IReadOnlyList<WeightedTerm> terms, Tensor labels)
    {
        TaskLoss task = new(_batch.Device, TinyBatch.Classes, new TaskLossOptions(TinyBatch.IgnoreIndex));
        DistillationOptions options = new(terms, TinyBatch.IgnoreIndex) { UnlabelledThreshold = threshold };
        using DistillationObjective objective = new(_batch.Teacher, _batch.Student, task, options, seed: 3);
        return [.. objective.Loss(_batch.Student, _batch.Images, labels, Pass.Train(1)).Terms.Select(t => t.Read())];
    }
}
