using HeteroAKD.Nn.Initialization;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Devices;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Nn.Tests.Models;

/// <summary>Networks run: shapes of everything they return, training against evaluation, same key same bits.</summary>
public sealed class ForwardTests : IDisposable
{
    private readonly Device _device = Device.Open("cpu", 2);

    public void Dispose() => _device.Dispose();

    [Theory]
    [InlineData("tiny-cnn-student", 96, 128)]
    [InlineData("tiny-cnn-teacher", 96, 128)]
    [InlineData("tiny-mit-student", 96, 128)]
    [InlineData("tiny-mit-teacher", 96, 128)]
    [InlineData("segformer-b0", 64, 96)]
    [InlineData("deeplabv3-resnet18", 32, 64)]
    [InlineData("deeplabv3-mobilenetv2", 64, 32)]
    [InlineData("deeplabv3-resnet50", 32, 64)]
    [InlineData("deeplabv3-mit-b0", 64, 96)]
    [InlineData("pspnet-resnet18b", 32, 64)]
    [InlineData("pspnet-mobilenetv2", 64, 32)]
    public void Outputs_have_the_announced_sizes(string name, int height, int width)
    {
        using SegmentationModel model = ModelZoo.Create(name, 11, _device, seed: 1);
        using StepScope step = _device.BeginStep();
        using NoGrad noGrad = new();
        SegmentationOutput output = model.Forward(Images(2, height, width), Pass.Evaluation);
        int h = height / model.OutputStride;
        int w = width / model.OutputStride;
        Assert.Equal(new Shape(2, 11, h, w), output.Logits.Shape);
        Assert.Equal(new Shape(2, model.HeadChannels, h, w), output.HeadFeature.Shape);
        Assert.Equal(model.FeatureChannels.Count, output.Features.Count);
        for (int s = 0; s < output.Features.Count; s++)
        {
            int stride = model.FeatureStrides[s];
            Assert.Equal(new Shape(2, model.FeatureChannels[s], height / stride, width / stride), output.Features[s].Shape);
        }

        Assert.Null(output.AuxLogits);
        float[] logits = output.Logits.ToFloats();
        Assert.All(logits, v => Assert.True(float.IsFinite(v)));
        Assert.True(logits.Max() > logits.Min());
        Assert.Equal(0, _device.Tape.Count);
    }

    // Of all that a network makes, evaluation holds one block's maps and the stages' results; training, and a gradient asked for in evaluation mode, hold
    // everything.
    [Theory]
    [InlineData("deeplabv3-resnet101", 0.12)]
    [InlineData("segformer-b4", 0.22)]
    [InlineData("deeplabv3-mobilenetv2", 0.18)]
    [InlineData("tiny-mit-teacher", 0.28)]
    public void Evaluation_gives_back_what_no_backward_pass_wants(string name, double share)
    {
        long evaluation = Peak(name, Pass.Evaluation, gradients: false);
        long wanted = Peak(name, Pass.Evaluation, gradients: true);
        long training = Peak(name, Pass.Train(1), gradients: true);
        Assert.True(evaluation < share * training, $"{evaluation} of {training} bytes");
        Assert.True(wanted > 0.8 * training, $"{wanted} of {training} bytes");
    }

    [Theory]
    [InlineData("tiny-cnn-student", 12, 16, 48)]
    [InlineData("tiny-cnn-teacher", 12, 16, 192)]
    [InlineData("tiny-mit-student", 6, 8, 96)]
    [InlineData("tiny-mit-teacher", 6, 8, 192)]
    public void Distillation_features_of_the_tiny_networks_are_those_of_the_reference_experiment(string name, int height, int width, int channels)
    {
        using SegmentationModel model = ModelZoo.Create(name, 11, _device, seed: 1);
        using StepScope step = _device.BeginStep();
        SegmentationOutput output = model.Forward(Images(1, 96, 128), Pass.Evaluation);
        Assert.Equal(new Shape(1, channels, height, width), output.Features[^1].Shape);
        Assert.Equal(channels, model.FeatureChannels[^1]);
        Assert.Equal(new Shape(1, 11, 12, 16), output.Logits.Shape);
    }

