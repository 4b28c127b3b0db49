using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Cuda.Tests.Runtime;

/// <summary>Frozen networks on the card: folded, replayed as a graph, and near the unfolded pass in every precision.</summary>
public sealed class FrozenNetworkTests
{
    public FrozenNetworkTests(EmulatedCard card) => card.Require();

    // Shares of the largest logit. Products round their factors to 2^-9 with bf16, and folding changes what is rounded: two unfolded passes whose images differ
    // in the last bit of such a number are as far apart.
    [Theory]
    [InlineData("tiny-cnn-student", MatrixPrecision.Fp32, 2e-5)]
    [InlineData("tiny-cnn-student", MatrixPrecision.Bf16, 0.05)]
    [InlineData("tiny-mit-student", MatrixPrecision.Fp32, 2e-5)]
    public void Logits_are_those_of_the_network(string name, MatrixPrecision precision, double bound)
    {
        using Device device = Device.Open("cuda", precision: precision);
        using SegmentationModel model = ModelZoo.Create(name, 4, device, seed: 3);
        Shake(model);
        using FrozenNetwork frozen = model.Freeze();
        using StepScope scope = device.BeginStep();
        using NoGrad none = new();
        Tensor images = Images(device);
        float[] expected = model.Forward(images, Pass.Evaluation).Logits.ToFloats();
        float[] first = frozen.Logits(images).ToFloats();
        frozen.Logits(images); // recorded
        float[] replayed = frozen.Logits(images).ToFloats();
        SegmentationOutput all = frozen.Forward(images);
        Assert.Equal(device.ActivationType, all.HeadFeature.DType);
        Assert.Equal(first, replayed);
        Assert.Equal(first, all.Logits.ToFloats());
        double largest = expected.Max(Math.Abs);
        double difference = expected.Zip(first, (a, b) => Math.Abs((double)a - b)).Max();
        Assert.True(difference <= bound * largest, $"{difference:G3} of {largest:G3}");
    }

    // Statistics, scales and shifts that fold to something.
    private static void Shake(SegmentationModel model)
    {
        Random random = new(5);
        foreach (StateEntry entry in model.State().Where(e => e.Tensor.Shape.Rank == 1))
        {
            bool positive = entry.Name.EndsWith("weight", StringComparison.Ordinal) || entry.Name.EndsWith("var", StringComparison.Ordinal);
            entry.Tensor.CopyFrom([.. Enumerable.Range(0, entry.Tensor.Shape.Count).Select(_ => (positive ? 1 : 0) + (random.NextSingle() - 0.5f))]);
        }
    }

    private static Tensor Images(Device device)
    {
        Random random = new(7);
        Shape shape = new(1, 3, 32, 32);
        return Tensor.From(device, shape, [.. Enumerable.Range(0, shape.Count).Select(_ => (random.NextSingle() * 4) - 2)]);
    }
}
