using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Pool;

/// <summary>
/// The mean of each window (torch.nn.AvgPool2d). With <c>includePadding</c> = 1 (count_include_pad, PyTorch's default) padding counts as zeros, else only the
/// real elements count. Launch on planes·OutputHeight × OutputWidth.
/// </summary>
public readonly struct AveragePoolKernel(
    Mem x, // [planes, Height, Width]
    Mem y, // [planes, OutputHeight, OutputWidth] overwritten
    PoolShape shape,
    int includePadding) : IPixelKernel
{
    /// <summary>y = Σ of the window's real elements / (includePadding ? Window² : how many they are).</summary>
    public static void Reference(ReadOnlySpan<double> x, Span<double> y, PoolShape shape, bool includePadding)
    {
        for (int o = 0; o < y.Length; o++)
        {
            int plane = o / (shape.OutputHeight * shape.OutputWidth) * shape.Height * shape.Width;
            (int top, int bottom) = Real(o / shape.OutputWidth % shape.OutputHeight, shape.Height, shape);
            (int left, int right) = Real(o % shape.OutputWidth, shape.Width, shape);
            double sum = 0;
            for (int i = top; i < bottom; i++)
            {
                for (int j = left; j < right; j++)
                {
                    sum += x[plane + (i * shape.Width) + j];
                }
            }

            y[o] = sum / (includePadding ? shape.Window * shape.Window : (bottom - top) * (right - left));
        }
    }

    /// <summary>Each window's dy, divided as in <see cref="Reference"/>, goes to all its real elements.</summary>
    public static void ReferenceGradient(ReadOnlySpan<double> dy, Span<double> dx, PoolShape shape, bool includePadding)
    {
        dx.Clear();
        for (int o = 0; o < dy.Length; o++)
        {
            int plane = o / (shape.OutputHeight * shape.OutputWidth) * shape.Height * shape.Width;
            (int top, int bottom) = Real(o / shape.OutputWidth % shape.OutputHeight, shape.Height, shape);
            (int left, int right) = Real(o % shape.OutputWidth, shape.Width, shape);
            for (int i = top; i < bottom; i++)
            {
                for (int j = left; j < right; j++)
                {
                    dx[plane + (i * shape.Width) + j] += dy[o] / (includePadding ? shape.Window * shape.Window : (bottom - top) * (right - left));
                }
            }
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        int plane = row / shape.OutputHeight;
        int top = ((row - (plane * shape.OutputHeight)) * shape.Stride) - shape.Padding;
        int first = Math.Max(0, top);
        int end = Math.Min(shape.Height, top + shape.Window);
        TLane left = (TLane.Iota(column) * TLane.Splat(shape.Stride)) - TLane.Splat(shape.Padding);
        TLane zero = TLane.Splat(0f);
        TLane sum = zero;
        for (int i = first; i < end; i++)
        {
            for (int k = 0; k < shape.Window; k++)
            {
                TLane j = left + TLane.Splat(k);
                TLane read = TLane.Gather(x, ((plane * shape.Height) + i) * shape.Width, PoolShape.Clamp(j, shape.Width));
                sum += PoolShape.Inside(j, shape.Width, read, zero);
            }
        }

        TLane count = TLane.Splat(shape.Window * shape.Window);
        if (includePadding == 0)
        {
            count = TLane.Splat(end - first) * RealColumns(left, shape);
        }

        TLane.Store(y, (row * shape.OutputWidth) + column, sum / count);
    }

    /// <summary>How many columns of the windows that begin at <paramref name="left"/> are real.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TLane RealColumns<TLane>(TLane left, PoolShape shape)
        where TLane : unmanaged, ILane<TLane> =>
        TLane.Min(left + TLane.Splat(shape.Window), TLane.Splat(shape.Width)) - TLane.Max(left, TLane.Splat(0f));

    private static (int First, int End) Real(int window, int length, PoolShape shape)
    {
        int start = (window * shape.Stride) - shape.Padding;
        return (Math.Max(0, start), Math.Min(length, start + shape.Window));
    }
}

/// <summary>The gradient of <see cref="AveragePoolKernel"/> in gather form. Launch on planes·Height × Width.</summary>
public readonly struct AveragePoolGradientKernel(
    Mem dy, // [planes, OutputHeight, OutputWidth]
    Mem dx, // [planes, Height, Width] overwritten
    PoolShape shape,
    int includePadding) : IPixelKernel
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        int plane = row / shape.Height;
        int i = row - (plane * shape.Height);
        int lastRow = shape.LastWindow(i);
        int end = Math.Min(shape.OutputHeight, lastRow + 1);
        TLane here = TLane.Iota(column);
        TLane lastColumn = shape.LastWindow(here);
        TLane zero = TLane.Splat(0f);
        TLane sum = zero;
        for (int outputRow = Math.Max(0, lastRow - shape.Overlap + 1); outputRow < end; outputRow++)
        {
            int top = (outputRow * shape.Stride) - shape.Padding;
            int rows = Math.Min(shape.Height, top + shape.Window) - Math.Max(0, top);

            // The overlap is an upper bound: where the stride does not divide the window, the first of these windows may end above this row.
            TLane reached = TLane.Splat(top + shape.Window > i ? 1f : 0f);
            for (int k = 0; k < shape.Overlap; k++)
            {
                TLane j = lastColumn - TLane.Splat(k);
                TLane left = (j * TLane.Splat(shape.Stride)) - TLane.Splat(shape.Padding);
                TLane count = includePadding != 0 ? TLane.Splat(shape.Window * shape.Window) : TLane.Splat(rows) * AveragePoolKernel.RealColumns(left, shape);
                TLane g = TLane.Gather(dy, ((plane * shape.OutputHeight) + outputRow) * shape.OutputWidth, PoolShape.Clamp(j, shape.OutputWidth)) / count;
                g = TLane.SelectGreater(left + TLane.Splat(shape.Window), here, g * reached, zero);
                sum += PoolShape.Inside(j, shape.OutputWidth, g, zero);
            }
        }

        TLane.Store(dx, (row * shape.Width) + column, sum);
    }
}
