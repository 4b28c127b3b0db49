using System.Runtime.InteropServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Tests.Losses;

/// <summary>Host memory in the precision under test, with sentinels on both sides.</summary>
public sealed unsafe class TestMemory : IDisposable
{
    private const int Margin = 32;
    private const double Sentinel = -12345.5;
    private readonly HostPrecision _precision;
    private readonly void* _memory;

    public TestMemory(HostPrecision precision, int length, ReadOnlySpan<double> values = default)
    {
        _precision = precision;
        Length = length;
        _memory = NativeMemory.AlignedAlloc((nuint)(length + (2 * Margin)) * sizeof(double), 64);
        for (int i = -Margin; i < length + Margin; i++)
        {
            this[i] = i >= 0 && i < values.Length ? values[i] : Sentinel;
        }
    }

    public int Length { get; }

    public Mem Mem => _precision == HostPrecision.Float64 ? new((double*)_memory + Margin) : new((float*)_memory + Margin);

    private double this[int i]
    {
        get => _precision == HostPrecision.Float64 ? ((double*)_memory)[Margin + i] : ((float*)_memory)[Margin + i];
        set
        {
            if (_precision == HostPrecision.Float64)
            {
                ((double*)_memory)[Margin + i] = value;
            }
            else
            {
                ((float*)_memory)[Margin + i] = (float)value;
            }
        }
    }

    /// <summary>The contents; fails if somebody wrote beside them.</summary>
    public double[] Read()
    {
        for (int i = 1; i <= Margin; i++)
        {
            Assert.Equal(Sentinel, this[-i]);
            Assert.Equal(Sentinel, this[Length + i - 1]);
        }

        double[] values = new double[Length];
        for (int i = 0; i < Length; i++)
        {
            values[i] = this[i];
        }

        return values;
    }

    public void Dispose() => NativeMemory.AlignedFree(_memory);
}

/// <summary>Labels in memory that a kernel may read.</summary>
public sealed unsafe class TestLabels : IDisposable
{
    private readonly int* _memory;

    public TestLabels(ReadOnlySpan<int> labels)
    {
        _memory = (int*)NativeMemory.AlignedAlloc((nuint)Math.Max(1, labels.Length) * sizeof(int), 64);
        labels.CopyTo(new Span<int>(_memory, labels.Length));
    }

    public IndexMem Mem => new(_memory);

    public void Dispose() => NativeMemory.AlignedFree(_memory);
}
