using HeteroAKD.Nn.Initialization;
using HeteroAKD.Nn.Layers;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Nn.Tests.Layers;

/// <summary>Layers hand their parameters and options on to the operations; results by hand.</summary>
public sealed class LayerTests : IDisposable
{
    private readonly Device _device = Device.Open("cpu", 1);

    public void Dispose() => _device.Dispose();

    [Fact]
    public void Linear_multiplies_by_the_transposed_weight()
    {
        using Linear linear = new(Site, 2, 3);
        Set(linear, "weight", 1, 2, 3, 4, 5, 6);
        Set(linear, "bias", 10, 20, 30);
        Assert.Equal([15, 31, 47], Apply(linear, new Shape(1, 2), 1, 2));
        using Linear plain = new(Site, 2, 3, bias: false);
        Assert.Single(plain.State());
    }

    [Fact]
    public void Conv2d_hands_every_option_on()
    {
        using Conv2d conv = new(Site, 2, 2, 3, stride: 2, padding: 2, dilation: 2, groups: 2);
        Assert.Equal(new Shape(2, 1, 3, 3), conv.State()[0].Tensor.Shape);
        Set(conv, "weight", 0, 0, 0, 0, 1, 2, 0, 0, 0, /* second group */ 0, 0, 0, 0, 1, 0, 0, 3, 0);
        Set(conv, "bias", 0, 100);
        float[] rising = [.. Enumerable.Range(0, 32).Select(i => (float)i)]; // [1, 2, 4, 4]

        // Taps two apart at every second pixel: x[i,j] + 2·x[i,j+2], and x[i,j] + 3·x[i+2,j] + 100.
        Assert.Equal([4, 2, 28, 10, 188, 196, 124, 126], Apply(conv, new Shape(1, 2, 4, 4), rising));
    }

    [Fact]
    public void Conv2d_takes_one_option_for_rows_and_one_for_columns()
    {
        using Conv2d conv = new(Site, 1, 1, new Size2d(1, 2), stride: new Size2d(2, 1), padding: new Size2d(1, 0), dilation: new Size2d(1, 2), bias: false);
        Assert.Equal(new Shape(1, 1, 1, 2), conv.State()[0].Tensor.Shape);
        Set(conv, "weight", 1, 10);

        // Rows -1, 1 and 3 of a map of 3: only the second is there. Taps two columns apart.
        Assert.Equal([0, 0, 64, 75, 0, 0], Apply(conv, new Shape(1, 1, 3, 4), 0, 0, 0, 0, 4, 5, 6, 7, 0, 0, 0, 0));
    }

    [Fact]
    public void ConvTranspose2d_hands_every_option_on()
    {
        using ConvTranspose2d conv = new(
            Site, 2, 2, new Size2d(1, 2), stride: new Size2d(1, 2), outputPadding: new Size2d(0, 1), groups: 2, dilation: new Size2d(1, 2));
        Assert.Equal(new Shape(2, 1, 1, 2), conv.State()[0].Tensor.Shape);
        Set(conv, "weight", 1, 10, 2, 20);
        Set(conv, "bias", 0, 100);

        // Element x at column c adds x · first tap at 2c and x · second tap at 2c + 2; one column more to the right.
        Assert.Equal([3, 0, 34, 0, 40, 0, 110, 100, 212, 100, 220, 100], Apply(conv, new Shape(1, 2, 1, 2), 3, 4, 5, 6));
        using ConvTranspose2d cut = new(Site, 1, 1, 3, padding: 1, bias: false);
        Set(cut, "weight", 0, 0, 0, 0, 2, 0, 0, 0, 0);
        Assert.Equal([2, 4, 6, 8], Apply(cut, new Shape(1, 1, 2, 2), 1, 2, 3, 4));
    }

    [Fact]
    public void GroupNorm_normalises_groups_of_channels()
    {
        using GroupNorm norm = new(Site, 2, 4, eps: 0);
        Set(norm, "weight", 1, 2, 3, 4);
        Set(norm, "bias", 0, 10, 20, 30);
        AssertNear([-1, 12, 17, 34], Apply(norm, new Shape(1, 4), 1, 3, 5, 9));
        Assert.Contains("3 groups", Assert.Throws<ShapeMismatchException>(() => new GroupNorm(Site, 3, 4)).Message);
    }

    [Fact]
    public void Groups_that_do_not_divide_the_channels_are_refused() =>
        Assert.All(
            new Func<Layer>[] { () => new Conv2d(Site, 4, 6, 3, groups: 3), () => new ConvTranspose2d(Site, 4, 6, 3, groups: 3) },
            make => Assert.Contains("3 groups", Assert.Throws<ShapeMismatchException>(make).Message));

