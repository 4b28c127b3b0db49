using HeteroAKD.Tensors.Ops;
using static HeteroAKD.Tensors.Functional;

namespace HeteroAKD.Tensors.Tests;

public sealed class TensorTests : IDisposable
{
    private readonly Device _cpu = Device.Open("cpu", 1);

    public void Dispose() => _cpu.Dispose();

    [Fact]
    public void A_view_must_fit()
    {
        using Tensor x = Tensor.Zeros(_cpu, new Shape(2, 3));
        Assert.Contains("[7] from element 0 does not fit into [2, 3]", Assert.Throws<ShapeMismatchException>(() => x.View(new Shape(7))).Message);
        Assert.Throws<ShapeMismatchException>(() => x.View(new Shape(3), 4));
        Assert.Throws<ShapeMismatchException>(() => x.View(new Shape(1), -1));
    }

    [Fact]
    public void A_view_does_not_own_the_memory()
    {
        using Tensor x = Tensor.Full(_cpu, new Shape(4), 3);
        x.View(new Shape(2), 2).Dispose();
        Assert.True(x.IsAlive);
        Assert.Equal([3, 3, 3, 3], x.ToFloats());
    }

    [Fact]
    public void Disposing_twice_frees_once()
    {
        Tensor x = Tensor.Zeros(_cpu, new Shape(4));
        Tensor y = Tensor.Zeros(_cpu, new Shape(4));
        x.Dispose();
        x.Dispose();
        Assert.Equal(1, _cpu.Allocator.LiveBlocks);
        y.Dispose();
        _cpu.AssertNoLeak();
    }

    [Fact]
    public void Copies_check_type_and_count()
    {
        using Tensor x = Tensor.Zeros(_cpu, new Shape(2));
        using Tensor wide = Tensor.Zeros(_cpu, new Shape(2), DType.Float64);
        using Tensor labels = Tensor.From(_cpu, new Shape(2), [1, 2]);
        Assert.Contains("3 values for 2 elements", Assert.Throws<ShapeMismatchException>(() => x.CopyFrom([1f, 2f, 3f])).Message);
        Assert.Contains("holds Float32, expected Int32", Assert.Throws<DTypeMismatchException>(() => x.ToInts()).Message);
        Assert.Throws<DTypeMismatchException>(() => labels.ToFloats());
        Assert.Throws<DTypeMismatchException>(() => x.CopyFrom([1.0, 2.0]));
        wide.CopyFrom([1.5f, 2.5f]);
        Assert.Equal([1.5, 2.5], wide.ToDoubles());
    }

    [Fact]
    public void Item_wants_a_scalar()
    {
        using Tensor x = Tensor.Zeros(_cpu, new Shape(2));
        Assert.Contains("[2] is not a scalar", Assert.Throws<ShapeMismatchException>(() => x.Item()).Message);
        using Tensor y = Tensor.Full(_cpu, new Shape(1, 1), 2.5f, DType.Float64);
        Assert.Equal(2.5, y.Item());
    }

    [Fact]
    public void Copies_to_another_device_hold_the_same()
    {
        using Device other = Device.Open("cpu", 2);
        using Tensor x = Tensor.From(_cpu, new Shape(2, 2), [1, 2, 3, 4]);
        using Tensor y = x.To(other);
        Assert.Same(other, y.Device);
        Assert.Equal(x.ToInts(), y.ToInts());
    }

    [Fact]
    public void Parameters_move_into_flat_memory_and_out_again()
    {
        Tensor flat = Tensor.Zeros(_cpu, new Shape(10));
        Tensor x = Tensor.From(_cpu, new Shape(2, 2), [1f, 2f, 3f, 4f]);
        x.MoveInto(flat, 3);
        Assert.Equal([0, 0, 0, 1, 2, 3, 4, 0, 0, 0], flat.ToFloats());
        Assert.Equal(1, _cpu.Allocator.LiveBlocks);
        Fill.Run(flat, 9);
        Assert.Equal([9, 9, 9, 9], x.ToFloats());
        x.MoveOut();
        flat.Dispose();
        Assert.Equal([9, 9, 9, 9], x.ToFloats());
        x.Dispose();
        _cpu.AssertNoLeak();
    }

    [Fact]
    public void Tensors_of_two_devices_do_not_mix()
    {
        using Device other = Device.Open("ilgpu-cpu");
        using Tensor x = Tensor.Zeros(_cpu, new Shape(2));
        using Tensor y = Tensor.Zeros(other, new Shape(2));
        Assert.Contains("add: other is on device 'ilgpu-cpu', the first input is on 'cpu'", Assert.Throws<DeviceMismatchException>(() => Add(x, y)).Message);
    }

    [Fact]
    public void Float64_is_the_host_s_alone()
    {
        using Device other = Device.Open("ilgpu-cpu");
        Assert.Contains("on 'ilgpu-cpu' holds Float64", Assert.Throws<DTypeMismatchException>(() => Tensor.Zeros(other, new Shape(2), DType.Float64)).Message);
    }

    [Fact]
    public void Types_do_not_mix()
    {
        using Tensor x = Tensor.Zeros(_cpu, new Shape(2));
        using Tensor wide = Tensor.Zeros(_cpu, new Shape(2), DType.Float64);
        using Tensor labels = Tensor.From(_cpu, new Shape(2), [1, 2]);
        Assert.Contains("add: other holds Float64, expected Float32", Assert.Throws<DTypeMismatchException>(() => Add(x, wide)).Message);
        Assert.Contains("relu: input holds Int32, expected floats", Assert.Throws<DTypeMismatchException>(() => Relu(labels)).Message);
        using Tensor logits = Tensor.Zeros(_cpu, new Shape(1, 2, 1, 1));
        using Tensor target = Tensor.Zeros(_cpu, new Shape(1, 1, 1));
        Assert.Contains(
            "cross_entropy: target holds Float32, expected Int32",
            Assert.Throws<DTypeMismatchException>(() => Losses.CrossEntropy.Apply(default, logits, target)).Message);
    }

    [Fact]
    public void The_guard_names_operation_tensor_and_step()
    {
        _cpu.CheckFinite = true;
        _cpu.Step = 42;
        using Tensor x = Tensor.From(_cpu, new Shape(3), [1f, -1f, 2f]);
        NonFiniteException error = Assert.Throws<NonFiniteException>(() => Activations.Log.Apply(default, x));
        Assert.Contains("non-finite value at step 42: operation 'log' made 1 of 3 values (NaN first, at element 1) in tensor", error.Message);
        Relu(x).Dispose();
    }

    [Theory]
    [InlineData(-1, 2)]
    [InlineData(65536, 65536)]
    public void A_shape_must_be_one(int a, int b) => Assert.Throws<ShapeMismatchException>(() => new Shape(a, b));

    [Fact]
    public void Shapes_compare_and_index_as_expected()
    {
        Shape shape = new(2, 3, 5);
        Assert.Equal(30, shape.Count);
        Assert.Equal(5, shape[-1]);
        Assert.Equal(15, shape.CountFrom(1));
        Assert.NotEqual(shape, new Shape(2, 3, 5, 1));
        Assert.Equal(shape, Shape.Of([2, 3, 5]));
        Assert.Equal("[2, 3, 5]", shape.ToString());
        Assert.Equal(1, Shape.Scalar.Count);
        Assert.Throws<ArgumentOutOfRangeException>(() => shape[3]);
        Assert.Throws<ShapeMismatchException>(() => Shape.Of([1, 1, 1, 1, 1]));
    }
}
