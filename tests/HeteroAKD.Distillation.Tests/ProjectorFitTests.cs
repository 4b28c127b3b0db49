using HeteroAKD.Distillation.Terms;
using HeteroAKD.Nn;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using MathNet.Numerics.LinearAlgebra;

namespace HeteroAKD.Distillation.Tests;

/// <summary>First values of a teacher's projector in closed form, against plain sums over pixels.</summary>
public sealed class ProjectorFitTests
{
    private const int Classes = TinyBatch.Classes;

    [Theory]
    [InlineData("tiny-mit-student", "tiny-cnn-student")]
    [InlineData("tiny-cnn-student", "tiny-mit-student")]
    public void Logits_are_those_of_discriminant_analysis(string teacher, string student)
    {
        using TinyBatch batch = new(teacher, student);
        using DistillationObjective objective = batch.Objective(heteroAkd: new HeteroAkdTermOptions { ProjectorInit = ProjectorInitialization.Discriminant });
        Fit(objective.WarmUp!, batch, batch.Labels.ToInts());
        using NoGrad noGrad = new();
        using StepScope scope = batch.Device.BeginStep();
        Tensor map = batch.Teacher.Forward(batch.Images, Pass.Evaluation).Features[^1];
        float[] found = objective.HeteroAkd!.Projectors!.Teacher.Forward(map, Pass.Evaluation).ToFloats();
        double[] expected = Reference(map, batch.Labels.ToInts(), batch.Labels.Shape[1]);
        for (int i = 0; i < found.Length; i++)
        {
            Assert.True(Math.Abs(found[i] - expected[i]) <= 2e-3 * Math.Max(1, Math.Abs(expected[i])), $"logit {i}: {found[i]} instead of {expected[i]}");
        }
    }

    /// <summary>It does at once what training takes many steps for, and touches the teacher's side alone.</summary>
    [Theory]
    [InlineData(ProjectedFeatures.Encoder)]
    [InlineData(ProjectedFeatures.Classifier)]
    [InlineData(ProjectedFeatures.All)]
    public void Loss_falls_and_the_student_s_side_stays(ProjectedFeatures features)
    {
        using TinyBatch batch = new();
        using DistillationObjective objective = batch.Objective(
            heteroAkd: new HeteroAkdTermOptions { ProjectorInit = ProjectorInitialization.Discriminant, Features = features });
        WarmUp warmUp = objective.WarmUp!;
        Assert.Equal(0, warmUp.Steps);
        float[][] student = [.. objective.HeteroAkd!.Projectors!.Student.State().Select(e => e.Tensor.ToFloats())];
        double before = Loss(warmUp, batch);
        Fit(warmUp, batch, batch.Labels.ToInts());
        double after = Loss(warmUp, batch);
        Assert.True(after < 0.75 * before, $"{before:G4} before, {after:G4} after");
        Assert.Equal(student, objective.HeteroAkd.Projectors.Student.State().Select(e => e.Tensor.ToFloats()));
    }

    /// <summary>A class without a pixel is called unlikely and can still be learned; without any label nothing changes.</summary>
    [Fact]
    public void Absent_classes_keep_a_direction()
    {
        using TinyBatch batch = new();
        using DistillationObjective objective = batch.Objective(heteroAkd: new HeteroAkdTermOptions { ProjectorInit = ProjectorInitialization.Discriminant });
        Projector projector = objective.HeteroAkd!.Projectors!.Teacher;
        Projection built = projector.Values();
        int[] none = [.. batch.Labels.ToInts().Select(_ => Batch.Unlabelled)];
        Fit(objective.WarmUp!, batch, none);
        Assert.Equal(built.Directions, projector.Values().Directions);

        Fit(objective.WarmUp!, batch, [.. batch.Labels.ToInts().Select(label => label == 1 ? TinyBatch.IgnoreIndex : label)]);
        Projection fitted = projector.Values();
        int channels = built.Directions.Length / Classes;
        Assert.Equal(built.Directions[channels..(2 * channels)], fitted.Directions[channels..(2 * channels)]);
        Assert.Equal(built.Weight[1], fitted.Weight[1]);
        Assert.True(fitted.Bias[1] < -9);
        Assert.All(
            (IEnumerable<float>)[.. fitted.Directions, .. fitted.Weight, .. fitted.Bias, .. fitted.Mean, .. fitted.Variance],
            value => Assert.True(float.IsFinite(value)));
    }

