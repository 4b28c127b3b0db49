using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Pixelwise;

/// <summary>y = value for every element.</summary>
public readonly struct FillKernel(
    Mem y, // [rows, columns] overwritten
    float value,
    int columns) : IPixelKernel, IWideKernel
{
    /// <summary>y[i] = value.</summary>
    public static void Reference(Span<double> y, double value) => y.Fill(value);

    /// <inheritdoc/>
    public bool IsAligned => y.IsAligned;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane> => TLane.Store(y, (row * columns) + column, TLane.Splat(value));
}

/// <summary>y += scale · x for every element: how gradients of a tensor with several uses come together.</summary>
public readonly struct AxpyKernel(
    Mem x, // [rows, columns]
    Mem y, // [rows, columns] added to
    float scale,
    int columns) : IPixelKernel, IWideKernel
{
    /// <summary>y[i] += scale · x[i].</summary>
    public static void Reference(ReadOnlySpan<double> x, Span<double> y, double scale)
    {
        for (int i = 0; i < x.Length; i++)
        {
            y[i] += scale * x[i];
        }
    }

    /// <inheritdoc/>
    public bool IsAligned => x.IsAligned && y.IsAligned;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        int i = (row * columns) + column;
        TLane.Store(y, i, TLane.Fma(TLane.Load(x, i), TLane.Splat(scale), TLane.Load(y, i)));
    }
}
