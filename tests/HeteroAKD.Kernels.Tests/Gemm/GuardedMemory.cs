using System.Runtime.InteropServices;
using HeteroAKD.Kernels.Lanes;

namespace HeteroAKD.Kernels.Tests.Gemm;

/// <summary>Host memory for a kernel, floats or doubles, between two runs of sentinels that nobody may overwrite.</summary>
internal sealed unsafe class GuardedMemory : IDisposable
{
    private const int Guard = 64;
    private const float Sentinel = 12345.5f;
    private readonly byte* _memory;
    private readonly bool _double;
    private readonly int _length;

    public GuardedMemory(int length, bool inDouble)
    {
        _length = length;
        _double = inDouble;
        _memory = (byte*)NativeMemory.AlignedAlloc((nuint)((length + (2 * Guard)) * 8), 64);
        for (int i = -Guard; i < length + Guard; i++)
        {
            this[i] = Sentinel;
        }
    }

    public GuardedMemory(double[] values, bool inDouble)
        : this(values.Length, inDouble)
    {
        for (int i = 0; i < values.Length; i++)
        {
            this[i] = values[i];
        }
    }

    /// <summary>Element 0, for a kernel.</summary>
    public Mem Mem => _double ? new Mem((double*)_memory + Guard) : new Mem((float*)_memory + Guard);

    public double this[int index]
    {
        get => _double ? ((double*)_memory)[index + Guard] : ((float*)_memory)[index + Guard];
        set
        {
            if (_double)
            {
                ((double*)_memory)[index + Guard] = value;
            }
            else
            {
                ((float*)_memory)[index + Guard] = (float)value;
            }
        }
    }

    public double[] ToArray()
    {
        double[] values = new double[_length];
        for (int i = 0; i < _length; i++)
        {
            values[i] = this[i];
        }

        return values;
    }

    public void AssertGuards()
    {
        for (int i = 1; i <= Guard; i++)
        {
            Assert.True(this[-i] == Sentinel, $"element {-i} before the buffer was overwritten with {this[-i]}");
            Assert.True(
                this[_length + i - 1] == Sentinel, $"element {_length + i - 1} after the buffer of {_length} was overwritten with {this[_length + i - 1]}");
        }
    }

    public void Dispose() => NativeMemory.AlignedFree(_memory);
}

/// <summary>Random inputs and the comparison rule of this project's kernels.</summary>
internal static class Samples
{
    /// <summary>Uniform in [-1, 1), rounded to float so that float and double kernels see the same numbers.</summary>
    public static double[] Uniform(int length, int seed)
    {
        Random random = new(seed);
        double[] values = new double[length];
        for (int i = 0; i < length; i++)
        {
            values[i] = (float)((2 * random.NextDouble()) - 1);
        }

        return values;
    }

    /// <summary>The largest distance from the expected values.</summary>
    public static double MaxError(double[] expected, double[] actual)
    {
        double max = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            // A NaN on one side only must not pass as "not greater".
            double error = Math.Abs(expected[i] - actual[i]);
            max = double.IsNaN(error) ? double.PositiveInfinity : Math.Max(max, error);
        }

        return max;
    }

    /// <summary>One unit in the last place of a float as large as the largest expected value.</summary>
    public static double FloatUnit(double[] expected)
    {
        double largest = 0;
        foreach (double value in expected)
        {
            largest = Math.Max(largest, Math.Abs(value));
        }

        return largest * Math.Pow(2, -23);
    }
}
