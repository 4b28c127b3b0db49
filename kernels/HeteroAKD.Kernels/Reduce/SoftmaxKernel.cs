using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Reduce;

/// <summary>
/// Softmax, or log-softmax where <c>logarithm</c> is 1, over each row of contiguous elements (torch.softmax, torch.log_softmax, dim = -1). y may be x.
/// </summary>
public readonly struct RowSoftmaxKernel(
    Mem x, // [rows, columns]
    Mem y, // [rows, columns] overwritten
    int columns,
    int logarithm) : IRowKernel, IWideKernel
{
    /// <inheritdoc cref="ClassSoftmaxKernel.Reference"/>
    public static void Reference(ReadOnlySpan<double> x, Span<double> y, int columns, bool logarithm) =>
        ClassSoftmaxKernel.Reference(x, y, columns, 1, logarithm);

    /// <inheritdoc/>
    public bool IsAligned => x.IsAligned && y.IsAligned;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane, TGroup>(TGroup group, int row)
        where TLane : unmanaged, ILane<TLane>
        where TGroup : struct, IGroup<TLane>
    {
        int start = row * columns;
        TLane lowest = TLane.Splat(float.NegativeInfinity);
        TLane max = lowest;
        for (int j = group.Start; j < columns; j += group.Stride)
        {
            max = TLane.Larger(TLane.LoadPart(x, start + j, columns - j, lowest), max);
        }

        max = group.Max(max);
        TLane sum = TLane.Splat(0f);
        for (int j = group.Start; j < columns; j += group.Stride)
        {
            TLane e = TLane.ExpNonpositive(TLane.LoadPart(x, start + j, columns - j, lowest) - max);
            sum += e;
            if (logarithm == 0)
            {
                TLane.StorePart(y, start + j, columns - j, e);
            }
        }

        sum = group.Sum(sum);

        // A loop each: with the choice inside one loop PoCL 3.1 lets threads beyond the row run it once, into the next row.
        if (logarithm == 0)
        {
            TLane factor = TLane.Reciprocal(sum);
            for (int j = group.Start; j < columns; j += group.Stride)
            {
                TLane.StorePart(y, start + j, columns - j, TLane.LoadPart(y, start + j, columns - j, lowest) * factor);
            }
        }
        else
        {
            TLane logSum = TLane.Log(sum);
            for (int j = group.Start; j < columns; j += group.Stride)
            {
                TLane.StorePart(y, start + j, columns - j, (TLane.LoadPart(x, start + j, columns - j, lowest) - max) - logSum);
            }
        }
    }
}

/// <summary>The gradient of <see cref="RowSoftmaxKernel"/> from its result. dx may be dy.</summary>
public readonly struct RowSoftmaxGradientKernel(
    Mem y, // [rows, columns]
    Mem dy, // [rows, columns]
    Mem dx, // [rows, columns] overwritten
    int columns,
    int logarithm) : IRowKernel, IWideKernel
{
    /// <inheritdoc/>
    public bool IsAligned => y.IsAligned && dy.IsAligned && dx.IsAligned;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane, TGroup>(TGroup group, int row)
        where TLane : unmanaged, ILane<TLane>
        where TGroup : struct, IGroup<TLane>
    {
        int start = row * columns;
        TLane zero = TLane.Splat(0f);
        TLane sum = zero;
        for (int j = group.Start; j < columns; j += group.Stride)
        {
            TLane g = TLane.LoadPart(dy, start + j, columns - j, zero);
            sum = logarithm == 0 ? TLane.Fma(g, TLane.LoadPart(y, start + j, columns - j, zero), sum) : sum + g;
        }

        sum = group.Sum(sum);

        // A loop each, as in the forward kernel.
        if (logarithm == 0)
        {
            for (int j = group.Start; j < columns; j += group.Stride)
            {
                TLane g = TLane.LoadPart(dy, start + j, columns - j, zero);
                TLane.StorePart(dx, start + j, columns - j, TLane.LoadPart(y, start + j, columns - j, zero) * (g - sum));
            }
        }
        else
        {
            for (int j = group.Start; j < columns; j += group.Stride)
            {
                TLane g = TLane.LoadPart(dy, start + j, columns - j, zero);
                TLane.StorePart(dx, start + j, columns - j, g - (TLane.Exp(TLane.LoadPart(y, start + j, columns - j, zero)) * sum));
            }
        }
    }
}

