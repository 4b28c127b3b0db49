using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Pool;

/// <summary>
/// The largest element of each window and where it lies (torch.nn.MaxPool2d): the first of equals, the last NaN. Padding never wins.
/// Launch on planes·OutputHeight × OutputWidth. A plane has fewer than 2^24 elements.
/// </summary>
public readonly struct MaxPoolKernel(
    Mem x, // [planes, Height, Width]
    Mem y, // [planes, OutputHeight, OutputWidth] overwritten
    IndexMem places, // [planes, OutputHeight, OutputWidth] overwritten: row · Width + column in the plane
    PoolShape shape) : IPixelKernel
{
    /// <summary>y = max over the window's real elements in row order, v taken where v &gt; best or v is NaN; places = where it was.</summary>
    public static void Reference(ReadOnlySpan<double> x, Span<double> y, Span<int> places, PoolShape shape)
    {
        for (int o = 0; o < y.Length; o++)
        {
            int plane = o / (shape.OutputHeight * shape.OutputWidth) * shape.Height * shape.Width;
            int top = (o / shape.OutputWidth % shape.OutputHeight * shape.Stride) - shape.Padding;
            int left = (o % shape.OutputWidth * shape.Stride) - shape.Padding;
            y[o] = double.NegativeInfinity;
            places[o] = (Math.Max(0, top) * shape.Width) + Math.Max(0, left);
            for (int i = Math.Max(0, top); i < Math.Min(shape.Height, top + shape.Window); i++)
            {
                for (int j = Math.Max(0, left); j < Math.Min(shape.Width, left + shape.Window); j++)
                {
                    double value = x[plane + (i * shape.Width) + j];
                    if (value > y[o] || double.IsNaN(value))
                    {
                        y[o] = value;
                        places[o] = (i * shape.Width) + j;
                    }
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
        TLane lowest = TLane.Splat(float.NegativeInfinity);
        TLane best = lowest;
        TLane place = TLane.Splat(first * shape.Width) + TLane.Max(left, TLane.Splat(0f));
        for (int i = first; i < end; i++)
        {
            for (int k = 0; k < shape.Window; k++)
            {
                TLane j = left + TLane.Splat(k);
                TLane read = TLane.Gather(x, ((plane * shape.Height) + i) * shape.Width, PoolShape.Clamp(j, shape.Width));
                TLane value = PoolShape.Inside(j, shape.Width, read, lowest);
                TLane here = TLane.Splat(i * shape.Width) + j;
                place = TLane.SelectGreater(value, best, here, TLane.SelectEqual(value, value, place, here));
                best = TLane.SelectGreater(value, best, value, TLane.SelectEqual(value, value, best, value));
            }
        }

        int o = (row * shape.OutputWidth) + column;
        TLane.Store(y, o, best);
        TLane.StoreIndex(places, o, place);
    }
}

/// <summary>
/// The gradient of <see cref="MaxPoolKernel"/> in gather form: an element takes dy of each window around it that chose it. Launch on planes·Height × Width.
/// </summary>
public readonly struct MaxPoolGradientKernel(
    Mem dy, // [planes, OutputHeight, OutputWidth]
    IndexMem places, // [planes, OutputHeight, OutputWidth]
    Mem dx, // [planes, Height, Width] overwritten
    PoolShape shape) : IPixelKernel
{
    /// <summary>dx = 0, then dx[places[o]] += dy[o] within each plane.</summary>
    public static void Reference(ReadOnlySpan<double> dy, ReadOnlySpan<int> places, Span<double> dx, PoolShape shape)
    {
        dx.Clear();
        for (int o = 0; o < dy.Length; o++)
        {
            dx[(o / (shape.OutputHeight * shape.OutputWidth) * shape.Height * shape.Width) + places[o]] += dy[o];
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        int plane = row / shape.Height;
        int i = row - (plane * shape.Height);
        int lastRow = shape.LastWindow(i);
        int end = Math.Min(shape.OutputHeight, lastRow + 1);
        TLane here = TLane.Splat(i * shape.Width) + TLane.Iota(column);
        TLane lastColumn = shape.LastWindow(TLane.Iota(column));
        TLane zero = TLane.Splat(0f);
        TLane sum = zero;
        for (int outputRow = Math.Max(0, lastRow - shape.Overlap + 1); outputRow < end; outputRow++)
        {
            int start = ((plane * shape.OutputHeight) + outputRow) * shape.OutputWidth;
            for (int k = 0; k < shape.Overlap; k++)
            {
                // A window that does not reach this element did not choose it either, so its edges need no test.
                TLane j = lastColumn - TLane.Splat(k);
                TLane read = PoolShape.Clamp(j, shape.OutputWidth);
                TLane chosen = TLane.SelectEqual(TLane.GatherIndex(places, start, read), here, TLane.Gather(dy, start, read), zero);
                sum += PoolShape.Inside(j, shape.OutputWidth, chosen, zero);
            }
        }

        TLane.Store(dx, (row * shape.Width) + column, sum);
    }
}
