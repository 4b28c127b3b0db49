using HeteroAKD.Nn.Layers;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Nn.Tests.Layers;

/// <summary>Dropout, channel dropout and drop-path: what is zeroed, by what scale the rest grows, and that masks are functions of (key, name).</summary>
public sealed class RandomMaskTests : IDisposable
{
    private readonly Device _device = Device.Open("cpu", 2);

    public void Dispose() => _device.Dispose();

    [Fact]
    public void Evaluation_and_probability_zero_pass_the_input_through()
    {
        using Tensor x = Tensor.Full(_device, new Shape(4, 3), 1);
        Assert.Same(x, new Dropout(Site("a"), 0.5f).Forward(x, Pass.Evaluation));
        Assert.Same(x, new DropPath(Site("a"), 0).Forward(x, Pass.Train(1)));
    }

    [Fact]
    public void A_key_in_device_memory_gives_the_same_masks()
    {
        using Tensor counter = Tensor.From(_device, new Shape(1), [7]);
        foreach (Layer layer in new Layer[] { new Dropout(Site("a")), new DropPath(Site("b"), 0.5f), new Dropout2d(Site("c")) })
        {
            Shape shape = new(16, 8, 3, 3);
            Assert.Equal(Masked(layer, Pass.Train(7), shape), Masked(layer, Pass.Train(0) with { Counter = counter }, shape));
        }
    }

    [Fact]
    public void Masks_depend_on_key_and_name_alone()
    {
        float[] first = Masked(new Dropout(Site("a")), Pass.Train(1), new Shape(1000));
        Assert.Equal(first, Masked(new Dropout(Site("a")), Pass.Train(1), new Shape(1000)));
        Assert.NotEqual(first, Masked(new Dropout(Site("a")), Pass.Train(2), new Shape(1000)));
        Assert.NotEqual(first, Masked(new Dropout(Site("b")), Pass.Train(1), new Shape(1000)));
    }

    [Fact]
    public void Dropout_zeroes_elements_with_its_probability_and_scales_the_rest()
    {
        const int N = 100_000;
        float[] values = Masked(new Dropout(Site("a"), 0.2f), Pass.Train(3), new Shape(N));
        Assert.All(values, v => Assert.True(v == 0 || Math.Abs(v - 1.25f) < 1e-6f, $"{v} is neither 0 nor 1.25"));
        Assert.InRange((values.Count(v => v == 0) / (double)N) - 0.2, -4 * Math.Sqrt(0.16 / N), 4 * Math.Sqrt(0.16 / N));
    }

    [Fact]
    public void Dropout2d_zeroes_whole_channels()
    {
        float[] values = Masked(new Dropout2d(Site("a"), 0.5f), Pass.Train(4), new Shape(8, 16, 3, 5)); // 128 channels of 15
        CheckPieces(values, 15, 2);
    }

    [Fact]
    public void DropPath_zeroes_whole_samples()
    {
        float[] values = Masked(new DropPath(Site("a"), 0.5f), Pass.Train(5), new Shape(128, 3, 7));
        CheckPieces(values, 21, 2);
    }

    [Theory]
    [InlineData(-0.1f)]
    [InlineData(1f)]
    [InlineData(float.NaN)]
    public void A_probability_outside_0_to_1_is_refused(float p) =>
        Assert.Contains("'head.dropout'", Assert.Throws<HeteroAkdException>(() => new Dropout(Site("head.dropout"), p)).Message);

    private static void CheckPieces(float[] values, int pieceLength, float scale)
    {
        int zeroed = 0;
        for (int start = 0; start < values.Length; start += pieceLength)
        {
            float first = values[start];
            Assert.True(first == 0 || Math.Abs(first - scale) < 1e-6f);
            Assert.All(values.AsSpan(start, pieceLength).ToArray(), v => Assert.Equal(first, v));
            zeroed += first == 0 ? 1 : 0;
        }

        double pieces = values.Length / pieceLength;
        Assert.InRange((zeroed / pieces) - 0.5, -4 * Math.Sqrt(0.25 / pieces), 4 * Math.Sqrt(0.25 / pieces));
    }

    private float[] Masked(Layer layer, in Pass pass, Shape shape)
    {
        using StepScope step = _device.BeginStep();
        return layer.Forward(Tensor.Full(_device, shape, 1), pass).ToFloats();
    }

    private Site Site(string path) => new(_device, null, path);
}
