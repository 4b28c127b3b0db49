using HeteroAKD.Nn.Initialization;
using HeteroAKD.Nn.Layers;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;

namespace HeteroAKD.Nn.Tests.Initialization;

/// <summary>Initial values against the distributions that PyTorch documents; bounds are four standard errors.</summary>
public sealed class InitTests : IDisposable
{
    private readonly Device _device = Device.Open("cpu", 1);

    public void Dispose() => _device.Dispose();

    [Fact]
    public void Linear_and_Conv2d_start_as_in_PyTorch()
    {
        Site site = new(_device, new Generator(1));
        using Linear linear = new(site.At("linear"), 100, 400);
        using Conv2d conv = new(site.At("conv"), 16, 200, 3, groups: 4); // fan_in 4·9 = 36
        CheckUniform(linear.State()[0].Tensor, 0.1);
        CheckUniform(linear.State()[1].Tensor, 0.1);
        CheckUniform(conv.State()[0].Tensor, 1 / 6.0);
        CheckUniform(conv.State()[1].Tensor, 1 / 6.0);
    }

    [Fact]
    public void Kaiming_normal_looks_at_the_outputs()
    {
        CheckNormal(Fill(Init.KaimingNormal(), new Shape(64, 128, 3, 3)), Math.Sqrt(2.0 / (64 * 9)));
        CheckNormal(Fill(Init.KaimingNormal(groups: 1024), new Shape(1024, 1, 3, 3)), Math.Sqrt(2.0 / 9));
    }

    [Fact]
    public void Trunc_normal_bounds_values_not_deviations()
    {
        CheckNormal(Fill(Init.TruncNormal(0.02), new Shape(256, 256)), 0.02);
        float[] wide = Fill(Init.TruncNormal(3), new Shape(10_000));
        Assert.All(wide, v => Assert.InRange(v, -2, 2));
        Assert.True(wide.Max() > 1.9f && wide.Min() < -1.9f);
    }

    [Fact]
    public void Tiny_networks_start_as_the_reference_experiment_says()
    {
        using SegmentationModel model = ModelZoo.Create("tiny-mit-teacher", 11, _device, seed: 3);
        Dictionary<string, Tensor> state = model.State().ToDictionary(e => e.Name, e => e.Tensor);
        CheckNormal(state["encoder.stages.2.blocks.1.mlp.fc1.weight"].ToFloats(), 0.02);
        Assert.All(state["encoder.stages.2.blocks.1.mlp.fc1.bias"].ToFloats(), v => Assert.Equal(0, v));
        CheckUniform(state["encoder.stages.0.patch_embed.proj.weight"], 1 / Math.Sqrt(3 * 49));
        CheckUniform(state["head.linear.1.weight"], 1 / Math.Sqrt(96));
        CheckNormal(state["head.fuse.conv.weight"].ToFloats(), Math.Sqrt(2.0 / 128));
        CheckUniform(state["head.classifier.weight"], 1 / Math.Sqrt(128));
        Assert.All(state["head.fuse.bn.weight"].ToFloats(), v => Assert.Equal(1, v));
        Assert.All(state["head.fuse.bn.running_var"].ToFloats(), v => Assert.Equal(1, v));
        Assert.All(state["head.fuse.bn.running_mean"].ToFloats(), v => Assert.Equal(0, v));
    }

    private static float[] Fill(Initializer initializer, Shape shape)
    {
        float[] values = new float[shape.Count];
        initializer(values, shape, new Generator(5));
        return values;
    }

    private static void CheckUniform(Tensor tensor, double bound)
    {
        float[] values = tensor.ToFloats();
        Assert.All(values, v => Assert.InRange(v, -bound, bound));
        double variance = bound * bound / 3;
        CheckMoments(values, variance, Math.Sqrt(4 / 45.0) * bound * bound);
    }

    private static void CheckNormal(float[] values, double std) => CheckMoments(values, std * std, Math.Sqrt(2) * std * std);

    private static void CheckMoments(float[] values, double variance, double deviationOfSquare)
    {
        double n = values.Length;
        Assert.InRange(values.Average(v => (double)v), -4 * Math.Sqrt(variance / n), 4 * Math.Sqrt(variance / n));
        Assert.InRange(values.Average(v => (double)v * v) - variance, -4 * deviationOfSquare / Math.Sqrt(n), 4 * deviationOfSquare / Math.Sqrt(n));
    }
}
