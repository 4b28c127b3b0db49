using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Pool;

/// <summary>
/// The mean of each of newHeight × newWidth bins (torch.nn.AdaptiveAvgPool2d); bin o of an axis runs from ⌊o·in/out⌋ to ⌈(o+1)·in/out⌉, so neighbours
/// may share an element. A bin is a row's work, which is right for the few large bins of image pooling and pyramid pooling. Launch on planes·newHeight·newWidth
/// rows.
/// </summary>
public readonly struct AdaptiveAveragePoolKernel(
    Mem x, // [planes, height, width]
    Mem y, // [planes, newHeight, newWidth] overwritten
    int height,
    int width,
    int newHeight,
    int newWidth) : IRowKernel
{
    /// <summary>y = the mean of its bin.</summary>
    public static void Reference(ReadOnlySpan<double> x, Span<double> y, int height, int width, int newHeight, int newWidth)
    {
        for (int o = 0; o < y.Length; o++)
        {
            int row = o / newWidth % newHeight;
            int column = o % newWidth;
            y[o] = 0;
            for (int i = First(row, height, newHeight); i < End(row, height, newHeight); i++)
            {
                for (int j = First(column, width, newWidth); j < End(column, width, newWidth); j++)
                {
                    y[o] += x[(((o / (newHeight * newWidth) * height) + i) * width) + j];
                }
            }

            y[o] /= (End(row, height, newHeight) - First(row, height, newHeight)) * (End(column, width, newWidth) - First(column, width, newWidth));
        }
    }

    /// <summary>Each bin's dy over its size goes to all its elements.</summary>
    public static void ReferenceGradient(ReadOnlySpan<double> dy, Span<double> dx, int height, int width, int newHeight, int newWidth)
    {
        dx.Clear();
        for (int o = 0; o < dy.Length; o++)
        {
            int row = o / newWidth % newHeight;
            int column = o % newWidth;
            int size = (End(row, height, newHeight) - First(row, height, newHeight)) * (End(column, width, newWidth) - First(column, width, newWidth));
            for (int i = First(row, height, newHeight); i < End(row, height, newHeight); i++)
            {
                for (int j = First(column, width, newWidth); j < End(column, width, newWidth); j++)
                {
                    dx[(((o / (newHeight * newWidth) * height) + i) * width) + j] += dy[o] / size;
                }
            }
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane, TGroup>(TGroup group, int row)
        where TLane : unmanaged, ILane<TLane>
        where TGroup : struct, IGroup<TLane>
    {
        AdaptiveBin bin = new(row, height, width, newHeight, newWidth);
        TLane sum = TLane.Splat(0f);
        for (int i = 0; i < bin.Lines; i++)
        {
            int start = bin.Start + (i * width);
            for (int j = group.Start; j < bin.Length; j += group.Stride)
            {
                sum += TLane.LoadPart(x, start + j, bin.Length - j, TLane.Splat(0f));
            }
        }

        group.StoreOne(y, row, group.Sum(sum) / TLane.Splat(bin.Lines * bin.Length));
    }

    /// <summary>The first element of bin <paramref name="bin"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int First(int bin, int length, int bins) => bin * length / bins;

    /// <summary>One past the last element of bin <paramref name="bin"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int End(int bin, int length, int bins) => (((bin + 1) * length) + bins - 1) / bins;
}

/// <summary>
/// Where the elements of a bin lie: <c>Lines</c> pieces of <c>Length</c> elements, a row of the plane apart. A bin of whole rows is one piece.
/// </summary>
internal readonly struct AdaptiveBin
{
    /// <summary>The first element.</summary>
    public readonly int Start;

    /// <summary>Pieces.</summary>
    public readonly int Lines;

    /// <summary>Elements of a piece.</summary>
    public readonly int Length;

    /// <summary>Bin <paramref name="index"/> of all planes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public AdaptiveBin(int index, int height, int width, int newHeight, int newWidth)
    {
        int line = index / newWidth;
        int plane = line / newHeight;
        int row = line - (plane * newHeight);
        int column = index - (line * newWidth);
        int top = AdaptiveAveragePoolKernel.First(row, height, newHeight);
        int left = AdaptiveAveragePoolKernel.First(column, width, newWidth);
        Start = (((plane * height) + top) * width) + left;
        Lines = AdaptiveAveragePoolKernel.End(row, height, newHeight) - top;
        Length = AdaptiveAveragePoolKernel.End(column, width, newWidth) - left;
        if (newWidth == 1)
        {
            Length *= Lines;
            Lines = 1;
        }
    }
}

/// <summary>
/// The gradient of <see cref="AdaptiveAveragePoolKernel"/> where no bins overlap, height and width being multiples of newHeight and newWidth: each bin
/// fills its elements. Launch on planes·newHeight·newWidth rows.
/// </summary>
public readonly struct AdaptiveAveragePoolFillKernel(
    Mem dy, // [planes, newHeight, newWidth]
    Mem dx, // [planes, height, width] overwritten
    int height,
    int width,
    int newHeight,
    int newWidth) : IRowKernel
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane, TGroup>(TGroup group, int row)
        where TLane : unmanaged, ILane<TLane>
        where TGroup : struct, IGroup<TLane>
    {
        AdaptiveBin bin = new(row, height, width, newHeight, newWidth);
        TLane each = TLane.LoadSplat(dy, row) / TLane.Splat(bin.Lines * bin.Length);
        for (int i = 0; i < bin.Lines; i++)
        {
            int start = bin.Start + (i * width);
            for (int j = group.Start; j < bin.Length; j += group.Stride)
            {
                TLane.StorePart(dx, start + j, bin.Length - j, each);
            }
        }
    }
}

/// <summary>The gradient of <see cref="AdaptiveAveragePoolKernel"/> in gather form. Launch on planes·height × width.</summary>
public readonly struct AdaptiveAveragePoolGradientKernel(
    Mem dy, // [planes, newHeight, newWidth]
    Mem dx, // [planes, height, width] overwritten
    int height,
    int width,
    int newHeight,
    int newWidth) : IPixelKernel
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        int plane = row / height;
        int i = row - (plane * height);
        int firstBin = i * newHeight / height;
        int endBin = (((i + 1) * newHeight) + height - 1) / height;
        TLane here = TLane.Iota(column);
        TLane firstColumn = TLane.Floor((here * TLane.Splat(newWidth)) / TLane.Splat(width));

        // An element lies in the bins from ⌊i·out/in⌋ to ⌈(i+1)·out/in⌉.
        int most = ((newWidth + width - 1) / width) + 1;
        TLane sum = TLane.Splat(0f);
        for (int bin = firstBin; bin < endBin; bin++)
        {
            int rows = AdaptiveAveragePoolKernel.End(bin, height, newHeight) - AdaptiveAveragePoolKernel.First(bin, height, newHeight);
            for (int k = 0; k < most; k++)
            {
                TLane j = firstColumn + TLane.Splat(k);
                TLane first = TLane.Floor(j * TLane.Splat(width) / TLane.Splat(newWidth));
                TLane end = -TLane.Floor(-((j + TLane.Splat(1f)) * TLane.Splat(width)) / TLane.Splat(newWidth));
                TLane g = TLane.Gather(dy, ((plane * newHeight) + bin) * newWidth, PoolShape.Clamp(j, newWidth));
                g = TLane.SelectGreater(first, here, TLane.Splat(0f), g / (TLane.Splat(rows) * (end - first)));
                sum += PoolShape.Inside(j, newWidth, g, TLane.Splat(0f));
            }
        }

        TLane.Store(dx, (row * width) + column, sum);
    }
}
