using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Pixelwise;

/// <summary>
/// The output of a broadcast operation as [d0, d1, d2, columns]: up to four runs of dimensions that an operand either has or is spread over. d0 follows from
/// the launch.
/// </summary>
public readonly struct BroadcastGrid(int d1, int d2, int columns)
{
    /// <summary>Second size.</summary>
    public int D1 => d1;

    /// <summary>Third size.</summary>
    public int D2 => d2;

    /// <summary>Last size.</summary>
    public int Columns => columns;
}

/// <summary>
/// An operand against a <see cref="BroadcastGrid"/>: its elements from one place to the next along each of the four sizes, 0 where it is spread; the last is 0
/// or 1.
/// </summary>
public readonly struct BroadcastOperand(Mem memory, int stride0, int stride1, int stride2, int step)
{
    /// <summary>The index of the operand's element for place <paramref name="k"/> of an output of <paramref name="sizes"/>: the specification.</summary>
    public static int Index(int k, ReadOnlySpan<int> sizes, ReadOnlySpan<int> strides)
    {
        int index = 0;
        for (int d = sizes.Length - 1; d >= 0; d--)
        {
            index += k % sizes[d] * strides[d];
            k /= sizes[d];
        }

        return index;
    }

    /// <summary>As <see cref="IWideKernel.IsAligned"/>.</summary>
    public bool IsAligned => step == 0 || memory.IsAligned;

    /// <summary>The elements that belong to (row, column) of the output and the lane behind it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Load<TLane>(in BroadcastGrid grid, int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        int plane = row / grid.D2;
        int i0 = plane / grid.D1;
        int i1 = plane - (i0 * grid.D1);
        int i2 = row - (plane * grid.D2);
        int start = (i0 * stride0) + (i1 * stride1) + (i2 * stride2);
        return step == 0 ? TLane.LoadSplat(memory, start) : TLane.Load(memory, start + column);
    }
}

/// <summary>
/// y = f(a, b) where either operand may be spread over dimensions of the output. y may be an operand that is not spread. Launch on d0·d1·d2 × columns.
/// </summary>
public readonly struct BroadcastKernel<TOperator>(
    BroadcastOperand a,
    BroadcastOperand b,
    Mem y, // [d0, d1, d2, columns] overwritten
    BroadcastGrid grid) : IPixelKernel, IWideKernel
    where TOperator : struct, IBinaryOperator
{
    /// <summary>
    /// y[i] = f(a[i · strides of a], b[i · strides of b]) over the places i of an output of <paramref name="sizes"/>; a stride of 0 spreads an operand.
    /// </summary>
    public static void Reference(
        ReadOnlySpan<double> a, ReadOnlySpan<double> b, Span<double> y, ReadOnlySpan<int> sizes, ReadOnlySpan<int> stridesOfA, ReadOnlySpan<int> stridesOfB)
    {
        for (int k = 0; k < y.Length; k++)
        {
            y[k] = default(TOperator).Reference(a[BroadcastOperand.Index(k, sizes, stridesOfA)], b[BroadcastOperand.Index(k, sizes, stridesOfB)]);
        }
    }

    /// <inheritdoc/>
    public bool IsAligned => a.IsAligned && b.IsAligned && y.IsAligned;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane> =>
        TLane.Store(y, (row * grid.Columns) + column, default(TOperator).Forward(a.Load<TLane>(grid, row, column), b.Load<TLane>(grid, row, column)));
}

/// <summary>
/// terms = dy · ∂f/∂a at every place of the output: summed over what a is spread over they are its gradient. With <see cref="Swapped{TOperator}"/>, and a and b
/// exchanged, those of b. Launch on d0·d1·d2 × columns.
/// </summary>
public readonly struct BroadcastGradientKernel<TOperator>(
    BroadcastOperand a, // read where TOperator.GradientReadsOperands
    BroadcastOperand b, // read where TOperator.GradientReadsOperands
    Mem dy, // [d0, d1, d2, columns]
    Mem terms, // [d0, d1, d2, columns] overwritten
    BroadcastGrid grid) : IPixelKernel, IWideKernel
    where TOperator : struct, IBinaryOperator
{
    /// <summary>terms[k] = dy[k] · ∂f/∂a(a[index of k], b[index of k]).</summary>
    public static void Reference(
        ReadOnlySpan<double> a, ReadOnlySpan<double> b, ReadOnlySpan<double> dy, Span<double> terms, ReadOnlySpan<int> sizes, ReadOnlySpan<int> stridesOfA,
        ReadOnlySpan<int> stridesOfB)
    {
        for (int k = 0; k < terms.Length; k++)
        {
            terms[k] = dy[k] * default(TOperator).ReferenceGradientA(
                a[BroadcastOperand.Index(k, sizes, stridesOfA)], b[BroadcastOperand.Index(k, sizes, stridesOfB)]);
        }
    }

    /// <inheritdoc/>
    public bool IsAligned => a.IsAligned && b.IsAligned && dy.IsAligned && terms.IsAligned;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        int i = (row * grid.Columns) + column;
        TLane upstream = TLane.Load(dy, i);
        TLane left = TOperator.GradientReadsOperands ? a.Load<TLane>(grid, row, column) : upstream;
        TLane right = TOperator.GradientReadsOperands ? b.Load<TLane>(grid, row, column) : upstream;
        TLane.Store(terms, i, default(TOperator).GradientA(upstream, left, right));
    }
}

/// <summary>y = x / divisor with x spread over dimensions of y: the gradient of a sum (divisor 1) and of a mean. Launch on d0·d1·d2 × columns.</summary>
public readonly struct SpreadKernel(
    BroadcastOperand x,
    Mem y, // [d0, d1, d2, columns] overwritten
    BroadcastGrid grid,
    int divisor) : IPixelKernel, IWideKernel
{
    /// <summary>y[k] = x[index of k] / divisor.</summary>
    public static void Reference(ReadOnlySpan<double> x, Span<double> y, ReadOnlySpan<int> sizes, ReadOnlySpan<int> strides, int divisor)
    {
        for (int k = 0; k < y.Length; k++)
        {
            y[k] = x[BroadcastOperand.Index(k, sizes, strides)] / divisor;
        }
    }

    /// <inheritdoc/>
    public bool IsAligned => x.IsAligned && y.IsAligned;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane> =>
        TLane.Store(y, (row * grid.Columns) + column, x.Load<TLane>(grid, row, column) / TLane.Splat(divisor));
}
