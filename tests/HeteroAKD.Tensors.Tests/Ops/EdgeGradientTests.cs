using HeteroAKD.Tensors.Autograd;
using static HeteroAKD.Tensors.Functional;

namespace HeteroAKD.Tensors.Tests.Ops;

/// <summary>Gradients where a rounding or a NaN could hide what PyTorch 1.13 gives.</summary>
public sealed class EdgeGradientTests : IDisposable
{
    private readonly Device _cpu = Device.Open("cpu", 1);
    private readonly StepScope _step;

    public EdgeGradientTests() => _step = _cpu.BeginStep();

    public void Dispose()
    {
        _step.Dispose();
        _cpu.Dispose();
    }

    /// <summary>The softmax over one key is 1 whatever the query: nothing flows through it.</summary>
    [Theory]
    [InlineData(1, 4)]
    [InlineData(7, 8)]
    [InlineData(33, 32)]
    public void Attention_over_one_key_has_no_gradient_but_that_of_the_value(int queries, int channels)
    {
        Tensor query = Leaf(new Shape(2, queries, channels), 3);
        Tensor keyValue = Leaf(new Shape(2, 1, 2 * channels), 5);
        Sum(Attention(query, keyValue, heads: 2) * Leaf(new Shape(2, queries, channels), 9)).Backward();
        Assert.All(query.Grad!.ToFloats(), g => Assert.Equal(0, g));
        float[] gradient = keyValue.Grad!.ToFloats();
        Assert.All(
            Enumerable.Range(0, gradient.Length),
            i => Assert.True(i % (2 * channels) < channels ? gradient[i] == 0 : gradient[i] != 0, $"element {i} is {gradient[i]}"));
    }

    [Theory]
    [InlineData(float.NaN, 1)]
    [InlineData(float.NegativeInfinity, 0)]
    [InlineData(float.PositiveInfinity, 1)]
    [InlineData(0f, 0)]
    public void Relu_is_PyTorchs(float x, float expected) => Assert.Equal(expected, GradientAt(Relu, x));

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.NegativeInfinity)]
    [InlineData(float.PositiveInfinity)]
    public void Silu_is_NaN_where_PyTorchs_is(float x) => Assert.Equal(float.NaN, GradientAt(Silu, x));

    private float GradientAt(Func<Tensor, Tensor> function, float x)
    {
        Tensor input = Tensor.From(_cpu, new Shape(1), [x]);
        input.RequiresGrad = true;
        function(input).Backward();
        return input.Grad!.ToFloats()[0];
    }

    private Tensor Leaf(Shape shape, int seed)
    {
        Random random = new(seed);
        Tensor tensor = Tensor.From(_cpu, shape, [.. Enumerable.Range(0, shape.Count).Select(_ => (float)((4 * random.NextDouble()) - 2))]);
        tensor.RequiresGrad = true;
        return tensor;
    }
}
