using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Pixelwise;

/// <summary>y = f(x) for every element. y may be x.</summary>
public readonly struct UnaryKernel<TOperator>(
    TOperator op,
    Mem x, // [rows, columns]
    Mem y, // [rows, columns] overwritten
    int columns) : IPixelKernel, IWideKernel
    where TOperator : struct, IUnaryOperator
{
    /// <summary>y[i] = f(x[i]).</summary>
    public static void Reference(TOperator op, ReadOnlySpan<double> x, Span<double> y)
    {
        for (int i = 0; i < x.Length; i++)
        {
            y[i] = op.Reference(x[i]);
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
        TLane.Store(y, i, op.Forward(TLane.Load(x, i)));
    }
}

/// <summary>dx = dy · f'(x) for every element. dx may be dy.</summary>
public readonly struct UnaryGradientKernel<TOperator>(
    TOperator op,
    Mem x, // [rows, columns], read where TOperator.GradientReadsInput
    Mem y, // [rows, columns], read where TOperator.GradientReadsOutput
    Mem dy, // [rows, columns]
    Mem dx, // [rows, columns] overwritten
    int columns) : IPixelKernel, IWideKernel
    where TOperator : struct, IUnaryOperator
{
    /// <summary>dx[i] = dy[i] · f'(x[i]).</summary>
    public static void Reference(TOperator op, ReadOnlySpan<double> x, ReadOnlySpan<double> dy, Span<double> dx)
    {
        for (int i = 0; i < x.Length; i++)
        {
            dx[i] = dy[i] * op.ReferenceGradient(x[i]);
        }
    }

    /// <inheritdoc/>
    public bool IsAligned => x.IsAligned && y.IsAligned && dy.IsAligned && dx.IsAligned;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        int i = (row * columns) + column;
        TLane upstream = TLane.Load(dy, i);
        TLane input = TOperator.GradientReadsInput ? TLane.Load(x, i) : upstream;
        TLane output = TOperator.GradientReadsOutput ? TLane.Load(y, i) : upstream;
        TLane.Store(dx, i, upstream * op.Gradient(input, output));
    }
}