    private static void Fit(WarmUp warmUp, TinyBatch batch, int[] labels)
    {
        Batch host = new();
        host.Resize(batch.Labels.Shape[0], batch.Labels.Shape[1], batch.Labels.Shape[2]);
        labels.CopyTo(host.Labels, 0);
        using NoGrad noGrad = new();
        using StepScope scope = batch.Device.BeginStep();
        warmUp.Fit!.Add(batch.Images, host);
        warmUp.Fit.Finish();
    }

    private static double Loss(WarmUp warmUp, TinyBatch batch)
    {
        using NoGrad noGrad = new();
        using StepScope scope = batch.Device.BeginStep();
        return warmUp.Loss(batch.Images, batch.Labels, Pass.Train(1)).Item();
    }

    // Every labelled pixel is a sample with its cell's features; class c against the others has two normal distributions of one variance along w.
    private static double[] Reference(Tensor map, int[] labels, int side)
    {
        (int count, int d, int h, int w) = (map.Shape[0], map.Shape[1], map.Shape[2], map.Shape[3]);
        float[] f = map.ToFloats();
        Vector<double> Cell(int n, int y, int x) => Vector<double>.Build.Dense(d, k => f[(((((n * d) + k) * h) + y) * w) + x]);
        (Vector<double> X, int Label)[] samples =
        [
            .. Enumerable.Range(0, labels.Length).Where(i => labels[i] < Classes)
                .Select(i => (Cell(i / (side * side), i / side % side * h / side, i % side * w / side), labels[i])),
        ];
        Vector<double> mean = samples.Aggregate(Vector<double>.Build.Dense(d), (sum, s) => sum + s.X) / samples.Length;
        Matrix<double> covariance = samples.Aggregate(
            Matrix<double>.Build.Dense(d, d), (sum, s) => sum + (s.X - mean).OuterProduct(s.X - mean)) / samples.Length;
        Matrix<double> regular = covariance + (Matrix<double>.Build.DenseIdentity(d) * (1e-3 * covariance.Trace() / d));
        double[] logits = new double[count * Classes * h * w];
        for (int c = 0; c < Classes; c++)
        {
            double share = samples.Count(s => s.Label == c) / (double)samples.Length;
            Vector<double> with = samples.Aggregate(
                Vector<double>.Build.Dense(d), (sum, s) => sum + ((s.X - mean) * ((s.Label == c ? 1 : 0) - share))) / samples.Length;
            Vector<double> direction = regular.Solve(with);
            double[] inside = [.. samples.Where(s => s.Label == c).Select(s => direction * s.X)];
            double[] outside = [.. samples.Where(s => s.Label != c).Select(s => direction * s.X)];
            double scatter = (inside.Sum(z => Math.Pow(z - inside.Average(), 2)) + outside.Sum(z => Math.Pow(z - outside.Average(), 2))) / samples.Length;
            for (int i = 0; i < count * h * w; i++)
            {
                (int n, int y, int x) = (i / (h * w), i / w % h, i % w);
                double z = direction * Cell(n, y, x);
                double likelihood = (Math.Pow(z - outside.Average(), 2) - Math.Pow(z - inside.Average(), 2)) / (2 * scatter);
                logits[(((((n * Classes) + c) * h) + y) * w) + x] = likelihood + Math.Log(share / (1 - share));
            }
        }

        return logits;
    }
}
