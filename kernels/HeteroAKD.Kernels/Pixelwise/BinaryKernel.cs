using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Reduce;

namespace HeteroAKD.Kernels.Pixelwise;

/// <summary>
/// y = f(a, b) with b broadcast over a. y may be a. With <see cref="Multiply"/> and <see cref="Scalar"/> it scales by a number that lives in memory.
/// </summary>
public readonly struct BinaryKernel<TOperator, TBroadcast>(
    Mem a, // [rows, columns]
    Mem b, // as TBroadcast says
    Mem y, // [rows, columns] overwritten
    int columns,
    int channels) : IPixelKernel, IWideKernel
    where TOperator : struct, IBinaryOperator
    where TBroadcast : struct, IBroadcast
{
    /// <summary>y[r, j] = f(a[r, j], b[index of (r, j)]).</summary>
    public static void Reference(ReadOnlySpan<double> a, ReadOnlySpan<double> b, Span<double> y, int columns, int channels)
    {
        for (int i = 0; i < a.Length; i++)
        {
            y[i] = default(TOperator).Reference(a[i], b[TBroadcast.Index(i / columns, i % columns, columns, channels)]);
        }
    }

    /// <inheritdoc/>
    public bool IsAligned => a.IsAligned && y.IsAligned && (!TBroadcast.LoadsLanes || b.IsAligned);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        int i = (row * columns) + column;
        TLane right = TBroadcast.Load<TLane>(b, row, column, TLane.Width, columns, channels);
        TLane.Store(y, i, default(TOperator).Forward(TLane.Load(a, i), right));
    }
}

/// <summary>da = dy · ∂f/∂a. da may be dy.</summary>
public readonly struct BinaryGradientAKernel<TOperator, TBroadcast>(
    Mem a, // [rows, columns], read where TOperator.GradientReadsOperands
    Mem b, // as TBroadcast says, read where TOperator.GradientReadsOperands
    Mem dy, // [rows, columns]
    Mem da, // [rows, columns] overwritten
    int columns,
    int channels) : IPixelKernel, IWideKernel
    where TOperator : struct, IBinaryOperator
    where TBroadcast : struct, IBroadcast
{
    /// <summary>da[r, j] = dy[r, j] · ∂f/∂a(a[r, j], b[index of (r, j)]).</summary>
    public static void Reference(ReadOnlySpan<double> a, ReadOnlySpan<double> b, ReadOnlySpan<double> dy, Span<double> da, int columns, int channels)
    {
        for (int i = 0; i < a.Length; i++)
        {
            da[i] = dy[i] * default(TOperator).ReferenceGradientA(a[i], b[TBroadcast.Index(i / columns, i % columns, columns, channels)]);
        }
    }

    /// <inheritdoc/>
    public bool IsAligned => a.IsAligned && dy.IsAligned && da.IsAligned && (!TBroadcast.LoadsLanes || b.IsAligned);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        int i = (row * columns) + column;
        TLane upstream = TLane.Load(dy, i);
        TLane left = TOperator.GradientReadsOperands ? TLane.Load(a, i) : upstream;
        TLane right = TOperator.GradientReadsOperands ? TBroadcast.Load<TLane>(b, row, column, TLane.Width, columns, channels) : upstream;
        TLane.Store(da, i, default(TOperator).GradientA(upstream, left, right));
    }
}

/// <summary>
/// The terms dy · ∂f/∂b that the gradient for b consists of. For <see cref="SameShape"/> they are the gradient: <see cref="TermKernel{TTerm}"/> writes them.
/// For a broadcast b they are summed: <see cref="RowSumKernel{TTerm}"/> and <see cref="CombineKernel"/> for <see cref="PerChannel"/>,
/// <see cref="ColumnSumKernel{TTerm}"/> and <see cref="CombineKernel"/> for <see cref="PerColumn"/>, <see cref="TotalKernel{TTerm}"/> for <see cref="Scalar"/>.
/// </summary>
public readonly struct BinaryGradientBTerm<TOperator, TBroadcast>(
    Mem a, // [rows, columns], read where TOperator.GradientReadsOperands
    Mem b, // as TBroadcast says, read where TOperator.GradientReadsOperands
    Mem dy, // [rows, columns]
    int columns,
    int channels) : ITerm
    where TOperator : struct, IBinaryOperator
    where TBroadcast : struct, IBroadcast
{
    /// <summary>db[k] = Σ of dy[r, j] · ∂f/∂b(a[r, j], b[k]) over the (r, j) that b[k] was spread to.</summary>
    public static void Reference(ReadOnlySpan<double> a, ReadOnlySpan<double> b, ReadOnlySpan<double> dy, Span<double> db, int columns, int channels)
    {
        db.Clear();
        for (int i = 0; i < a.Length; i++)
        {
            int k = TBroadcast.Index(i / columns, i % columns, columns, channels);
            db[k] += dy[i] * default(TOperator).ReferenceGradientB(a[i], b[k]);
        }
    }

    /// <inheritdoc/>
    public bool IsAligned => a.IsAligned && dy.IsAligned && (!TBroadcast.LoadsLanes || b.IsAligned);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane At<TLane>(int row, int column, int count)
        where TLane : unmanaged, ILane<TLane>
    {
        int i = (row * columns) + column;
        TLane upstream = TLane.LoadPart(dy, i, count, TLane.Splat(0f));
        TLane left = TOperator.GradientReadsOperands ? TLane.LoadPart(a, i, count, TLane.Splat(1f)) : upstream;
        TLane right = TOperator.GradientReadsOperands ? TBroadcast.Load<TLane>(b, row, column, count, columns, channels) : upstream;
        return default(TOperator).GradientB(upstream, left, right);
    }
}
