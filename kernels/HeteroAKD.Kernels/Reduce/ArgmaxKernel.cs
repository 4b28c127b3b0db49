using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Reduce;

/// <summary>
/// The class with the largest logit of every pixel (torch.argmax, dim = 1): the first of equals, and the first NaN where there is one.
/// [N, C, pixels] to [N, pixels]. Launch on N × pixels.
/// </summary>
public readonly struct ArgmaxKernel(
    Mem x, // [N, classes, pixels]
    IndexMem y, // [N, pixels] overwritten
    int classes,
    int pixels) : IPixelKernel
{
    /// <summary>y[n, p] = the first c with the largest x[n, c, p]; a NaN counts as larger than any number.</summary>
    public static void Reference(ReadOnlySpan<double> x, Span<int> y, int classes, int pixels)
    {
        for (int i = 0; i < y.Length; i++)
        {
            int start = (i / pixels * classes * pixels) + (i % pixels);
            for (int c = 1; c < classes; c++)
            {
                double best = x[start + (y[i] * pixels)];
                double value = x[start + (c * pixels)];
                y[i] = value > best || (double.IsNaN(value) && !double.IsNaN(best)) ? c : y[i];
            }
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        int start = (row * classes * pixels) + column;
        TLane best = TLane.Load(x, start);
        TLane place = TLane.Splat(0f);
        for (int c = 1; c < classes; c++)
        {
            TLane value = TLane.Load(x, start + (c * pixels));
            TLane here = TLane.Splat(c);

            // Only a NaN is not equal to itself: it is taken unless one was before it.
            TLane nan = TLane.SelectEqual(best, best, here, place);
            place = TLane.SelectGreater(value, best, here, TLane.SelectEqual(value, value, place, nan));
            best = TLane.Max(best, value);
        }

        TLane.StoreIndex(y, (row * pixels) + column, place);
    }
}