    [Fact]
    public void LayerNorm_normalises_the_last_dimension()
    {
        using LayerNorm norm = new(Site, 2, eps: 0);
        Set(norm, "weight", 2, 3);
        Set(norm, "bias", 10, 20);
        AssertNear([8, 23, 12, 17], Apply(norm, new Shape(2, 2), 1, 3, 5, -5));
    }

    [Fact]
    public void BatchNorm2d_uses_the_batch_while_training_and_running_statistics_after()
    {
        using BatchNorm2d norm = new(Site, 1, eps: 0, momentum: 0.25f);
        Shape shape = new(2, 1, 1, 2);
        AssertNear([-1.3416408f, -0.4472136f, 0.4472136f, 1.3416408f], Apply(norm, shape, Pass.Train(0), 1, 2, 3, 4));

        // Mean 2.5, unbiased variance 5/3, a quarter of the way from (0, 1).
        AssertNear([0.625f], State(norm, "running_mean").ToFloats());
        AssertNear([0.75f + (5f / 12)], State(norm, "running_var").ToFloats());
        float deviation = MathF.Sqrt(0.75f + (5f / 12));
        AssertNear([-0.625f / deviation, 0.375f / deviation, 1.375f / deviation, 2.375f / deviation], Apply(norm, shape, Pass.Evaluation, 0, 1, 2, 3));
        AssertNear([0.625f], State(norm, "running_mean").ToFloats());
    }

    [Theory]
    [InlineData(Activation.None, -11, -1, 5, 13)]
    [InlineData(Activation.Relu, 0, 0, 5, 13)]
    [InlineData(Activation.Relu6, 0, 0, 5, 6)]
    public void ConvBn_adds_the_residual_before_the_activation(Activation activation, float a, float b, float c, float d)
    {
        using ConvBn conv = new(Site, 1, 1, 1, activation: activation);
        Set(conv, "conv.weight", 2);
        Set(conv, "bn.bias", 1);
        using StepScope step = _device.BeginStep();
        Tensor x = Tensor.From(_device, new Shape(1, 1, 2, 2), [-1f, 0, 1, 2]);
        Tensor residual = Tensor.From(_device, new Shape(1, 1, 2, 2), [-10f, -2, 2, 8]);
        AssertNear([a, b, c, d], conv.Forward(x, residual, Pass.Evaluation).ToFloats(), 1e-4f); // eps 1e-5 of the normalisation
    }

    [Fact]
    public void Dilated_ConvBn_keeps_the_size()
    {
        using ConvBn conv = new(Site, 3, 5, 3, dilation: 4);
        using StepScope step = _device.BeginStep();
        Assert.Equal(new Shape(2, 5, 7, 9), conv.Forward(Tensor.Zeros(_device, new Shape(2, 3, 7, 9)), Pass.Evaluation).Shape);
    }

    [Fact]
    public void Pooling_and_enlarging()
    {
        float[] rising = [.. Enumerable.Range(0, 16).Select(i => (float)i)];
        Shape shape = new(1, 1, 4, 4);
        Assert.Equal([5, 7, 13, 15], Apply(new MaxPool2d(Site, 2), shape, rising));
        Assert.Equal([5, 7, 13, 15], Apply(new MaxPool2d(Site, 3, stride: 2, padding: 1), shape, rising));
        AssertNear([2.5f, 4.5f, 10.5f, 12.5f], Apply(new AdaptiveAvgPool2d(Site, 2, 2), shape, rising));
        AssertNear([0, 0.25f, 0.75f, 1, 0, 0.25f, 0.75f, 1], Apply(new Upsample(Site, 2), new Shape(1, 1, 1, 2), 0, 1));
        AssertNear([0, 1 / 3f, 2 / 3f, 1, 0, 1 / 3f, 2 / 3f, 1], Apply(new Upsample(Site, 2, alignCorners: true), new Shape(1, 1, 1, 2), 0, 1));
    }

    private Site Site => new(_device, new Generator(1));

    private static void AssertNear(float[] expected, float[] actual, float tolerance = 2e-6f)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.InRange(actual[i], expected[i] - (tolerance * (1 + Math.Abs(expected[i]))), expected[i] + (tolerance * (1 + Math.Abs(expected[i]))));
        }
    }

    private static Tensor State(Module module, string name) => module.State().Single(e => e.Name == name).Tensor;

    private static void Set(Module module, string name, params float[] values) => State(module, name).CopyFrom(values);

    private float[] Apply(Layer layer, Shape shape, params float[] values) => Apply(layer, shape, Pass.Evaluation, values);

    private float[] Apply(Layer layer, Shape shape, in Pass pass, params float[] values)
    {
        using StepScope step = _device.BeginStep();
        return layer.Forward(Tensor.From(_device, shape, values), pass).ToFloats();
    }
}
