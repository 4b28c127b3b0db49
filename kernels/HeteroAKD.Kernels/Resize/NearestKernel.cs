using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Resize;

/// <summary>
/// Labels at another size by the nearest neighbour (F.interpolate, mode = nearest-exact): [N, H, W] to [N, H', W']. Launch on N·H' × W'.
/// </summary>
public readonly struct NearestKernel(
    IndexMem x, // [N, height, width]
    IndexMem y, // [N, newHeight, newWidth] overwritten
    int height,
    int width,
    int newHeight,
    int newWidth) : IPixelKernel
{
    /// <summary>y[n, i, j] = x[n, ⌊(i + ½)·H/H'⌋, ⌊(j + ½)·W/W'⌋].</summary>
    public static void Reference(ReadOnlySpan<int> x, Span<int> y, int height, int width, int newHeight, int newWidth)
    {
        for (int i = 0; i < y.Length; i++)
        {
            int row = ((2 * (i / newWidth % newHeight)) + 1) * height / (2 * newHeight);
            int column = ((2 * (i % newWidth)) + 1) * width / (2 * newWidth);
            y[i] = x[(((i / (newHeight * newWidth) * height) + row) * width) + column];
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        int image = row / newHeight;
        int sourceRow = ((2 * (row - (image * newHeight))) + 1) * height / (2 * newHeight);
        TLane numerator = TLane.Fma(TLane.Iota(column), TLane.Splat(2 * width), TLane.Splat(width));
        TLane sourceColumn = TLane.Floor(numerator / TLane.Splat(2 * newWidth));
        TLane.StoreIndex(y, (row * newWidth) + column, TLane.GatherIndex(x, ((image * height) + sourceRow) * width, sourceColumn));
    }
}
