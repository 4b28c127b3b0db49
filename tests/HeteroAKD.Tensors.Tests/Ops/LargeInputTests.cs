using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Tensors.Tests.Ops;

/// <summary>Tokens of a photo of a phone: more than 2^24 numbers in one image, of which the last are as right as they are alone.</summary>
public sealed class LargeInputTests(TestDevices devices)
{
    private const int Last = 70;

    [Theory]
    [InlineData((1 << 18) + 5, 3, 64, 1)]
    [InlineData((1 << 17) + 9, 5, 128, 2)]
    [InlineData(3, (1 << 17) + 9, 64, 2)]
    public void Attention_of_more_than_2_24_numbers(int queries, int keys, int channels, int heads)
    {
        using StepScope step = devices.Cpu.BeginStep();
        float[] q = Numbers(queries * channels), kv = Numbers(keys * 2 * channels);
        int last = Math.Min(Last, queries);
        (float[] output, float[] gradient) = Run(q, queries);
        (float[] expected, float[] expectedGradient) = Run(q[^(last * channels)..], last);
        Close(expected, output[^expected.Length..]);
        Close(expectedGradient, gradient[^expectedGradient.Length..]);

        (float[] Output, float[] Gradient) Run(float[] values, int count)
        {
            using Tensor query = Tensor.From(devices.Cpu, new Shape(1, count, channels), values);
            query.RequiresGrad = true;
            Tensor result = Attention.Row.Apply(new AttentionAttributes(heads), query, Tensor.From(devices.Cpu, new Shape(1, keys, 2 * channels), kv));
            devices.Cpu.Tape.Backward(result, Tensor.Full(devices.Cpu, result.Shape, 1));
            return (result.ToFloats(), query.Grad!.ToFloats());
        }
    }

    [Fact]
    public void Tokens_of_more_than_2_24_numbers()
    {
        using StepScope step = devices.Cpu.BeginStep();
        const int Channels = 17, Height = 1024, Width = 1025;
        float[] map = Numbers(Channels * Height * Width);
        Tensor tokens = Layout.ToTokens.Apply(default, Tensor.From(devices.Cpu, new Shape(1, Channels, Height, Width), map));
        float[] found = tokens.ToFloats();
        Assert.Equal(Enumerable.Range(1, Channels).Select(c => map[(c * Height * Width) - 1]), found[^Channels..]);
        Assert.Equal(map, Layout.ToMap.Apply(new MapAttributes(Height, Width), tokens).ToFloats());
    }

    private static float[] Numbers(int count)
    {
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++)
        {
            numbers[i] = (i * 2654435761u % 1000 / 500f) - 1;
        }

        return numbers;
    }

    private static void Close(float[] expected, float[] found)
    {
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.True(Math.Abs(expected[i] - found[i]) <= 1e-5, $"{found[i]} is not {expected[i]} at {i}");
        }
    }
}
