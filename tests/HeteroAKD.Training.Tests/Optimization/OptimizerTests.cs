using HeteroAKD.Distillation;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Optimization;

namespace HeteroAKD.Training.Tests.Optimization;

public sealed class OptimizerTests : IDisposable
{
    private readonly Device _device = Device.Open("cpu", 1);

    public void Dispose() => _device.Dispose();

    [Fact]
    public void Flat_memory_holds_values_and_gradients_of_all_groups()
    {
        using Tensor a = Parameter([1, 2, 3]);
        using Tensor b = Parameter([4, 5]);
        using (FlatParameters flat = new(_device, [new("a", 1, 0, [a]), new("b", 1, 0, [b])]))
        {
            Assert.Equal([1f, 2, 3], a.ToFloats());
            Assert.Equal([4f, 5], b.ToFloats());
            Assert.Equal([(0, 64), (64, 64)], flat.Ranges);
            flat.Values.View(new Shape(2), 64).CopyFrom([8f, 9]);
            Assert.Equal([8f, 9], b.ToFloats());
            b.Grad!.CopyFrom([0.5f, 0.25f]);
            Assert.Equal(0.75, flat.Gradients.ToFloats().Sum());
            flat.ZeroGrad();
            Assert.Equal([0f, 0], b.Grad!.ToFloats());
            a.MoveOut();
            b.MoveOut();
        }

        Assert.Equal([8f, 9], b.ToFloats());
        Assert.Null(b.Grad);
    }

    [Fact]
    public void Norms_and_biases_are_not_decayed()
    {
        using SegmentationModel model = ModelZoo.Create("tiny-mit-student", 3, _device, seed: 1);
        ParameterGroup[] groups = [.. ParameterGroup.Of(model, "student", 2, 0.5, spareNormsAndBiases: true)];
        Assert.Equal([0.5, 0], groups.Select(g => g.WeightDecay));
        Assert.All(groups, g => Assert.Equal(2, g.LrMultiplier));
        Assert.All(groups[0].Parameters, p => Assert.EndsWith("weight", p.Name, StringComparison.Ordinal));
        Assert.All(groups[0].Parameters, p => Assert.DoesNotContain("norm", p.Name, StringComparison.Ordinal));
        Assert.All(groups[1].Parameters, p => Assert.Equal(1, p.Shape.Rank));
        Assert.Equal(model.Parameters().Count, groups.Sum(g => g.Parameters.Count));
        Assert.Equal(model.Parameters(), ParameterGroup.Of(model, "student", 1, 0.5, spareNormsAndBiases: false).Single().Parameters);
    }

