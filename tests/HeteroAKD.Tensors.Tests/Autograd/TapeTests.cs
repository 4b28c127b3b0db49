using HeteroAKD.Tensors.Autograd;
using static HeteroAKD.Tensors.Functional;

namespace HeteroAKD.Tensors.Tests.Autograd;

public sealed class TapeTests : IDisposable
{
    private static readonly Shape s_three = new(3);

    private readonly Device _cpu = Device.Open("cpu", 1);
    private readonly StepScope _step;

    public TapeTests() => _step = _cpu.BeginStep();

    public void Dispose()
    {
        _step.Dispose();
        _cpu.Dispose();
    }

    [Fact]
    public void Gradients_of_several_uses_add_up()
    {
        Tensor x = Leaf(1, 2, 3);
        Tensor y = Add(Add(x, x), WeightedSum(x, x, 10, 100));
        _cpu.Tape.Backward(y, Tensor.Full(_cpu, s_three, 1));
        Assert.Equal([112, 112, 112], x.Grad!.ToFloats());
    }

    [Fact]
    public void A_second_backward_pass_adds_to_the_first()
    {
        Tensor x = Leaf(1, 2, 3);
        for (int i = 0; i < 3; i++)
        {
            _cpu.Tape.Backward(WeightedSum(x, x, 2, 3), Tensor.Full(_cpu, s_three, 1));
        }

        Assert.Equal([15, 15, 15], x.Grad!.ToFloats());
        x.ZeroGrad();
        Assert.Null(x.Grad);
    }

    [Fact]
    public void A_bound_gradient_is_added_to_in_place()
    {
        Tensor x = Leaf(1, 2, 3);
        Tensor place = Tensor.Full(_cpu, s_three, 7);
        x.BindGrad(place);
        _cpu.Tape.Backward(Add(x, x), Tensor.Full(_cpu, s_three, 1));
        Assert.Same(place, x.Grad);
        Assert.Equal([9, 9, 9], place.ToFloats());
        x.ZeroGrad();
        Assert.Equal([0, 0, 0], place.ToFloats());
    }

    [Fact]
    public void A_residual_passes_its_gradient_to_both_branches()
    {
        Tensor x = Leaf(1, -2, 3);
        Tensor y = Add(x, Relu(x));
        Tensor z = Add(y, y);
        _cpu.Tape.Backward(z, From(1, 10, 100));
        Assert.Equal([4, 20, 400], x.Grad!.ToFloats());
    }

    [Fact]
    public void Intermediate_gradients_go_and_the_tape_is_empty_afterwards()
    {
        Tensor x = Leaf(1, 2, 3);
        Tensor y = Gelu(x);
        Tensor z = Gelu(y);
        _cpu.Tape.Backward(z, Tensor.Full(_cpu, s_three, 1));
        Assert.Null(y.Grad);
        Assert.Null(z.Grad);
        Assert.Equal(0, _cpu.Tape.Count);
    }

    [Fact]
    public void What_the_result_does_not_depend_on_gets_no_gradient()
    {
        Tensor x = Leaf(1, 2, 3);
        Tensor other = Leaf(1, 2, 3);
        Relu(other);
        _cpu.Tape.Backward(Relu(x), Tensor.Full(_cpu, s_three, 1));
        Assert.NotNull(x.Grad);
        Assert.Null(other.Grad);
    }

    [Fact]
    public void Without_a_wanted_gradient_nothing_is_recorded_and_nothing_kept()
    {
        Tensor x = From(1, 2, 3);
        long live = _cpu.Allocator.LiveBlocks;
        Tensor y = Gelu(Relu(x));
        Assert.False(y.RequiresGrad);
        Assert.Equal(0, _cpu.Tape.Count);
        Assert.Equal(live + 2, _cpu.Allocator.LiveBlocks);
    }

    [Fact]
    public void NoGrad_nests_and_ends()
    {
        Tensor x = Leaf(1, 2, 3);
        using (new NoGrad())
        {
            using (new NoGrad())
            {
                Relu(x);
            }

            Assert.False(Relu(x).RequiresGrad);
            Assert.Equal(0, _cpu.Tape.Count);
        }

        Assert.True(Relu(x).RequiresGrad);
        Assert.Equal(1, _cpu.Tape.Count);
    }

    [Fact]
    public void A_scalar_starts_with_one()
    {
        Tensor x = Tensor.Full(_cpu, new Shape(1), 3);
        x.RequiresGrad = true;
        WeightedSum(x, x, 2, 0).Backward();
        Assert.Equal(2, x.Grad!.Item());
    }

    [Fact]
    public void Starting_from_more_than_a_scalar_needs_a_gradient_that_fits()
    {
        Tensor y = Relu(Leaf(1, 2, 3));
        Assert.Contains("[3] is not a scalar", Assert.Throws<ShapeMismatchException>(y.Backward).Message);
        Assert.Contains(
            "[2] is not the output's shape [3]",
            Assert.Throws<ShapeMismatchException>(() => _cpu.Tape.Backward(y, Tensor.Full(_cpu, new Shape(2), 1))).Message);
        Tensor wide = Tensor.Full(_cpu, s_three, 1, DType.Float64);
        Assert.Contains("holds Float64, expected Float32", Assert.Throws<DTypeMismatchException>(() => _cpu.Tape.Backward(y, wide)).Message);
    }

    [Fact]
    public void Views_share_memory_and_reshapes_pass_gradients()
    {
        Tensor x = Leaf(1, 2, 3);
        Tensor y = Reshape(x, new Shape(3, 1));
        x.CopyFrom([4f, 5f, 6f]);
        Assert.Equal([4, 5, 6], y.ToFloats());
        Assert.Equal([5], x.View(new Shape(1), 1).ToFloats());
        _cpu.Tape.Backward(y, Tensor.Full(_cpu, new Shape(3, 1), 5));
        Assert.Equal(s_three, x.Grad!.Shape);
        Assert.Equal([5, 5, 5], x.Grad.ToFloats());
    }

    private Tensor From(params float[] values) => Tensor.From(_cpu, new Shape(values.Length), values);

    private Tensor Leaf(params float[] values)
    {
        Tensor tensor = From(values);
        tensor.RequiresGrad = true;
        return tensor;
    }
}
