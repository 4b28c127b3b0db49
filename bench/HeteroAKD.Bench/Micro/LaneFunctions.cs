using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using HeteroAKD.Kernels.Lanes;

namespace HeteroAKD.Bench.Micro;

/// <summary>Time per element of the functions of each lane, on data that stays in the first cache.</summary>
[GenericTypeArguments(typeof(F32))]
[GenericTypeArguments(typeof(F32x4))]
[GenericTypeArguments(typeof(F32x8))]
[GenericTypeArguments(typeof(F32x16))]
public unsafe class LaneFunctions<TLane>
    where TLane : unmanaged, ILane<TLane>
{
    private const int Count = 2048;

    private Mem _input; // [Count]
    private Mem _output; // [Count]

    /// <summary>Fills the input with arguments that every function takes.</summary>
    [GlobalSetup]
    public void Allocate()
    {
        _input = new Mem(NativeMemory.AlignedAlloc(Count * sizeof(float), 64));
        _output = new Mem(NativeMemory.AlignedAlloc(Count * sizeof(float), 64));
        for (int i = 0; i < Count; i++)
        {
            _input.Floats[i] = 0.01f + (4f * i / Count);
        }
    }

    /// <summary>Frees it.</summary>
    [GlobalCleanup]
    public void Free()
    {
        NativeMemory.AlignedFree(_input.Floats);
        NativeMemory.AlignedFree(_output.Floats);
    }

    /// <summary>A load and a store: what the others contain besides their function.</summary>
    [Benchmark(Baseline = true, OperationsPerInvoke = Count)]
    public void Copy()
    {
        for (int i = 0; i < Count; i += TLane.Width)
        {
            TLane.Store(_output, i, TLane.Load(_input, i));
        }
    }

    /// <summary>e^x.</summary>
    [Benchmark(OperationsPerInvoke = Count)]
    public void Exp()
    {
        for (int i = 0; i < Count; i += TLane.Width)
        {
            TLane.Store(_output, i, TLane.Exp(TLane.Load(_input, i)));
        }
    }

    /// <summary>Natural logarithm.</summary>
    [Benchmark(OperationsPerInvoke = Count)]
    public void Log()
    {
        for (int i = 0; i < Count; i += TLane.Width)
        {
            TLane.Store(_output, i, TLane.Log(TLane.Load(_input, i)));
        }
    }

    /// <summary>log(1 + e^x).</summary>
    [Benchmark(OperationsPerInvoke = Count)]
    public void Log1pExp()
    {
        for (int i = 0; i < Count; i += TLane.Width)
        {
            TLane.Store(_output, i, TLane.Log1pExp(TLane.Load(_input, i)));
        }
    }

    /// <summary>Hyperbolic tangent.</summary>
    [Benchmark(OperationsPerInvoke = Count)]
    public void Tanh()
    {
        for (int i = 0; i < Count; i += TLane.Width)
        {
            TLane.Store(_output, i, TLane.Tanh(TLane.Load(_input, i)));
        }
    }

    /// <summary>Tail of the normal distribution.</summary>
    [Benchmark(OperationsPerInvoke = Count)]
    public void NormalTail()
    {
        for (int i = 0; i < Count; i += TLane.Width)
        {
            TLane.Store(_output, i, TLane.NormalTail(TLane.Load(_input, i)));
        }
    }
}
