using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Devices;

namespace HeteroAKD.Nn.Tests.Models;

/// <summary>Sizes of the networks against the figures of the papers and of the reference experiment.</summary>
public sealed class ParameterCountTests : IDisposable
{
    private readonly Device _device = new MetaDevice();

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
    [InlineData("deeplabv3-resnet101", 61.119)]
    [InlineData("deeplabv3-resnet18", 13.608)]
    [InlineData("pspnet-resnet18", 12.919)]
    [InlineData("pspnet-resnet101", 68.072)]
    [InlineData("deeplabv3-mobilenetv2", 3.233)]
    [InlineData("pspnet-mobilenetv2", 2.655)]
    [InlineData("segformer-b0", 3.719)]
    [InlineData("segformer-b1", 13.682)]
    [InlineData("segformer-b2", 27.362)]
    [InlineData("segformer-b3", 47.238)]
    [InlineData("segformer-b4", 64.008)]
    [InlineData("segformer-b5", 84.609)]
    [InlineData("deeplabv3-mit-b4", 62.977)]
    [InlineData("deeplabv3-mit-b1", 15.286)]
    public void Networks_with_19_classes_have_the_published_size(string name, double millions) => Assert.Equal(millions, Millions(name, 19));

    [Theory]
    [InlineData("deeplabv3-resnet101", 21, 61.120)]
    [InlineData("deeplabv3-resnet18", 21, 13.608)]
    [InlineData("pspnet-resnet18", 21, 12.920)]
    [InlineData("deeplabv3-mobilenetv2", 21, 3.233)]
    [InlineData("deeplabv3-resnet101", 150, 61.186)]
    [InlineData("deeplabv3-resnet18", 150, 13.633)]
    [InlineData("pspnet-resnet18", 150, 12.945)]
    [InlineData("deeplabv3-mobilenetv2", 150, 3.250)]
    [InlineData("segformer-b4", 150, 64.109)]
    public void Networks_with_other_classes_have_the_published_size(string name, int classes, double millions) =>
        Assert.Equal(millions, Millions(name, classes));

    [Theory]
    [InlineData("deeplabv3-resnet101", 42.624)]
    [InlineData("pspnet-resnet101", 42.624)]
    [InlineData("deeplabv3-resnet18", 11.325)]
    [InlineData("deeplabv3-mobilenetv2", 1.812)]
    [InlineData("segformer-b0", 3.319)]
    [InlineData("segformer-b1", 13.151)]
    [InlineData("deeplabv3-mit-b4", 60.843)]
    public void Encoders_have_the_published_size(string name, double millions)
    {
        using SegmentationModel model = ModelZoo.Create(name, 19, _device, seed: null);
        Module encoder = model.Children[0];
        Assert.Equal("encoder", encoder.Path);
        Assert.Equal(millions, Math.Round(encoder.CountParameters() / 1e6, 3));
    }

    // torchvision's resnet18, resnet50 and resnet101 have 11689512, 25557032 and 44549160 parameters with their classifier of 1000 classes.
    [Theory]
    [InlineData("deeplabv3-resnet18b", 11_689_512 - (512 * 1000) - 1000)]
    [InlineData("pspnet-resnet50b", 25_557_032 - (2048 * 1000) - 1000)]
    [InlineData("pspnet-resnet101b", 44_549_160 - (2048 * 1000) - 1000)]
    public void Plain_stem_encoders_are_the_size_of_torchvisions(string name, long expected)
    {
        using SegmentationModel model = ModelZoo.Create(name, 19, _device, seed: null);
        Assert.Equal(expected, model.Children[0].CountParameters());
    }

    private double Millions(string name, int classes)
    {
        using SegmentationModel model = ModelZoo.Create(name, classes, _device, seed: null);
        return Math.Round(model.CountParameters() / 1e6, 3);
    }
}
