using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Layout;

/// <summary>
/// Copies a run of contiguous elements out of each row of one buffer into each row of another. Concatenation along channels of [N, C, H, W] is one launch an
/// input (a row an image), a slice is one launch; each is the other's gradient, after filling what a slice left out with zeros.
/// </summary>
public readonly struct BlockCopyKernel(
    Mem x, // [rows, xStride], columns elements read from xOffset on
    Mem y, // [rows, yStride], columns elements overwritten from yOffset on
    int xOffset,
    int xStride,
    int yOffset,
    int yStride) : IPixelKernel
{
    /// <summary>y[r, yOffset + j] = x[r, xOffset + j] for j below <paramref name="columns"/>.</summary>
    public static void Reference(ReadOnlySpan<double> x, Span<double> y, int rows, int columns, int xOffset, int xStride, int yOffset, int yStride)
    {
        for (int row = 0; row < rows; row++)
        {
            x.Slice((row * xStride) + xOffset, columns).CopyTo(y[((row * yStride) + yOffset)..]);
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane> =>
        TLane.Store(y, (row * yStride) + yOffset + column, TLane.Load(x, (row * xStride) + xOffset + column));
}
