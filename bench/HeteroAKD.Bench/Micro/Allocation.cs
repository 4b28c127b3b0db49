using BenchmarkDotNet.Attributes;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Memory;

namespace HeteroAKD.Bench.Micro;

/// <summary>What memory costs in a steady state: blocks, tensors, steps. A training step makes some hundreds of tensors.</summary>
public class Allocation
{
    private const int Tensors = 256;

    private Device _device = null!;

    /// <summary>Opens the device.</summary>
    [GlobalSetup]
    public void Open() => _device = Device.Open("cpu", 1);

    /// <summary>Closes it.</summary>
    [GlobalCleanup]
    public void Close() => _device.Dispose();

    /// <summary>A block from an empty slab, and back.</summary>
    [Benchmark]
    public void Block()
    {
        Block block = _device.Allocator.Allocate(4096);
        _device.Allocator.Free(block);
    }

    /// <summary>A tensor of a step that makes many, each with the share of the step's end that gives it back.</summary>
    [Benchmark(OperationsPerInvoke = Tensors)]
    public int TensorInLongStep()
    {
        using StepScope step = _device.BeginStep();
        for (int i = 0; i < Tensors; i++)
        {
            Tensor.Empty(_device, new Shape(64 + i));
        }

        return step.Count;
    }
}
