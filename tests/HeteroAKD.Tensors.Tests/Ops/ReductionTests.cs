using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Tensors.Tests.Ops;

/// <summary>What the cases of reductions cannot show: ties, gradients through NaN, shapes, sets of dimensions as text.</summary>
public sealed class ReductionTests : IDisposable
{
    private readonly Device _cpu = Device.Open("cpu", 1);
    private readonly StepScope _step;

    public ReductionTests() => _step = _cpu.BeginStep();

    public void Dispose()
    {
        _step.Dispose();
        _cpu.Dispose();
    }

    /// <summary>torch.amax: x.grad of amax(dim=1) for an upstream gradient of 6 and 1.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(0)]
    public void Equal_largest_elements_share_the_gradient(int dim)
    {
        float[] rows = [2, 5, 5, 5, -1, 7, 7, 0];
        float[] shared = [0, 2, 2, 2, 0, 0.5f, 0.5f, 0];
        Tensor x = Leaf(dim == 1 ? new Shape(2, 4) : new Shape(4, 2), dim == 1 ? rows : Transposed(rows));
        Tensor y = Functional.Max(x, dim);
        Assert.Equal([5, 7], y.ToFloats());
        _cpu.Tape.Backward(y, Tensor.From(_cpu, new Shape(2), [6f, 1f]));
        Assert.Equal(dim == 1 ? shared : Transposed(shared), x.Grad!.ToFloats());
    }

    [Fact]
    public void A_maximum_that_is_not_a_number_gives_no_gradient_that_is_one()
    {
        Tensor x = Leaf(new Shape(2, 2), [1, float.NaN, 3, 2]);
        Functional.Sum(Functional.Max(x, 1)).Backward();
        Assert.Equal([float.NaN, float.NaN, 1, 0], x.Grad!.ToFloats());
    }

    [Fact]
    public void Dimensions_go_or_stay_with_size_1()
    {
        Tensor x = Tensor.Zeros(_cpu, new Shape(2, 3, 5, 7));
        Assert.Equal(new Shape(2, 3, 7), Functional.Sum(x, 2).Shape);
        Assert.Equal(new Shape(2, 3, 1, 7), Functional.Mean(x, -2, keepdim: true).Shape);
        Assert.Equal(new Shape(3, 5), Functional.Max(x, [0, -1]).Shape);
        Assert.Equal(new Shape(1, 3, 5, 1), Functional.Max(x, [0, -1], keepdim: true).Shape);
        Assert.Equal(new Shape(1), Functional.Sum(x).Shape);
        Assert.Equal(new Shape(1), Functional.Sum(x, []).Shape);
        Assert.Equal(new Shape(1), Functional.Sum(Tensor.Full(_cpu, Shape.Scalar, 3)).Shape);
    }

    [Theory]
    [InlineData("all", "all")]
    [InlineData("3,1", "1,3")]
    [InlineData("-1,0", "0,-1")]
    public void Dimensions_are_text(string text, string written) => Assert.Equal(written, Dims.Parse(text).ToString());

    [Fact]
    public void Dimensions_that_no_shape_has_are_refused()
    {
        Assert.Equal(Dims.Of(1, 3), Dims.Parse("3,1"));
        Assert.Equal(Dims.All, Dims.Of());
        Assert.Throws<FormatException>(() => Dims.Parse("4"));
        Assert.Throws<FormatException>(() => Dims.Parse(""));
        Assert.Contains(
            "dim: -5; a shape has at most 4 dimensions", Assert.Throws<ShapeMismatchException>(() => Functional.Sum(Leaf(new Shape(1), [1]), -5)).Message);
    }

    [Fact]
    public void Attributes_are_described() =>
        Assert.Equal([new("dim", "all", "dimensions as in 1,2 or all"), new("keepdim", "false", "true or false")], Reduction.Sum.Attributes);

    [Fact]
    public void A_long_reduction_leaves_no_memory_behind()
    {
        Tensor x = Tensor.Full(_cpu, new Shape(3, 700, 2, 5000), 1);
        long before = _cpu.Allocator.LiveBlocks;
        Assert.Equal(3 * 2 * 700 * 5000, Functional.Sum(x).Item());
        Assert.Equal([3 * 700 * 5000f, 3 * 700 * 5000f], Functional.Sum(x, [0, 1, 3]).ToFloats());
        Assert.Equal(before + 2, _cpu.Allocator.LiveBlocks);
    }

    private static float[] Transposed(float[] rows) => [rows[0], rows[4], rows[1], rows[5], rows[2], rows[6], rows[3], rows[7]];

    private Tensor Leaf(Shape shape, float[] values)
    {
        Tensor tensor = Tensor.From(_cpu, shape, values);
        tensor.RequiresGrad = true;
        return tensor;
    }
}
