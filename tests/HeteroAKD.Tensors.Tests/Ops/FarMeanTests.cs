using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Tensors.Tests.Ops;

/// <summary>Channels whose mean is thousands of times their deviation: the running variance has float32's digits on every device, as PyTorch's has.</summary>
public sealed class FarMeanTests(TestDevices devices)
{
    private const int Images = 3;
    private const int Channels = 2;
    private const int Side = 40;

    [Theory]
    [InlineData("cpu", 1e4f)]
    [InlineData("cpu", -3e3f)]
    [InlineData("simulator", 1e4f)]
    [InlineData("opencl", 1e4f)]
    [InlineData("cuda", 1e4f)]
    public void Running_variance_is_within_four_roundings(string name, float far)
    {
        Device device = name switch { "cpu" => devices.Cpu, "simulator" => devices.Simulator, "opencl" => devices.OpenCL, _ => devices.Cuda };
        Random random = new(3);
        float[] values = [.. Enumerable.Range(0, Images * Channels * Side * Side).Select(_ => far + (float)((2 * random.NextDouble()) - 1))];
        using StepScope step = device.BeginStep();
        Tensor variance = Tensor.Zeros(device, new Shape(Channels));
        BatchNormalization.Row.Apply(
            new BatchNormAttributes(Training: true, Momentum: 1), Tensor
                .From(device, new Shape(Images, Channels, Side, Side), values), Tensor.Full(device, new Shape(Channels), 1),
            Tensor.Zeros(device, new Shape(Channels)), Tensor.Zeros(device, new Shape(Channels)), variance);
        float[] found = variance.ToFloats();
        for (int c = 0; c < Channels; c++)
        {
            double[] own = [.. values.Where((_, i) => i / (Side * Side) % Channels == c).Select(v => (double)v)];
            double mean = own.Average();
            double expected = own.Sum(v => (v - mean) * (v - mean)) / (own.Length - 1);
            Assert.Equal(1, found[c] / expected, 4 * 1.2e-7);
        }
    }
}
