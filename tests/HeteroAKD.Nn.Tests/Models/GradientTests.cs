using HeteroAKD.Nn.Initialization;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Nn.Tests.Models;

/// <summary>Backward passes of whole networks.</summary>
public sealed class GradientTests : IDisposable
{
    private readonly Device _device = Device.Open("cpu", 2);

    public void Dispose() => _device.Dispose();

    [Theory]
    [InlineData("tiny-cnn-student")]
    [InlineData("tiny-cnn-teacher")]
    [InlineData("tiny-mit-student")]
    [InlineData("tiny-mit-teacher")]
    [InlineData("segformer-b0")]
    [InlineData("deeplabv3-resnet18")]
    [InlineData("deeplabv3-mobilenetv2")]
    [InlineData("pspnet-resnet50b")]
    [InlineData("deeplabv3-mit-b0")]
    public void A_gradient_reaches_every_parameter(string name)
    {
        using SegmentationModel model = ModelZoo.Create(name, 5, _device, seed: 2);
        using (_device.BeginStep())
        {
            SegmentationOutput output = model.Forward(Images(3, 64, DType.Float32), Pass.Train(1));
            Tensor loss = Dot(output.Logits);
            (output.AuxLogits is null ? loss : Functional.Add(loss, Dot(output.AuxLogits))).Backward();
            foreach (Tensor parameter in model.Parameters())
            {
                Assert.True(parameter.Grad is not null, $"{parameter.Name} has no gradient");
                float[] gradient = parameter.Grad.ToFloats();
                Assert.True(gradient.All(float.IsFinite), $"the gradient of {parameter.Name} is not finite");
                Assert.True(gradient.Any(g => g != 0), $"the gradient of {parameter.Name} is zero");
            }
        }
    }

    [Fact]
    public void A_frozen_network_records_nothing()
    {
        using SegmentationModel model = ModelZoo.Create("tiny-mit-student", 5, _device, seed: 2);
        model.RequireGrad(false);
        using StepScope step = _device.BeginStep();
        Assert.False(model.Forward(Images(1, 32, DType.Float32), Pass.Evaluation).Logits.RequiresGrad);
        Assert.Equal(0, _device.Tape.Count);
    }

    /// <summary>In float64, the slope of the loss along a random direction of all parameters against the gradient's.</summary>
    [Theory]
    [InlineData("tiny-cnn-student")]
    [InlineData("tiny-mit-student")]
    public void The_gradient_is_the_slope_of_the_loss(string name)
    {
        const double Step = 1e-7; // so small that hardly any ReLU changes sides
        using SegmentationModel model = ModelZoo.Create(name, 5, _device, seed: 2, DType.Float64);
        Generator generator = new(11);
        List<(Tensor Parameter, double[] Start, double[] Direction)> moves = [];
        double slope = 0;
        using (_device.BeginStep())
        {
            Dot(model.Forward(Images(2, 32, DType.Float64), Pass.Train(1)).Logits).Backward();
            foreach (Tensor parameter in model.Parameters())
            {
                double[] direction = [.. Enumerable.Range(0, parameter.Shape.Count).Select(_ => generator.NextNormal())];
                slope += parameter.Grad!.ToDoubles().Zip(direction, (g, d) => g * d).Sum();
                moves.Add((parameter, parameter.ToDoubles(), direction));
            }
        }

        double difference = (LossAt(model, moves, Step) - LossAt(model, moves, -Step)) / (2 * Step);
        Assert.InRange(Math.Abs(difference - slope), 0, 1e-5 * Math.Abs(slope));
    }

    private double LossAt(SegmentationModel model, List<(Tensor Parameter, double[] Start, double[] Direction)> moves, double distance)
    {
        foreach ((Tensor parameter, double[] start, double[] direction) in moves)
        {
            double[] moved = [.. start.Zip(direction, (s, d) => s + (distance * d))];
            parameter.CopyFrom(moved);
        }

        using StepScope step = _device.BeginStep();
        return Dot(model.Forward(Images(2, 32, DType.Float64), Pass.Train(1)).Logits).Item();
    }

    /// <summary>A scalar whose gradient for the logits is a random tensor.</summary>
    private Tensor Dot(Tensor logits)
    {
        Shape row = new(1, logits.Shape.Count);
        Tensor weights = Tensor.From(_device, row, Random(row, 21), logits.DType);
        return Functional.Linear(Functional.Reshape(logits, row), weights);
    }

    private Tensor Images(int count, int size, DType type)
    {
        Shape shape = new(count, 3, size, size);
        return Tensor.From(_device, shape, Random(shape, 9), type);
    }

    private static float[] Random(Shape shape, int seed)
    {
        float[] values = new float[shape.Count];
        Init.TruncNormal(1)(values, shape, new Generator(seed));
        return values;
    }
}
