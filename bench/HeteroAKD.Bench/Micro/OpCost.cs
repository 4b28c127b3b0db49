using BenchmarkDotNet.Attributes;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Bench.Micro;

/// <summary>
/// What an operation costs before it computes anything: tensors of one element, so that all that is left is checks, allocation, tape and launch.
/// </summary>
public class OpCost
{
    private const int Recorded = 100;

    private Device _device = null!;
    private Tensor _x = null!; // [1, 1, 1, 1]
    private Tensor _tokens = null!; // [2, 1]
    private Tensor _leaf = null!; // [1, 1, 1, 1]
    private Tensor _weight = null!; // [1, 1, 1, 1]
    private Tensor _matrix = null!; // [1, 1]
    private Tensor _one = null!; // [1]
    private RecordedStep _recorded = null!;

    /// <summary>Opens the device.</summary>
    [GlobalSetup]
    public void Open()
    {
        _device = Device.Open("cpu");
        _x = Tensor.Full(_device, new Shape(1, 1, 1, 1), 1);
        _tokens = Tensor.Full(_device, new Shape(2, 1), 1);
        _leaf = Leaf(new Shape(1, 1, 1, 1));
        _weight = Leaf(new Shape(1, 1, 1, 1));
        _matrix = Leaf(new Shape(1, 1));
        _one = Leaf(new Shape(1));
        _recorded = RecordedStep.Record(_device, () =>
        {
            for (int i = 0; i < Recorded; i++)
            {
                Functional.Relu(_leaf).Backward();
            }
        });
    }

    /// <summary>Closes it.</summary>
    [GlobalCleanup]
    public void Close()
    {
        _recorded.Dispose();
        _device.Dispose();
    }

    /// <summary>An empty step: what the others contain besides their operation.</summary>
    [Benchmark(Baseline = true)]
    public int EmptyStep()
    {
        using StepScope step = _device.BeginStep();
        return step.Count;
    }

    /// <summary>One operation, not recorded.</summary>
    [Benchmark]
    public Tensor Relu()
    {
        using StepScope step = _device.BeginStep();
        return Functional.Relu(_x);
    }

    /// <summary>One operation of two inputs, not recorded.</summary>
    [Benchmark]
    public Tensor Add()
    {
        using StepScope step = _device.BeginStep();
        return Functional.Add(_x, _x);
    }

    /// <summary>A convolution, not recorded.</summary>
    [Benchmark]
    public Tensor Conv2d()
    {
        using StepScope step = _device.BeginStep();
        return Functional.Conv2d(_x, _x);
    }

    /// <summary>One operation with its backward pass.</summary>
    [Benchmark]
    public void ReluBackward()
    {
        using StepScope step = _device.BeginStep();
        Functional.Relu(_leaf).Backward();
    }

    /// <summary>One operation with its backward pass, in a recorded step of many.</summary>
    [Benchmark(OperationsPerInvoke = Recorded)]
    public void ReluBackwardReplayed() => _recorded.Replay();

    /// <summary>A convolution with its backward pass.</summary>
    [Benchmark]
    public void Conv2dBackward()
    {
        using StepScope step = _device.BeginStep();
        Functional.Conv2d(_leaf, _weight).Backward();
    }

    /// <summary>A linear layer on two tokens, recorded.</summary>
    [Benchmark]
    public Tensor Linear()
    {
        using StepScope step = _device.BeginStep();
        return Functional.Linear(_tokens, _matrix, _one);
    }

    /// <summary>A layer norm of two tokens, recorded.</summary>
    [Benchmark]
    public Tensor LayerNorm()
    {
        using StepScope step = _device.BeginStep();
        return Functional.LayerNorm(_tokens, _one, _one);
    }

    // The gradient has a place of its own, as parameters have, so that a step can end without anybody clearing it.
    private Tensor Leaf(Shape shape)
    {
        Tensor leaf = Tensor.Full(_device, shape, 1);
        leaf.RequiresGrad = true;
        leaf.BindGrad(Tensor.Zeros(_device, shape));
        return leaf;
    }
}
