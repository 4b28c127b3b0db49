using System.Runtime.InteropServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Tests.Support;

/// <summary>
/// Host memory and threads for one run of kernels: inputs and outputs of exactly the length asked for, between guard numbers, in the run's precision.
/// An output starts as guard numbers too, so an element that was not written is seen.
/// </summary>
public sealed unsafe class HostRun : IDisposable
{
    private const int Guard = 32;
    private const float GuardNumber = -7654321f;
    private const int GuardLabel = 0x5A5A5A5A;

    private readonly Dictionary<long, int> _lengths = [];
    private readonly List<nint> _blocks = [];
    private readonly HostPool _pool;

    public HostRun(HostPrecision precision, int threads)
    {
        Precision = precision;
        _pool = new HostPool(threads);
        Launcher = new HostLauncher(_pool);
    }

    public HostPrecision Precision { get; }

    public HostLauncher Launcher { get; }

    /// <summary>An output of <paramref name="length"/> numbers.</summary>
    public Mem Output(int length)
    {
        double[] values = new double[length];
        Array.Fill(values, GuardNumber);
        return Input(values);
    }

    /// <summary>An input, or an output that is updated in place.</summary>
    public Mem Input(ReadOnlySpan<double> values)
    {
        int size = Precision == HostPrecision.Float64 ? sizeof(double) : sizeof(float);
        Mem all = new(Allocate((values.Length + (2 * Guard)) * size));
        for (int i = 0; i < values.Length + (2 * Guard); i++)
        {
            Set(all, i, i >= Guard && i < Guard + values.Length ? values[i - Guard] : GuardNumber);
        }

        Mem inner = new((byte*)all.Address + (Guard * size));
        _lengths[inner.Address] = values.Length;
        return inner;
    }

    /// <summary>An output of integers.</summary>
    public IndexMem IndexOutput(int length)
    {
        int[] values = new int[length];
        Array.Fill(values, GuardLabel);
        return Indices(values);
    }

    /// <summary>An input of integers.</summary>
    public IndexMem Indices(ReadOnlySpan<int> values)
    {
        int* all = (int*)Allocate((values.Length + (2 * Guard)) * sizeof(int));
        new Span<int>(all, values.Length + (2 * Guard)).Fill(GuardLabel);
        values.CopyTo(new Span<int>(all + Guard, values.Length));
        _lengths[(long)(all + Guard)] = values.Length;
        return new IndexMem(all + Guard);
    }

    /// <summary>The numbers of a buffer; fails where a guard beside it was overwritten.</summary>
    public double[] Read(Mem memory)
    {
        double[] values = new double[_lengths[memory.Address]];
        for (int i = -Guard; i < values.Length + Guard; i++)
        {
            double value = Precision == HostPrecision.Float64 ? memory.Doubles[i] : memory.Floats[i];
            if (i >= 0 && i < values.Length)
            {
                values[i] = value;
            }
            else if (value != GuardNumber)
            {
                Assert.Fail($"element {i} was written, outside a buffer of {values.Length}");
            }
        }

        return values;
    }

    /// <summary>The integers of a buffer; fails where a guard beside it was overwritten.</summary>
    public int[] Read(IndexMem memory)
    {
        int length = _lengths[memory.Address];
        for (int i = 1; i <= Guard; i++)
        {
            Assert.Equal(GuardLabel, memory.Ints[-i]);
            Assert.Equal(GuardLabel, memory.Ints[length - 1 + i]);
        }

        return new Span<int>(memory.Ints, length).ToArray();
    }

    public void Dispose()
    {
        _pool.Dispose();
        foreach (nint block in _blocks)
        {
            NativeMemory.AlignedFree((void*)block);
        }
    }

    private void* Allocate(int bytes)
    {
        void* block = NativeMemory.AlignedAlloc((nuint)bytes, 64);
        _blocks.Add((nint)block);
        return block;
    }

    private void Set(Mem memory, int index, double value)
    {
        if (Precision == HostPrecision.Float64)
        {
            memory.Doubles[index] = value;
        }
        else
        {
            memory.Floats[index] = (float)value;
        }
    }
}
