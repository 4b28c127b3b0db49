using HeteroAKD.Distillation.Terms;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Initialization;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Distillation.Tests;

/// <summary>Channel-wise distillation against plain loops.</summary>
public sealed class CwdTermTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Loss_is_that_of_plain_loops(double tau)
    {
        using TinyBatch batch = new();
        using DistillationObjective objective = batch.Objective(new WeightedTerm("cwd", new CwdTermOptions { Maps = ComparedMaps.Logits, Tau = tau }, 3));
        using StepScope scope = batch.Device.BeginStep();
        ObjectiveResult result = objective.Loss(batch.Student, batch.Images, batch.Labels, Pass.Train(1));
        Tensor student = batch.Student.Forward(batch.Images, Pass.Train(1)).Logits;
        Tensor teacher = batch.Teacher.Forward(batch.Images, Pass.Evaluation).Logits;
        double expected = Reference(teacher.ToDoubles(), student.ToDoubles(), student.Shape, tau);
        Assert.Equal(expected, result.Terms[^1].Read(), 1e-4 * expected);
    }

    /// <summary>Against central differences in float64, on maps of unlike width and size.</summary>
    [Fact]
    public void Gradient_is_that_of_differences()
    {
        using TinyBatch batch = new();
        Site site = new(batch.Device, new Generator(5), "cwd", DType.Float64);
        using CwdTerm term = new(
            new CwdTermOptions { Maps = ComparedMaps.Logits }, new TermSetup(batch.Teacher, batch.Student, 1, site, TinyBatch.IgnoreIndex, null));
        Shape shape = new(1, 2, 3, 3);
        double[] values = [.. Enumerable.Range(0, shape.Count).Select(i => Math.Sin(3.7 * i))];
        double[] other = [.. Enumerable.Range(0, 2 * 2 * 4).Select(i => Math.Cos(2.9 * i))];
        double Loss(double[] x, out double[] gradient)
        {
            using StepScope scope = batch.Device.BeginStep();
            Tensor student = Tensor.Empty(batch.Device, shape, DType.Float64);
            student.CopyFrom(x);
            student.RequiresGrad = true;
            Tensor teacher = Tensor.Empty(batch.Device, new Shape(1, 2, 2, 4), DType.Float64);
            teacher.CopyFrom(other);
            Tensor loss = term.Loss(new TermInputs(Output(teacher), Output(student), batch.Labels, Pass.Train(1)), []);
            loss.Backward();
            gradient = student.Grad!.ToDoubles();
            return loss.Item();
        }

        Loss(values, out double[] gradient);
        for (int i = 0; i < values.Length; i++)
        {
            double[] up = [.. values], down = [.. values];
            (up[i], down[i]) = (up[i] + 1e-5, down[i] - 1e-5);
            Assert.Equal((Loss(up, out _) - Loss(down, out _)) / 2e-5, gradient[i], 1e-7);
        }
    }

    [Fact]
    public void Features_of_unlike_width_are_aligned()
    {
        using TinyBatch batch = new("tiny-cnn-teacher", "tiny-mit-student");
        using DistillationObjective objective = batch.Objective(new WeightedTerm("cwd", new CwdTermOptions(), 50));
        Assert.Equal(batch.Teacher.HeadChannels == batch.Student.HeadChannels, objective.Auxiliary is null);
        Assert.Equal(TermReads.ClassifierInput, objective.Terms[0].Reads);
    }

    private static SegmentationOutput Output(Tensor logits) => new(logits, null, default, logits);

    private static double Reference(double[] teacher, double[] student, Shape shape, double tau)
    {
        int pixels = shape[2] * shape[3];
        double total = 0;
        for (int row = 0; row < shape[0] * shape[1]; row++)
        {
            double[] p = Softmax(teacher.AsSpan(row * pixels, pixels), tau);
            double[] q = Softmax(student.AsSpan(row * pixels, pixels), tau);
            total += p.Zip(q, (a, b) => a * Math.Log(a / b)).Sum();
        }

        return total * tau * tau / (shape[0] * shape[1]);
    }

    private static double[] Softmax(ReadOnlySpan<double> x, double tau)
    {
        double[] e = [.. x.ToArray().Select(v => Math.Exp(v / tau))];
        return [.. e.Select(v => v / e.Sum())];
    }
}
