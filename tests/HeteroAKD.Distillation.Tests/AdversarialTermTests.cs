using HeteroAKD.Distillation.Terms;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Initialization;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Distillation.Tests;

public sealed class AdversarialTermTests
{
    private const int Side = 64;

    /// <summary>
    /// Losses and Σ|gradient| of both networks as CIRKD's Discriminator and CriterionAdv (utils/sagan.py, losses/adv.py) give them in float64 with PyTorch 1.13
    /// on the same values, the power iteration held after the first pass.
    /// </summary>
    [Fact]
    public void Losses_and_gradients_are_those_of_the_published_code()
    {
        using TinyBatch batch = new();
        Site site = new(batch.Device, new Generator(5), "adversarial", DType.Float64);
        using AdversarialTerm term = new(new AdversarialTermOptions(), new TermSetup(batch.Teacher, batch.Student, 1, site, TinyBatch.IgnoreIndex, null));
        SetPublishedValues(term.Auxiliary!);
        using StepScope scope = batch.Device.BeginStep();
        Tensor student = PublishedValues.Map(batch.Device, TinyBatch.Classes, Side, 60);
        student.RequiresGrad = true;
        List<LossTerm> values = [];
        term.Loss(
            new TermInputs(Output(PublishedValues.Map(batch.Device, TinyBatch.Classes, Side, 70, 2)), Output(student), batch.Labels, Pass.Train(1)),
            values).Backward();
        Assert.Equal(-0.046737157783892085, values[1].Read(), 1e-8);
        Assert.Equal(2.0083759512320882, values[2].Read(), 1e-6);
        Assert.Equal(values[1].Read() + values[2].Read(), values[0].Read(), 1e-12);
        Assert.Equal(9.9712726670259, student.Grad!.ToDoubles().Sum(Math.Abs), 1e-5);
        Assert.Equal(5156.651135734593, term.Auxiliary!.Parameters().Sum(p => p.Grad!.ToDoubles().Sum(Math.Abs)), 5e-3);
    }

    /// <summary>The discriminator's loss does not reach the student, nor the student's the discriminator.</summary>
    [Fact]
    public void Each_loss_reaches_its_own_network()
    {
        using TinyBatch batch = new(side: TinyBatch.SideFor("adversarial"));
        using DistillationObjective objective = batch.Objective(new WeightedTerm("adversarial", TinyBatch.Options("adversarial"), 1));
        AdversarialTerm term = (AdversarialTerm)objective.Terms[0];
        using StepScope scope = batch.Device.BeginStep();
        Tensor student = batch.Student.Forward(batch.Images, Pass.Evaluation).Logits;
        Tensor map = Tensor.From(batch.Device, student.Shape, student.ToFloats());
        map.RequiresGrad = true;
        List<LossTerm> values = [];
        SegmentationOutput teacher = batch.Teacher.Forward(batch.Images, Pass.Evaluation);
        term.Loss(new TermInputs(teacher, Output(map), batch.Labels, Pass.Train(1)), values);
        values[1].Values.Backward();
        Assert.Contains(map.Grad!.ToFloats(), v => v != 0);
        Assert.All(term.Auxiliary!.Parameters(), p => Assert.True(p.Grad is null));

        map.ZeroGrad();
        term.Loss(new TermInputs(teacher, Output(map), batch.Labels, Pass.Train(1)), values);
        values[5].Values.Backward();
        Assert.True(map.Grad is null || map.Grad.ToFloats().All(v => v == 0));
        Assert.Contains(term.Auxiliary!.Parameters(), p => p.Grad!.ToFloats().Any(v => v != 0));
    }

    /// <summary>Steps of power iteration find the largest singular value: the convolutions' norms become 1.</summary>
    [Fact]
    public void Spectral_norms_become_one()
    {
        using Device device = Device.Open("cpu", 1);
        using Discriminator discriminator = new(new Site(device, new Generator(3), "d"), classes: 2, layers: 1, width: 8);
        double last = 0;
        for (int i = 0; i < 60; i++)
        {
            using StepScope scope = device.BeginStep();
            Tensor weight = discriminator.Weights()[2];
            last = LargestSingularValue(weight.ToDoubles(), 8);
        }

        Assert.Equal(1, last, 1e-4);
    }

    [Theory]
    [InlineData(4, "adversarial: logits of 8x8 pixels are too small for 4 halvings; set distillation.terms.adversarial.layers to at most 1")]
    [InlineData(1, null)]
    public void Logits_too_small_for_the_layers_are_refused(int layers, string? expected)
    {
        using TinyBatch batch = new(side: TinyBatch.SideFor("adversarial"));
        using DistillationObjective objective = batch.Objective(new WeightedTerm("adversarial", new AdversarialTermOptions { Layers = layers, Width = 8 }, 1));
        using StepScope scope = batch.Device.BeginStep();
        Exception? thrown = Record.Exception(() => objective.Loss(batch.Student, batch.Images, batch.Labels, Pass.Train(1)));
        Assert.Equal(expected, thrown?.Message);
    }

    [Fact]
    public void A_width_that_attention_cannot_divide_is_refused()
    {
        using TinyBatch batch = new();
        string message = Assert.Throws<HeteroAkdException>(
            () => batch.Objective(new WeightedTerm("adversarial", new AdversarialTermOptions { Width = 12 }, 1))).Message;
        Assert.Contains("width = 12 must be a multiple of 8", message, StringComparison.Ordinal);
    }

    private static SegmentationOutput Output(Tensor logits) => new(logits, null, default, logits);

    // As PublishedValues has it, but for a scale near 1, open gates, and directions of length 1.
    private static void SetPublishedValues(Module discriminator)
    {
        PublishedValues.Fill(discriminator);
        IReadOnlyList<Tensor> parameters = discriminator.Parameters();
        parameters[0].CopyFrom([.. PublishedValues.Noise(parameters[0].Shape.Count, 0, 0.1).Select(v => 1 + v)]);
        foreach (Tensor gate in parameters.Where(p => p.Name.EndsWith("gamma", StringComparison.Ordinal)))
        {
            gate.CopyFrom((double[])[0.5]);
        }

        foreach (Tensor u in discriminator.Buffers().Where(b => b.Name.EndsWith(".u", StringComparison.Ordinal)))
        {
            double[] values = [.. PublishedValues.Noise(u.Shape.Count, 50, 1)];
            double length = Math.Sqrt(values.Sum(v => v * v));
            u.CopyFrom([.. values.Select(v => v / length)]);
        }
    }

    private static double LargestSingularValue(double[] weight, int rows)
    {
        int columns = weight.Length / rows;
        MathNet.Numerics.LinearAlgebra.Matrix<double> matrix = MathNet.Numerics.LinearAlgebra.Matrix<double>.Build.Dense(
            rows, columns, (i, j) => weight[(i * columns) + j]);
        return matrix.Svd(computeVectors: false).S[0];
    }
}
