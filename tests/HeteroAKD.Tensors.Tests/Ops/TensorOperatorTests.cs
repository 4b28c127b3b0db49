using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Tensors.Tests.Ops;

/// <summary>Losses written with operators.</summary>
public sealed class TensorOperatorTests : IDisposable
{
    private readonly Device _cpu = Device.Open("cpu", 1);
    private readonly StepScope _step;

    public TensorOperatorTests() => _step = _cpu.BeginStep();

    public void Dispose()
    {
        _step.Dispose();
        _cpu.Dispose();
    }

    [Fact]
    public void Operators_of_tensors_and_numbers()
    {
        Tensor a = Leaf(new Shape(2), [1, -2]);
        Tensor b = Leaf(new Shape(2), [4, 8]);
        Assert.Equal([5, 6], (a + b).ToFloats());
        Assert.Equal([-3, -10], (a - b).ToFloats());
        Assert.Equal([4, -16], (a * b).ToFloats());
        Assert.Equal([0.25f, -0.25f], (a / b).ToFloats());
        Assert.Equal([1.5f, -1.5f], (a + 0.5f).ToFloats());
        Assert.Equal([1.5f, -1.5f], (0.5f + a).ToFloats());
        Assert.Equal([0.5f, -2.5f], (a - 0.5f).ToFloats());
        Assert.Equal([-0.5f, 2.5f], (0.5f - a).ToFloats());
        Assert.Equal([3, -6], (a * 3).ToFloats());
        Assert.Equal([3, -6], (3 * a).ToFloats());
        Assert.Equal([0.25f, -0.5f], (a / 4).ToFloats());
        Assert.Equal([0.5f, 0.25f], (2 / b).ToFloats());
        Assert.Equal([-1, 2], (-a).ToFloats());
    }

    /// <summary>d/da of Σ (2 - a·b)² / (1 + b) is -2b (2 - a·b) / (1 + b).</summary>
    [Fact]
    public void Operators_are_recorded()
    {
        Tensor a = Leaf(new Shape(2, 1), [1, -2]);
        Tensor b = Tensor.From(_cpu, new Shape(1, 2), [1f, 3f]);
        Functional.Sum(Functional.Square(2 - (a * b)) / (1 + b)).Backward();
        Assert.Equal([-1f + 1.5f, -4f - 12f], a.Grad!.ToFloats());
    }

    /// <summary>A vector is one number a channel where it is the second operand, and a last dimension where it is the first.</summary>
    [Fact]
    public void A_vector_is_per_channel_as_second_operand()
    {
        Tensor map = Tensor.Zeros(_cpu, new Shape(1, 2, 1, 2));
        Tensor vector = Tensor.From(_cpu, new Shape(2), [1f, 2f]);
        Assert.Equal([1, 1, 2, 2], (map + vector).ToFloats());
        Assert.Equal([1, 2, 1, 2], (vector + map).ToFloats());
        Assert.Equal([1, 2, 1, 2], (map + Functional.Reshape(vector, new Shape(1, 1, 1, 2))).ToFloats());
    }

    /// <summary>The spatial softmax of channel-wise distillation, its parts as in PyTorch: each map's probabilities sum to 1.</summary>
    [Fact]
    public void A_softmax_over_pixels_is_composed()
    {
        float[] values = [.. Enumerable.Range(0, 24).Select(i => MathF.Sin(i))];
        Tensor x = Leaf(new Shape(2, 3, 2, 2), values);
        Tensor powers = Functional.Exp(x - Functional.Max(x, [2, 3], keepdim: true));
        Tensor p = powers / Functional.Sum(powers, [2, 3], keepdim: true);
        Assert.All(Functional.Sum(p, [2, 3]).ToFloats(), sum => Assert.Equal(1, sum, 1e-6f));
        Functional.Sum(p).Backward();
        Assert.All(x.Grad!.ToFloats(), g => Assert.Equal(0, g, 1e-6f));
    }

    private Tensor Leaf(Shape shape, float[] values)
    {
        Tensor tensor = Tensor.From(_cpu, shape, values);
        tensor.RequiresGrad = true;
        return tensor;
    }
}