    [Theory]
    [InlineData("tiny-cnn-student")]
    [InlineData("tiny-mit-student")]
    public void Sizes_that_no_stride_divides_work(string name)
    {
        using SegmentationModel model = ModelZoo.Create(name, 3, _device, seed: 1);
        using StepScope step = _device.BeginStep();
        Assert.Equal(new Shape(1, 3, 6, 7), model.Forward(Images(1, 45, 51), Pass.Evaluation).Logits.Shape);
    }

    [Theory]
    [MemberData(nameof(ModelStateTests.AllNames), MemberType = typeof(ModelStateTests))]
    public void Every_network_announces_the_sizes_of_its_maps(string name)
    {
        using MetaDevice device = new();
        using SegmentationModel model = ModelZoo.Create(name, 19, device, seed: null);
        using StepScope step = device.BeginStep();
        SegmentationOutput output = model.Forward(Tensor.Empty(device, new Shape(2, 3, 128, 192)), Pass.Train(1));
        Assert.Equal(new Shape(2, 19, 128 / model.OutputStride, 192 / model.OutputStride), output.Logits.Shape);
        Assert.Equal(new Shape(2, model.HeadChannels, 128 / model.OutputStride, 192 / model.OutputStride), output.HeadFeature.Shape);
        Assert.Equal(name.Contains("-resnet", StringComparison.Ordinal), output.AuxLogits is not null);
        for (int s = 0; s < model.FeatureChannels.Count; s++)
        {
            int stride = model.FeatureStrides[s];
            Assert.Equal(new Shape(2, model.FeatureChannels[s], 128 / stride, 192 / stride), output.Features[s].Shape);
        }
    }

    [Theory]
    [InlineData("deeplabv3-resnet101", 2048, 256)]
    [InlineData("pspnet-resnet50", 2048, 512)]
    [InlineData("deeplabv3-resnet18b", 512, 128)]
    [InlineData("deeplabv3-mit-b4", 512, 128)]
    [InlineData("pspnet-mobilenetv2", 320, 128)]
    public void Heads_have_the_widths_of_the_code_base(string name, int deepest, int head)
    {
        using MetaDevice device = new();
        using SegmentationModel model = ModelZoo.Create(name, 19, device, seed: null);
        Assert.Equal((deepest, head), (model.FeatureChannels[^1], model.HeadChannels));
    }

    // Strides and dilations as the CIRKD code base has them; basic blocks split the opening dilation, bottlenecks have one dilated convolution.
    [Theory]
    [InlineData("deeplabv3-resnet18b", "stem.0", 2, 1)]
    [InlineData("deeplabv3-resnet18", "layer2.0.conv1", 2, 1)]
    [InlineData("deeplabv3-resnet18", "layer3.0.conv1", 1, 1)]
    [InlineData("deeplabv3-resnet18", "layer3.0.conv2", 1, 2)]
    [InlineData("deeplabv3-resnet18", "layer4.0.conv1", 1, 2)]
    [InlineData("deeplabv3-resnet18", "layer4.1.conv1", 1, 4)]
    [InlineData("pspnet-resnet50", "layer2.0.conv1", 1, 1)]
    [InlineData("pspnet-resnet50", "layer2.0.conv2", 2, 1)]
    [InlineData("pspnet-resnet50", "layer2.0.downsample", 2, 1)]
    [InlineData("pspnet-resnet50", "layer3.0.conv2", 1, 1)]
    [InlineData("pspnet-resnet50", "layer3.5.conv2", 1, 2)]
    [InlineData("pspnet-resnet50", "layer4.0.conv2", 1, 2)]
    [InlineData("pspnet-resnet50", "layer4.0.conv3", 1, 1)]
    [InlineData("pspnet-resnet50", "layer4.2.conv2", 1, 4)]
    public void Convolutions_of_resnets_have_these_strides_and_dilations(string name, string part, int stride, int dilation)
    {
        using MetaDevice device = new();
        using SegmentationModel model = ModelZoo.Create(name, 19, device, seed: null);
        using StepScope step = device.BeginStep();
        using GraphTrace trace = new(device);
        model.Forward(Tensor.Empty(device, new Shape(1, 3, 64, 64)), Pass.Evaluation);
        TracedOperation convolution = trace.Operations.Single(o => o.Inputs.Any(t => t?.Name == $"encoder.{part}.conv.weight"));
        Conv2dAttributes attributes = Assert.IsType<Conv2dAttributes>(convolution.Attributes);
        Assert.Equal<(Size2d, Size2d)>((stride, dilation), (attributes.Stride, attributes.Dilation));
    }

