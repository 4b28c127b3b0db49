using HeteroAKD.Distillation;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Training.Optimization;

namespace HeteroAKD.Cuda.Tests.Runtime;

/// <summary>Networks that store activations as bfloat16 train like those that store float32, in less memory.</summary>
public sealed class BFloat16TrainingTests
{
    private const int Classes = 4;
    private const int Steps = 5;

    // Large enough for activations to need more memory than the pieces of weight gradients, which are float32.
    private const int Size = 64;

    public BFloat16TrainingTests(EmulatedCard card) => card.Require();

    [Theory]
    [InlineData("tiny-cnn-student")]
    [InlineData("tiny-mit-student")]
    public void Training_learns_as_in_float32_and_needs_less_memory(string name)
    {
        (double[] wide, long wideBytes) = Train(name, MatrixPrecision.Fp32);
        (double[] narrow, long narrowBytes) = Train(name, MatrixPrecision.Bf16);
        Assert.True(narrow[^1] < 0.8 * narrow[0], $"losses {string.Join(", ", narrow)}");
        for (int i = 0; i < Steps; i++)
        {
            // Products in bf16 alone, with all tensors float32, move the losses as far.
            Assert.True(Math.Abs(narrow[i] - wide[i]) < 0.05 * wide[0], $"losses {string.Join(", ", narrow)}; in float32 {string.Join(", ", wide)}");
        }

        Assert.True(narrowBytes < 0.75 * wideBytes, $"{narrowBytes} bytes beside the parameters, {wideBytes} in float32");
    }

    [Fact]
    public void Parameters_gradients_and_logits_are_float32_and_features_are_not()
    {
        using Device device = Device.Open("cuda", precision: MatrixPrecision.Bf16);
        using SegmentationModel model = ModelZoo.Create("tiny-cnn-student", Classes, device, seed: 1);
        using StepScope step = device.BeginStep();
        SegmentationOutput output = model.Forward(Images(device), Pass.Train(1));
        Assert.Equal(DType.Float32, output.Logits.DType);
        Assert.Equal(DType.BFloat16, output.Features[^1].DType);
        Assert.Equal(DType.BFloat16, output.HeadFeature.DType);
        device.Tape.Backward(output.Logits, Tensor.Full(device, output.Logits.Shape, 1));
        Assert.All(model.Parameters(), p => Assert.Equal((DType.Float32, DType.Float32), (p.DType, p.Grad!.DType)));
    }

    private static (double[] Losses, long Bytes) Train(string name, MatrixPrecision precision)
    {
        using Device device = Device.Open("cuda", precision: precision);
        using SegmentationModel model = ModelZoo.Create(name, Classes, device, seed: 3);
        using TaskLoss task = new(device, Classes, new TaskLossOptions(IgnoreIndex: 255));
        using FlatParameters parameters = new(device, [.. ParameterGroup.Of(model, "student", 1, 0, spareNormsAndBiases: true)]);
        using Optimizer optimizer = new(parameters, new OptimizerOptions());
        using Tensor images = Images(device);
        using Tensor labels = Tensor.From(
            device, new Shape(2, Size, Size), [.. Enumerable.Range(0, 2 * Size * Size).Select(i => (i / 16 % 2) + (i / (16 * Size) % 2 * 2))]);
        double[] losses = new double[Steps];
        long before = device.Allocator.InUse;
        device.Allocator.ResetPeak();
        for (int i = 0; i < Steps; i++)
        {
            optimizer.ZeroGrad();
            using (device.BeginStep())
            {
                Tensor loss = task.Loss(model, images, labels, Pass.Train(i)).Total;
                loss.Backward();
                losses[i] = loss.Item();
            }

            optimizer.Step(2e-3);
        }

        return (losses, device.Allocator.Peak - before);
    }

    private static Tensor Images(Device device)
    {
        Random random = new(7);
        return Tensor.From(
            device,
            new Shape(2, 3, Size, Size),
            [.. Enumerable.Range(0, 2 * 3 * Size * Size).Select(i => (float)((random.NextDouble() * 2) - 1) + (i / 16 % 2))]);
    }
}
