using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Resize;

/// <summary>
/// The vertical half of a bilinear resize (F.interpolate, mode = bilinear, no antialias), [planes, H, W] to [planes, H', W]. Vertical first: its operands are
/// whole rows, and the horizontal half then gathers from rows that are short when enlarging. Launch on planes·H' rows.
/// </summary>
public readonly struct BilinearVerticalKernel(
    Mem x, // [planes, vertical.Source, columns]
    Mem y, // [planes, vertical.Target, columns] overwritten
    BilinearAxis vertical,
    int columns) : IRowKernel
{
    /// <summary>
    /// Both halves. PyTorch's position of target element o on an axis: o·(in - 1)/(out - 1) with align_corners (0 if out = 1), else
    /// max(0, (o + ½)·in/out - ½). The result mixes the four elements around (position of row, position of column) by distance; one that weighs 0 has no part
    /// in it, whatever it is (PyTorch's 0 · ∞ is NaN where sizes differ).
    /// </summary>
    public static void Reference(ReadOnlySpan<double> x, Span<double> y, int height, int width, int newHeight, int newWidth, bool alignCorners)
    {
        for (int i = 0; i < y.Length; i++)
        {
            int plane = i / (newHeight * newWidth) * height * width;
            (int top, int bottom, double down) = Mix(i / newWidth % newHeight, height, newHeight, alignCorners);
            (int left, int right, double across) = Mix(i % newWidth, width, newWidth, alignCorners);
            double above = Between(x[plane + (top * width) + left], x[plane + (top * width) + right], across);
            double below = Between(x[plane + (bottom * width) + left], x[plane + (bottom * width) + right], across);
            y[i] = Between(above, below, down);
        }
    }

    /// <summary>The gradient: each target element's dy goes to the four source elements it was mixed from, by the same weights.</summary>
    public static void ReferenceGradient(ReadOnlySpan<double> dy, Span<double> dx, int height, int width, int newHeight, int newWidth, bool alignCorners)
    {
        dx.Clear();
        for (int i = 0; i < dy.Length; i++)
        {
            int plane = i / (newHeight * newWidth) * height * width;
            (int top, int bottom, double down) = Mix(i / newWidth % newHeight, height, newHeight, alignCorners);
            (int left, int right, double across) = Mix(i % newWidth, width, newWidth, alignCorners);
            dx[plane + (top * width) + left] += (1 - down) * (1 - across) * dy[i];
            dx[plane + (top * width) + right] += (1 - down) * across * dy[i];
            dx[plane + (bottom * width) + left] += down * (1 - across) * dy[i];
            dx[plane + (bottom * width) + right] += down * across * dy[i];
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane, TGroup>(TGroup group, int row)
        where TLane : unmanaged, ILane<TLane>
        where TGroup : struct, IGroup<TLane>
    {
        int plane = row / vertical.Target;
        int target = row - (plane * vertical.Target);
        int low = vertical.Low(target);
        TLane weight = vertical.Weight<TLane>(target);
        int top = ((plane * vertical.Source) + low) * columns;
        int bottom = ((plane * vertical.Source) + vertical.High(low)) * columns;
        TLane zero = TLane.Splat(0f);
        for (int j = group.Start; j < columns; j += group.Stride)
        {
            TLane above = TLane.LoadPart(x, top + j, columns - j, zero);
            TLane below = TLane.LoadPart(x, bottom + j, columns - j, zero);
            TLane.StorePart(y, (row * columns) + j, columns - j, BilinearAxis.Mix(above, below, weight));
        }
    }

    private static double Between(double low, double high, double weight) => weight > 0 ? ((1 - weight) * low) + (weight * high) : low;

    private static (int Low, int High, double Weight) Mix(int target, int source, int targets, bool alignCorners)
    {
        double position = alignCorners
            ? (targets > 1 ? (double)target * (source - 1) / (targets - 1) : 0)
            : Math.Max(0, ((((2.0 * target) + 1) * source) - targets) / (2.0 * targets));
        int low = Math.Min((int)position, source - 1);
        return (low, Math.Min(low + 1, source - 1), position - low);
    }
}

/// <summary>The horizontal half of a bilinear resize, [rows, W] to [rows, W']. Launch on rows × W'.</summary>
public readonly struct BilinearHorizontalKernel(
    Mem x, // [rows, horizontal.Source]
    Mem y, // [rows, horizontal.Target] overwritten
    BilinearAxis horizontal) : IPixelKernel
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        TLane target = TLane.Iota(column);
        TLane low = horizontal.Low(target);
        TLane left = TLane.Gather(x, row * horizontal.Source, low);
        TLane right = TLane.Gather(x, row * horizontal.Source, horizontal.High(low));
        TLane.Store(y, (row * horizontal.Target) + column, BilinearAxis.Mix(left, right, horizontal.Weight(target, low)));
    }
}

/// <summary>
/// The gradient of <see cref="BilinearVerticalKernel"/>: each source row gathers from the target rows it was mixed into. With the horizontal gradient after it,
/// the pair is the gradient of the resize (first dy to [planes, H, W'], then to [planes, H, W]). Launch on planes·H rows.
/// </summary>
public readonly struct BilinearVerticalGradientKernel(
    Mem dy, // [planes, vertical.Target, columns]
    Mem dx, // [planes, vertical.Source, columns] overwritten
    BilinearAxis vertical,
    int columns) : IRowKernel
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane, TGroup>(TGroup group, int row)
        where TLane : unmanaged, ILane<TLane>
        where TGroup : struct, IGroup<TLane>
    {
        int plane = row / vertical.Source;
        int source = row - (plane * vertical.Source);
        int first = vertical.FirstTarget(source);
        int last = vertical.LastTarget(source);
        TLane divisor = TLane.Splat(vertical.Divisor);
        for (int j = group.Start; j < columns; j += group.Stride)
        {
            TLane sum = TLane.Splat(0f);
            for (int target = first; target <= last; target++)
            {
                int i = (((plane * vertical.Target) + target) * columns) + j;
                sum = TLane.Fma(TLane.LoadPart(dy, i, columns - j, TLane.Splat(0f)), TLane.Splat(vertical.Units(target, source)), sum);
            }

            TLane.StorePart(dx, (row * columns) + j, columns - j, sum / divisor);
        }
    }
}

/// <summary>The gradient of <see cref="BilinearHorizontalKernel"/>, in gather form. Launch on rows × W.</summary>
public readonly struct BilinearHorizontalGradientKernel(
    Mem dy, // [rows, horizontal.Target]
    Mem dx, // [rows, horizontal.Source] overwritten
    BilinearAxis horizontal,
    int maxTargets) : IPixelKernel
{
    /// <summary>The kernel for an axis; the length of its loop is worked out once.</summary>
    public BilinearHorizontalGradientKernel(Mem dy, Mem dx, BilinearAxis horizontal)
        : this(dy, dx, horizontal, horizontal.MaxTargets)
    {
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        TLane source = TLane.Iota(column);
        TLane target = horizontal.FirstTarget(source);
        TLane end = TLane.Splat(horizontal.Target - 1);
        TLane sum = TLane.Splat(0f);
        for (int k = 0; k < maxTargets; k++)
        {
            // Lanes whose run of targets is over go on with weight 0 at a place that can be read.
            TLane g = TLane.Gather(dy, row * horizontal.Target, TLane.Min(target, end));
            sum = TLane.Fma(g, horizontal.Units(target, source), sum);
            target += TLane.Splat(1f);
        }

        TLane.Store(dx, (row * horizontal.Source) + column, sum / TLane.Splat(horizontal.Divisor));
    }
}
