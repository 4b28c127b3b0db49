using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Ops;
using static HeteroAKD.Tensors.Functional;

namespace HeteroAKD.Tensors.Tests;

/// <summary>What programs do wrong with steps, passes and devices: a right answer or an error that says what to do, never a wrong number.</summary>
public sealed class MisuseTests : IDisposable
{
    private static readonly Shape s_three = new(3);
    private readonly Device _cpu = Device.Open("cpu", 1);

    public void Dispose() => _cpu.Dispose();

    [Fact]
    public void Two_losses_of_separate_graphs_add_up()
    {
        Tensor x = Leaf(1, -2, 3);
        Tensor first = Sum(x * x);
        Tensor second = Sum(x * 5);
        first.Backward();
        second.Backward();
        Assert.Equal([7, 1, 11], x.Grad!.ToFloats());
        Assert.Equal(0, _cpu.Tape.Count);
    }

    [Fact]
    public void The_order_of_the_passes_is_free()
    {
        Tensor x = Leaf(1, -2, 3);
        Tensor first = Sum(x * x);
        Tensor second = Sum(x * 5);
        second.Backward();
        first.Backward();
        Assert.Equal([7, 1, 11], x.Grad!.ToFloats());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Two_losses_that_share_operations_are_to_be_added(bool same)
    {
        Tensor x = Leaf(1, -2, 3);
        Tensor shared = x * x;
        Tensor first = Sum(shared);
        Tensor second = same ? first : Sum(shared * 2);
        first.Backward();
        string message = Assert.Throws<HeteroAkdException>(second.Backward).Message;
        Assert.Contains("Add the losses (a + b) and run one pass within the step", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pass_that_nothing_wants_says_so()
    {
        Tensor x = Leaf(1, -2, 3);
        using NoGrad none = new();
        Assert.Contains("depends on nothing that wants a gradient", Assert.Throws<HeteroAkdException>(Sum(x * x).Backward).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pass_in_an_inner_step_leaves_the_outer_ones_operations()
    {
        Tensor x = Leaf(1, -2, 3);
        Tensor y = Leaf(1, 1, 1);
        using (_cpu.BeginStep())
        {
            Tensor outer = Sum(x * x);
            using (_cpu.BeginStep())
            {
                Sum(y * 4).Backward();
            }

            Assert.Equal(2, _cpu.Tape.Count);
            outer.Backward();
        }

        Assert.Equal([2, -4, 6], x.Grad!.ToFloats());
        Assert.Equal([4, 4, 4], y.Grad!.ToFloats());
        Assert.Equal(0, _cpu.Tape.Count);
    }

    [Fact]
    public void An_inner_step_that_walks_the_outer_ones_operations_leaves_none_of_its_own()
    {
        Tensor x = Leaf(1, -2, 3);
        using StepScope step = _cpu.BeginStep();
        Tensor outer = x * x;
        Tensor other = x * 7;
        using (_cpu.BeginStep())
        {
            Tensor unused = Sum(other);
            Sum(outer).Backward();
            Assert.Equal(2, _cpu.Tape.Count);
        }

        Assert.Equal(1, _cpu.Tape.Count);
        Sum(other).Backward();
        Assert.Equal([9, 3, 13], x.Grad!.ToFloats());
    }

    [Fact]
    public void A_result_that_was_disposed_of_still_passes_gradients_on()
    {
        Tensor x = Leaf(1, -2, 3);
        Tensor w = Leaf(1, 1, 1);
        Tensor y = x * 5;
        Tensor z = y * 3;
        y.Dispose();
        Sum(w * w).Backward();
        Sum(z).Backward();
        Assert.Equal([15, 15, 15], x.Grad!.ToFloats());
    }

    [Fact]
    public void A_pass_that_failed_leaves_nothing_to_the_next()
    {
        Tensor x = Leaf(1, -2, 3);
        Tensor a = Sum(x * 3);
        Tensor shared = x * x;
        Sum(shared).Backward();
        Tensor b = Sum(shared * 2);
        Assert.Throws<HeteroAkdException>((a + b).Backward);
        x.ZeroGrad();
        Sum(x * x).Backward();
        Assert.Equal([2, -4, 6], x.Grad!.ToFloats());
    }

    [Fact]
    public void A_kept_result_of_a_step_that_ended_says_so()
    {
        Tensor x = Leaf(1, -2, 3);
        Tensor kept;
        using (StepScope step = _cpu.BeginStep())
        {
            kept = step.Keep(x * 3);
        }

        Assert.Contains("or its step has ended", Assert.Throws<HeteroAkdException>(Sum(kept).Backward).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Operations_outside_steps_are_counted_once()
    {
        List<string> warnings = [];
        _cpu.Warn = warnings.Add;
        Tensor x = Leaf(1, -2, 3);
        for (int i = 0; i < Tape.UsualLength + 5; i++)
        {
            Relu(x).Dispose();
        }

        Assert.Contains("10000 operations were recorded on 'cpu' outside any step", Assert.Single(warnings), StringComparison.Ordinal);
        Sum(x * x).Backward();
        Assert.Equal(0, _cpu.Tape.Count);
    }

    public static TheoryData<string> Entries => ["copy", "accumulate", "square_sum", "scale_shift"];

    [Theory]
    [MemberData(nameof(Entries))]
    public void What_is_called_without_a_row_checks_its_tensors(string entry)
    {
        using Device second = Device.Open("cpu", 1);
        Tensor large = Tensor.Zeros(_cpu, new Shape(900));
        Tensor small = Tensor.Zeros(_cpu, new Shape(4));
        Tensor neighbour = Tensor.Full(_cpu, new Shape(900), 5);
        Assert.Throws<ShapeMismatchException>(() => Call(large, small));
        Assert.Throws<DTypeMismatchException>(() => Call(large, Tensor.Zeros(_cpu, large.Shape, DType.Int32)));
        string message = Assert.Throws<DeviceMismatchException>(() => Call(large, Tensor.Zeros(second, large.Shape))).Message;
        Assert.Contains($"is on '{second.Label}', the first input is on '{_cpu.Label}': two devices", message, StringComparison.Ordinal);
        Assert.NotEqual(second.Label, _cpu.Label);
        Assert.All(neighbour.ToFloats(), v => Assert.Equal(5, v));

        void Call(Tensor x, Tensor y)
        {
            switch (entry)
            {
                case "copy":
                    Copy.Run(x, y);
                    break;
                case "accumulate":
                    Accumulate.Run(x, y);
                    break;
                case "square_sum":
                    SquareSum.Run(x, y);
                    break;
                default:
                    HeteroAKD.Tensors.Ops.ScaleShift.Run(x, y, 2, 1);
                    break;
            }
        }
    }

    [Fact]
    public void Tensors_of_a_disposed_device_name_it()
    {
        Device device = Device.Open("cpu", 1);
        Tensor x = Tensor.Zeros(device, s_three);
        device.Dispose();
        device.Dispose();
        Assert.Contains("was disposed of", Assert.Throws<ObjectDisposedException>(() => x.ToFloats()).Message, StringComparison.Ordinal);
        Assert.Contains("was disposed of", Assert.Throws<ObjectDisposedException>(() => Relu(x)).Message, StringComparison.Ordinal);
        Assert.Throws<ObjectDisposedException>(() => Tensor.Zeros(device, s_three));
        x.Dispose();
    }

    [Fact]
    public void Two_threads_on_one_device_are_told_so()
    {
        using StepScope mine = _cpu.BeginStep();
        StepScope? theirs = null;
        Thread thread = new(() => theirs = _cpu.BeginStep());
        thread.Start();
        thread.Join();
        Assert.Contains("is used by two threads at once", Assert.Throws<InvalidOperationException>(mine.Dispose).Message, StringComparison.Ordinal);
        theirs!.Dispose();
    }

    private Tensor Leaf(params float[] values)
    {
        Tensor tensor = Tensor.From(_cpu, s_three, values);
        tensor.RequiresGrad = true;
        return tensor;
    }
}