    [Fact]
    public void The_auxiliary_head_works_while_training_alone()
    {
        using SegmentationModel model = ModelZoo.Create("deeplabv3-resnet18", 4, _device, seed: 1);
        using StepScope step = _device.BeginStep();
        Assert.Equal(new Shape(2, 4, 4, 4), model.Forward(Images(2, 32, 32), Pass.Train(1)).AuxLogits!.Shape);
    }

    [Fact]
    public void Training_passes_with_one_key_are_equal_and_with_another_differ()
    {
        using SegmentationModel model = ModelZoo.Create("deeplabv3-mobilenetv2", 4, _device, seed: 1);
        float[] first = Logits(model, Pass.Train(5));
        Assert.Equal(first, Logits(model, Pass.Train(5)));
        Assert.NotEqual(first, Logits(model, Pass.Train(6)));
    }

    [Fact]
    public void Training_moves_running_statistics_and_evaluation_does_not()
    {
        using SegmentationModel model = ModelZoo.Create("tiny-cnn-student", 4, _device, seed: 1);
        float[] before = Buffers(model);
        float[] evaluated = Logits(model, Pass.Evaluation);
        Assert.Equal(before, Buffers(model));
        float[] trained = Logits(model, Pass.Train(1));
        Assert.NotEqual(before, Buffers(model));
        Assert.NotEqual(evaluated, trained);
    }

    [Theory]
    [InlineData("tiny-cnn-student")]
    [InlineData("tiny-mit-student")]
    public void An_image_does_not_see_its_neighbours_in_the_batch_in_evaluation(string name)
    {
        using SegmentationModel model = ModelZoo.Create(name, 4, _device, seed: 1);
        using StepScope step = _device.BeginStep();
        Tensor images = Images(2, 32, 32);
        float[] both = model.Forward(images, Pass.Evaluation).Logits.ToFloats();
        float[] second = model.Forward(images.View(new Shape(1, 3, 32, 32), 3 * 32 * 32), Pass.Evaluation).Logits.ToFloats();
        Assert.Equal(both.AsSpan(second.Length).ToArray(), second, (a, b) => Math.Abs(a - b) <= 1e-5 * (1 + Math.Abs(a)));
    }

    [Fact]
    public void Images_of_another_form_are_refused()
    {
        using SegmentationModel model = ModelZoo.Create("tiny-cnn-student", 4, _device, seed: 1);
        using StepScope step = _device.BeginStep();
        ShapeMismatchException e = Assert.Throws<ShapeMismatchException>(() => model.Forward(Tensor.Zeros(_device, new Shape(2, 1, 32, 32)), Pass.Evaluation));
        Assert.Contains("[2, 1, 32, 32], expected [N, 3, H, W]", e.Message);
    }

    private Tensor Images(int count, int height, int width)
    {
        Shape shape = new(count, 3, height, width);
        float[] values = new float[shape.Count];
        Init.TruncNormal(1)(values, shape, new Generator(9));
        return Tensor.From(_device, shape, values);
    }

    private float[] Logits(SegmentationModel model, in Pass pass)
    {
        using StepScope step = _device.BeginStep();
        return model.Forward(Images(3, 32, 32), pass).Logits.ToFloats();
    }

    private static long Peak(string name, in Pass pass, bool gradients)
    {
        using Device device = new MetaDevice();
        using SegmentationModel model = ModelZoo.Create(name, 19, device, seed: null);
        model.RequireGrad(gradients);
        long before = device.Allocator.InUse;
        device.Allocator.ResetPeak();
        using StepScope step = device.BeginStep();
        model.Forward(Tensor.Empty(device, new Shape(2, 3, 512, 512)), pass);
        return device.Allocator.Peak - before;
    }

    private static float[] Buffers(SegmentationModel model) => [.. model.Buffers().SelectMany(b => b.ToFloats())];
}
