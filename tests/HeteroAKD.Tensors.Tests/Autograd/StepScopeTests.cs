using HeteroAKD.Tensors.Autograd;
using static HeteroAKD.Tensors.Functional;

namespace HeteroAKD.Tensors.Tests.Autograd;

public sealed class StepScopeTests : IDisposable
{
    private static readonly Shape s_six = new(2, 3);

    private readonly Device _cpu = Device.Open("cpu", 1);

    public void Dispose() => _cpu.Dispose();

    [Fact]
    public void Gives_back_what_was_made_in_it_and_nothing_else()
    {
        using Tensor before = Tensor.Zeros(_cpu, s_six);
        Tensor inside;
        Tensor lasting;
        using (StepScope step = _cpu.BeginStep())
        {
            inside = Relu(before);
            lasting = Tensor.Persistent(_cpu, s_six);
            Assert.Equal(1, step.Count);
        }

        Assert.True(before.IsAlive);
        Assert.True(lasting.IsAlive);
        Assert.False(inside.IsAlive);
        lasting.Dispose();
        before.Dispose();
        _cpu.AssertNoLeak();
    }

    [Fact]
    public void The_innermost_owns()
    {
        using StepScope outer = _cpu.BeginStep();
        Tensor first = Tensor.Zeros(_cpu, s_six);
        Tensor second;
        using (_cpu.BeginStep())
        {
            second = Tensor.Zeros(_cpu, s_six);
        }

        Tensor third = Tensor.Zeros(_cpu, s_six);
        Assert.True(first.IsAlive);
        Assert.False(second.IsAlive);
        Assert.True(third.IsAlive);
        Assert.Equal(2, outer.Count);
    }

    [Fact]
    public void What_is_kept_belongs_to_the_scope_around()
    {
        using StepScope outer = _cpu.BeginStep();
        Tensor kept;
        Tensor gone;
        using (StepScope inner = _cpu.BeginStep())
        {
            gone = Tensor.Zeros(_cpu, s_six);
            kept = inner.Keep(Relu(gone));
            Assert.Throws<InvalidOperationException>(() => inner.Keep(kept));
        }

        Assert.False(gone.IsAlive);
        Assert.True(kept.IsAlive);
        Assert.Equal(1, outer.Count);
    }

    [Fact]
    public void Joining_leaves_tensors_and_tape_to_the_scope_around()
    {
        using StepScope outer = _cpu.BeginStep();
        Tensor x = Tensor.Zeros(_cpu, s_six);
        x.RequiresGrad = true;
        StepScope inner = _cpu.BeginStep();
        Tensor y = Relu(Relu(x));
        inner.Join();
        Assert.Equal(3, outer.Count);
        Assert.Equal(2, _cpu.Tape.Count);
        _cpu.Tape.Backward(y, Tensor.Full(_cpu, s_six, 1));
        Assert.NotNull(x.Grad);
    }

    [Fact]
    public void Steps_end_innermost_first()
    {
        StepScope outer = _cpu.BeginStep();
        StepScope inner = _cpu.BeginStep();
        Assert.Throws<InvalidOperationException>(outer.Dispose);
        inner.Dispose();
        Assert.Throws<InvalidOperationException>(inner.Dispose);
        outer.Dispose();
        Assert.Null(_cpu.CurrentScope);
    }

    [Fact]
    public void Operations_of_an_ended_step_are_forgotten()
    {
        using Tensor x = Parameter(1);
        using StepScope outer = _cpu.BeginStep();
        Tensor y = Relu(x);
        using (_cpu.BeginStep())
        {
            Gelu(y);
            Assert.Equal(2, _cpu.Tape.Count);
        }

        Assert.Equal(1, _cpu.Tape.Count);
    }

    [Fact]
    public void Use_after_the_step_is_an_error_that_says_so()
    {
        Tensor gone;
        using (_cpu.BeginStep())
        {
            gone = Tensor.Zeros(_cpu, s_six);
        }

        ObjectDisposedException error = Assert.Throws<ObjectDisposedException>(() => gone.ToFloats());
        Assert.Contains("its step has ended", error.Message);
        gone.Dispose();
    }

    [Fact]
    public void A_leak_is_reported_with_its_place()
    {
        _cpu.Allocator.TrackPlaces = true;
        Tensor leaked = Tensor.Zeros(_cpu, s_six);
        LeakException error = Assert.Throws<LeakException>(_cpu.AssertNoLeak);
        Assert.Contains(nameof(A_leak_is_reported_with_its_place), error.Message);
        leaked.Dispose();
        _cpu.AssertNoLeak();
    }

    [Fact]
    public void A_gradient_outlives_the_step_as_its_parameter_does()
    {
        using Tensor x = Parameter(3);
        using (_cpu.BeginStep())
        {
            _cpu.Tape.Backward(Relu(x), Tensor.Full(_cpu, s_six, 2));
        }

        Assert.Equal([2, 2, 2, 2, 2, 2], x.Grad!.ToFloats());
        x.Dispose();
        _cpu.AssertNoLeak();
    }

    [Fact]
    public void A_thousand_steps_leave_memory_where_the_tenth_left_it()
    {
        using Tensor x = Parameter(1);
        using Tensor gradient = Tensor.Zeros(_cpu, s_six);
        x.BindGrad(gradient);
        (long Live, long Reserved, long Peak) tenth = default;
        for (int i = 1; i <= 1000; i++)
        {
            using (_cpu.BeginStep())
            {
                _cpu.Tape.Backward(Gelu(Add(x, Silu(x))), Tensor.Full(_cpu, s_six, 1));
            }

            if (i == 10)
            {
                tenth = (_cpu.Allocator.InUse, _cpu.Allocator.Reserved, _cpu.Allocator.Peak);
            }
        }

        Assert.Equal(tenth, (_cpu.Allocator.InUse, _cpu.Allocator.Reserved, _cpu.Allocator.Peak));
    }

    private Tensor Parameter(float value)
    {
        Tensor tensor = Tensor.Full(_cpu, s_six, value);
        tensor.RequiresGrad = true;
        return tensor;
    }
}
