using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Losses;

/// <summary>
/// A plane a class: 1 where a pixel's label is the class, else 0. Pixels without a label are 0 in all planes. Launch on N·gridHeight × gridWidth.
/// </summary>
public readonly struct OneHotKernel(
    LabelSource labels,
    Mem result, // [N, classes, gridHeight, gridWidth] overwritten
    int classes,
    int gridHeight,
    int gridWidth) : IPixelKernel
{
    /// <summary>The specification. Labels [N, pixels] on the grid, result [N, classes, pixels].</summary>
    public static void Reference(ReadOnlySpan<int> labels, Span<double> result, int classes, int pixels, int ignoreIndex)
    {
        result.Clear();
        for (int i = 0; i < labels.Length; i++)
        {
            if (labels[i] >= 0 && labels[i] < classes && labels[i] != ignoreIndex)
            {
                result[(((i / pixels * classes) + labels[i]) * pixels) + (i % pixels)] = 1;
            }
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        int image = row / gridHeight;
        int line = row - (image * gridHeight);
        TLane label = labels.At<TLane>(image, line, column);
        int at = (((image * classes * gridHeight) + line) * gridWidth) + column;
        for (int c = 0; c < classes; c++)
        {
            TLane.Store(result, at + (c * gridHeight * gridWidth), TLane.SelectEqual(label, TLane.Splat(c), TLane.Splat(1f), TLane.Splat(0f)));
        }
    }
}