    /// <summary>Against the formulas of torch.optim in double precision, three steps, two groups.</summary>
    [Theory]
    [InlineData(OptimizerKind.AdamW, 0, false)]
    [InlineData(OptimizerKind.AdamW, 0.5, false)]
    [InlineData(OptimizerKind.Sgd, 0, false)]
    [InlineData(OptimizerKind.Sgd, 0.5, true)]
    public void Update_is_that_of_torch(OptimizerKind kind, double clip, bool nesterov)
    {
        OptimizerOptions config = new() { Kind = kind, GradientClip = clip, Nesterov = nesterov, Momentum = 0.9, Betas = [0.9, 0.99], Eps = 1e-8 };
        using Tensor a = Parameter([1, -2, 3]);
        using Tensor b = Parameter([0.5f]);
        double[] expected = [1, -2, 3, 0.5];
        double[] rate = [0.1, 0.1, 0.1, 1]; // group b has ten times the rate
        double[] decay = [0.2, 0.2, 0.2, 0]; // and no decay
        double[] first = new double[4];
        double[] second = new double[4];
        using FlatParameters flat = new(_device, [new("a", 1, 0.2, [a]), new("b", 10, 0, [b])]);
        using Optimizer optimizer = new(flat, config);
        for (int step = 1; step <= 3; step++)
        {
            double[] g = [0.5 * step, -1, 0.25, 2];
            optimizer.ZeroGrad();
            a.Grad!.CopyFrom([(float)g[0], (float)g[1], (float)g[2]]);
            b.Grad!.CopyFrom([(float)g[3]]);
            optimizer.Step(0.1);
            double norm = Math.Sqrt(g.Sum(x => x * x));
            Assert.Equal(norm, optimizer.GradientNorm(), 1e-6);
            double scale = clip > 0 ? Math.Min(1, clip / (norm + 1e-6)) : 1;
            for (int i = 0; i < 4; i++)
            {
                Reference(kind, nesterov, step, g[i] * scale, rate[i], decay[i], ref expected[i], ref first[i], ref second[i]);
            }

            double[] found = [.. a.ToDoubles(), .. b.ToDoubles()];
            Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First, pair.Second, 2e-6));
        }
    }

    /// <summary>
    /// A discriminator's Adam beside the run's SGD: a rate and moments of its own, no schedule, no clipping, and its gradient is no part of the norm.
    /// </summary>
    [Fact]
    public void A_group_with_a_rule_of_its_own_is_left_alone_by_the_runs_optimizer()
    {
        OptimizerOptions config = new() { Kind = OptimizerKind.Sgd, GradientClip = 0.5, Momentum = 0.9 };
        using Tensor a = Parameter([1]);
        using Tensor b = Parameter([0.5f]);
        (double expected, double first, double second) = (0.5, 0, 0);
        using FlatParameters flat = new(_device, [new("a", 1, 0, [a]), new("b", 1, 0, [b], new AdamRule(0.01, 0.9, 0.99, 1e-8))]);
        using Optimizer optimizer = new(flat, config);
        for (int step = 1; step <= 3; step++)
        {
            optimizer.ZeroGrad();
            a.Grad!.CopyFrom([2f]);
            b.Grad!.CopyFrom([100f * step]);
            optimizer.Step(0.1);
            Assert.Equal(2, optimizer.GradientNorm(), 1e-6);
            Assert.Equal(100 * step, optimizer.OpponentGradientNorm(), 1e-3);
            Reference(OptimizerKind.AdamW, false, step, 100 * step, 0.01, 0, ref expected, ref first, ref second);
            Assert.Equal(expected, b.Item(), 2e-6);
        }

        Assert.Equal(1 - (0.1 * 0.5 * (1 + 1.9 + 2.71)), a.Item(), 1e-5);
        b.Grad!.CopyFrom([float.NaN]);
        Assert.True(double.IsNaN(Math.Max(optimizer.GradientNorm(), optimizer.OpponentGradientNorm())));
        Assert.Equal(["first", "second"], optimizer.State("").Select(s => s.Name));
        Assert.Throws<ArgumentException>(
            () =>
                new Optimizer(
                    new FlatParameters(_device, [new("b", 1, 0, [Parameter([1])], new AdamRule(0.01, 0.9, 0.99, 1e-8)), new("a", 1, 0, [Parameter([1])])]),
                    config));
    }

    private static void Reference(
        OptimizerKind kind, bool nesterov, int step, double g, double rate, double decay, ref double p, ref double first, ref double second)
    {
        if (kind == OptimizerKind.Sgd)
        {
            g += decay * p;
            first = step == 1 ? g : (0.9 * first) + g;
            p -= rate * (nesterov ? g + (0.9 * first) : first);
            return;
        }

        p -= rate * decay * p;
        first = (0.9 * first) + (0.1 * g);
        second = (0.99 * second) + (0.01 * g * g);
        p -= rate * (first / (1 - Math.Pow(0.9, step))) / (Math.Sqrt(second / (1 - Math.Pow(0.99, step))) + 1e-8);
    }

    private Tensor Parameter(float[] values)
    {
        Tensor parameter = Tensor.From(_device, new Shape(values.Length), values);
        parameter.RequiresGrad = true;
        return parameter;
    }
}
