using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Layout;

/// <summary>
/// Exchanges the first two of three axes, [a, b, inner] to [b, a, inner]: a convolution's weight as the product for its input's gradient wants it. Launch on
/// b·a rows and inner columns.
/// </summary>
public readonly struct SwapAxesKernel(
    Mem x, // [a, b, inner]
    Mem y, // [b, a, inner] overwritten
    int a,
    int b,
    int inner) : IPixelKernel
{
    /// <summary>y[j, i, t] = x[i, j, t].</summary>
    public static void Reference(ReadOnlySpan<double> x, Span<double> y, int a, int b, int inner)
    {
        for (int k = 0; k < x.Length; k++)
        {
            int i = k / (b * inner);
            int j = k / inner % b;
            y[(((j * a) + i) * inner) + (k % inner)] = x[k];
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        int j = row / a;
        int i = row - (j * a);
        TLane.Store(y, (row * inner) + column, TLane.Load(x, (((i * b) + j) * inner) + column));
    }
}
