using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Layout;

/// <summary>
/// Copies planes along two axes by their maps: slices (torch's x[a:b:step]), constant padding (F.pad) and the gradients of both. Launch on planes · rows.Target
/// × columns.Target. The host has <see cref="HostAxisCopy"/>.
/// </summary>
public readonly struct AxisCopyKernel(
    Mem x, // [planes, rows.Source, columns.Source], not empty
    Mem y, // [planes, rows.Target, columns.Target] overwritten
    AxisMap rows,
    AxisMap columns,
    float fill) : IPixelKernel
{
    /// <summary>y[p, i, j] = x[p, source of i, source of j], or fill where one of them has no source.</summary>
    public static void Reference(ReadOnlySpan<double> x, Span<double> y, AxisMap rows, AxisMap columns, double fill)
    {
        for (int k = 0; k < y.Length; k++)
        {
            int plane = k / (rows.Target * columns.Target);
            int i = rows.From(k / columns.Target % rows.Target);
            int j = columns.From(k % columns.Target);
            y[k] = i >= 0 && j >= 0 ? x[(((plane * rows.Source) + i) * columns.Source) + j] : fill;
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        int plane = row / rows.Target;
        int source = rows.From(row - (plane * rows.Target));
        TLane value = TLane.Splat(fill);
        if (source >= 0)
        {
            value = columns.Load(x, ((plane * rows.Source) + source) * columns.Source, column, value);
        }

        TLane.Store(y, (row * columns.Target) + column, value);
    }
}
