using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Layout;

/// <summary>
/// A window of each plane, or of its mirror image; where it reaches beyond the plane stands the nearest element or 0. Launch on planes·rows × columns.
/// </summary>
public readonly struct WindowKernel(
    Mem x, // [planes, height, width]
    Mem y, // [planes, rows, columns] overwritten
    int height,
    int width,
    int rows,
    int columns,
    int top,
    int left,
    int mirror, // 1: the window lies in the mirror image, left to right
    int zeros) : IPixelKernel // 1: 0 outside, else the nearest element
{
    /// <summary>y[p, i, j] = x'[p, top + i, left + j], x' the plane or its mirror image, continued at its edges or by zeros.</summary>
    public static void Reference(
        ReadOnlySpan<double> x, Span<double> y, (int Height, int Width) plane, (int Height, int Width) window, int top, int left, bool mirror, bool zeros)
    {
        for (int o = 0; o < y.Length; o++)
        {
            int i = top + (o / window.Width % window.Height);
            int j = left + (o % window.Width);
            bool inside = i >= 0 && i < plane.Height && j >= 0 && j < plane.Width;
            int row = Math.Clamp(i, 0, plane.Height - 1);
            int column = Math.Clamp(j, 0, plane.Width - 1);
            column = mirror ? plane.Width - 1 - column : column;
            int start = o / (window.Height * window.Width) * plane.Height * plane.Width;
            y[o] = inside || !zeros ? x[start + (row * plane.Width) + column] : 0;
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        int plane = row / rows;
        int i = row - (plane * rows) + top;
        int inside = Math.Min(Math.Max(0, i), height - 1);
        TLane last = TLane.Splat(width - 1);
        TLane j = TLane.Iota(column) + TLane.Splat(left);
        TLane clamped = TLane.Min(TLane.Max(j, TLane.Splat(0f)), last);
        TLane at = mirror == 0 ? clamped : last - clamped;
        TLane value = TLane.Gather(x, ((plane * height) + inside) * width, at);
        TLane zero = TLane.Splat(0f);
        TLane bounded = i == inside ? TLane.SelectEqual(j, clamped, value, zero) : zero;
        TLane.Store(y, (row * columns) + column, zeros == 0 ? value : bounded);
    }
}

/// <summary>
/// Adds the upper left rows × columns of each plane, or their mirror image, to a window of each plane of another map. Launch on planes·rows × columns.
/// </summary>
public readonly struct AddWindowKernel(
    Mem x, // [planes, height, width]; rows × columns of it are read
    Mem y, // [planes, targetHeight, targetWidth] added to
    int height,
    int width,
    int targetHeight,
    int targetWidth,
    int rows,
    int top,
    int left,
    int mirrorEnd) : IPixelKernel // columns - 1 to mirror what is read, -1 not to
{
    /// <summary>y[p, top + i, left + j] += x[p, i, j], or x[p, i, columns - 1 - j] with mirror, for i below rows and j below columns.</summary>
    public static void Reference(
        ReadOnlySpan<double> x, Span<double> y, (int Height, int Width) source, (int Height, int Width) target, (int Rows, int Columns) used, int top, int left,
        bool mirror)
    {
        for (int o = 0; o < x.Length; o++)
        {
            int i = o / source.Width % source.Height;
            int j = o % source.Width;
            if (i < used.Rows && j < used.Columns)
            {
                int column = left + (mirror ? used.Columns - 1 - j : j);
                y[(((o / (source.Height * source.Width) * target.Height) + top + i) * target.Width) + column] += x[o];
            }
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        int plane = row / rows;
        int i = row - (plane * rows);
        int from = ((plane * height) + i) * width;
        int to = (((plane * targetHeight) + top + i) * targetWidth) + left + column;
        TLane value = mirrorEnd < 0 ? TLane.Load(x, from + column) : TLane.Gather(x, from, TLane.Splat(mirrorEnd) - TLane.Iota(column));
        TLane.Store(y, to, TLane.Load(y, to) + value);
    }
}