/// <summary>
/// Softmax, or log-softmax where <c>logarithm</c> is 1, over the class axis of [N, C, H·W]: neighbouring pixels share a lane. Launch on N × pixels. y may not
/// be x.
/// </summary>
public readonly struct ClassSoftmaxKernel(
    Mem x, // [N, C, pixels]
    Mem y, // [N, C, pixels] overwritten
    int classes,
    int pixels,
    int logarithm) : IPixelKernel, IWideKernel
{
    /// <summary>y_c = e^(x_c - m) / Σ_k e^(x_k - m), m = max_k x_k; or its logarithm x_c - m - log Σ_k e^(x_k - m).</summary>
    public static void Reference(ReadOnlySpan<double> x, Span<double> y, int classes, int pixels, bool logarithm)
    {
        for (int i = 0; i < x.Length; i++)
        {
            int first = (i / (classes * pixels) * classes * pixels) + (i % pixels);
            double max = double.NegativeInfinity;
            double sum = 0;
            for (int c = 0; c < classes; c++)
            {
                max = Math.Max(max, x[first + (c * pixels)]);
            }

            for (int c = 0; c < classes; c++)
            {
                sum += Math.Exp(x[first + (c * pixels)] - max);
            }

            y[i] = logarithm ? x[i] - max - Math.Log(sum) : Math.Exp(x[i] - max) / sum;
        }
    }

    /// <inheritdoc/>
    public bool IsAligned => x.IsAligned && y.IsAligned;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        int first = (row * classes * pixels) + column;
        TLane max = TLane.Load(x, first);
        for (int c = 1; c < classes; c++)
        {
            max = TLane.Larger(TLane.Load(x, first + (c * pixels)), max);
        }

        TLane sum = TLane.Splat(0f);
        for (int c = 0; c < classes; c++)
        {
            TLane e = TLane.ExpNonpositive(TLane.Load(x, first + (c * pixels)) - max);
            sum += e;
            TLane.Store(y, first + (c * pixels), e);
        }

        TLane factor = TLane.Reciprocal(sum);

        // The largest number is taken off first: of the largest results little more than the logarithm is then rounded.
        TLane logSum = TLane.Log(sum);
        for (int c = 0; c < classes; c++)
        {
            int i = first + (c * pixels);
            TLane.Store(y, i, logarithm == 0 ? TLane.Load(y, i) * factor : (TLane.Load(x, i) - max) - logSum);
        }
    }
}

/// <summary>The gradient of <see cref="ClassSoftmaxKernel"/> from its result. Launch on N × pixels. dx may be dy.</summary>
public readonly struct ClassSoftmaxGradientKernel(
    Mem y, // [N, C, pixels]
    Mem dy, // [N, C, pixels]
    Mem dx, // [N, C, pixels] overwritten
    int classes,
    int pixels,
    int logarithm) : IPixelKernel, IWideKernel
{
    /// <summary>Softmax: dx_c = y_c·(dy_c - Σ_k dy_k·y_k). Log-softmax: dx_c = dy_c - e^{y_c}·Σ_k dy_k.</summary>
    public static void Reference(ReadOnlySpan<double> y, ReadOnlySpan<double> dy, Span<double> dx, int classes, int pixels, bool logarithm)
    {
        for (int i = 0; i < y.Length; i++)
        {
            int first = (i / (classes * pixels) * classes * pixels) + (i % pixels);
            double sum = 0;
            for (int c = 0; c < classes; c++)
            {
                int k = first + (c * pixels);
                sum += logarithm ? dy[k] : dy[k] * y[k];
            }

            dx[i] = logarithm ? dy[i] - (Math.Exp(y[i]) * sum) : y[i] * (dy[i] - sum);
        }
    }

    /// <inheritdoc/>
    public bool IsAligned => y.IsAligned && dy.IsAligned && dx.IsAligned;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        int first = (row * classes * pixels) + column;
        TLane sum = TLane.Splat(0f);
        for (int c = 0; c < classes; c++)
        {
            TLane g = TLane.Load(dy, first + (c * pixels));
            sum = logarithm == 0 ? TLane.Fma(g, TLane.Load(y, first + (c * pixels)), sum) : sum + g;
        }

        for (int c = 0; c < classes; c++)
        {
            int i = first + (c * pixels);
            TLane g = TLane.Load(dy, i);
            TLane p = TLane.Load(y, i);
            TLane.Store(dx, i, logarithm == 0 ? p * (g - sum) : g - (TLane.Exp(p) * sum));
        }
    }
}
