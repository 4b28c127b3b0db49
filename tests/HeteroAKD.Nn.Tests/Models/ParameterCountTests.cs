using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;

namespace HeteroAKD.Nn.Tests.Models;

/// <summary>Sizes of the networks against the figures of the papers and of the reference experiment.</summary>
public sealed class ParameterCountTests : IDisposable
{
    private readonly Device _device = Device.Open("cpu", 1);

    public void Dispose() => _device.Dispose();

    [Theory]
    [InlineData("tiny-cnn-student", 89_523)]
    [InlineData("tiny-cnn-teacher", 1_875_915)]
    [InlineData("tiny-mit-student", 244_667)]
    [InlineData("tiny-mit-teacher", 2_108_011)]
    public void Tiny_networks_with_11_classes_have_the_exact_size(string name, long expected)
    {
        using SegmentationModel model = ModelZoo.Create(name, 11, _device, seed: null);
        Assert.Equal(expected, model.CountParameters());
    }

    [Theory]
    [InlineData("segformer-b0", 19, 3.719)]
    [InlineData("segformer-b1", 19, 13.682)]
    [InlineData("segformer-b2", 19, 27.362)]
    [InlineData("segformer-b3", 19, 47.238)]
    [InlineData("segformer-b4", 19, 64.008)]
    [InlineData("segformer-b4", 150, 64.109)]
    [InlineData("segformer-b5", 19, 84.609)]
    [InlineData("deeplabv3-resnet18", 19, 13.608)]
    [InlineData("deeplabv3-resnet18", 150, 13.633)]
    [InlineData("deeplabv3-mobilenetv2", 19, 3.233)]
    [InlineData("deeplabv3-mobilenetv2", 150, 3.250)]
    public void Published_networks_have_the_published_size(string name, int classes, double millions)
    {
        using SegmentationModel model = ModelZoo.Create(name, classes, _device, seed: null);
        Assert.Equal(millions, Math.Round(model.CountParameters() / 1e6, 3));
    }

    [Theory]
    [InlineData("segformer-b0", 3.319)]
    [InlineData("segformer-b1", 13.151)]
    [InlineData("deeplabv3-resnet18", 11.325)]
    [InlineData("deeplabv3-mobilenetv2", 1.812)]
    public void Encoders_have_the_published_size(string name, double millions)
    {
        using SegmentationModel model = ModelZoo.Create(name, 19, _device, seed: null);
        Module encoder = model.Children[0];
        Assert.Equal("encoder", encoder.Path);
        Assert.Equal(millions, Math.Round(encoder.CountParameters() / 1e6, 3));
    }
}
