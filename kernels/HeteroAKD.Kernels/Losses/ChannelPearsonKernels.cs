using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Losses;

/// <summary>
/// First stage of Pearson's correlation of two maps over all pixels of a batch, for each channel: means and centred sums of each plane, in two passes over it,
/// so that means far from zero cost no digits. Launch on N·C rows.
/// </summary>
public readonly struct PlanePearsonKernel(
    Mem x, // [N·C, columns]
    Mem target, // [N·C, columns]
    Mem planes, // [5, N·C] overwritten: mean of x, mean of t, Σ x̂², Σ t̂², Σ x̂·t̂
    int rows,
    int columns) : IRowKernel, IWideKernel
{
    /// <inheritdoc/>
    public bool IsAligned => x.IsAligned && target.IsAligned;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane, TGroup>(TGroup group, int row)
        where TLane : unmanaged, ILane<TLane>
        where TGroup : struct, IGroup<TLane>
    {
        int start = row * columns;
        TLane zero = TLane.Splat(0f);
        (TLane sum, TLane targetSum) = (zero, zero);
        for (int j = group.Start; j < columns; j += group.Stride)
        {
            sum += TLane.LoadPart(x, start + j, columns - j, zero);
            targetSum += TLane.LoadPart(target, start + j, columns - j, zero);
        }

        TLane mean = group.Sum(sum) / TLane.Splat(columns);
        TLane targetMean = group.Sum(targetSum) / TLane.Splat(columns);
        (TLane squares, TLane targetSquares, TLane products) = (zero, zero, zero);
        for (int j = group.Start; j < columns; j += group.Stride)
        {
            TLane a = TLane.LoadPart(x, start + j, columns - j, mean) - mean;
            TLane b = TLane.LoadPart(target, start + j, columns - j, targetMean) - targetMean;
            squares = TLane.Fma(a, a, squares);
            targetSquares = TLane.Fma(b, b, targetSquares);
            products = TLane.Fma(a, b, products);
        }

        squares = group.Sum(squares);
        targetSquares = group.Sum(targetSquares);
        products = group.Sum(products);
        group.StoreOne(planes, row, mean);
        group.StoreOne(planes, rows + row, targetMean);
        group.StoreOne(planes, (2 * rows) + row, squares);
        group.StoreOne(planes, (3 * rows) + row, targetSquares);
        group.StoreOne(planes, (4 * rows) + row, products);
    }
}

/// <summary>Second stage: the planes of a channel come together by Chan's formula. Launch on 1 × C.</summary>
public readonly struct ChannelPearsonKernel(
    Mem planes, // [5, N, C]
    PearsonResults results, // of C
    int images,
    int channels,
    int columns) : IPixelKernel
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        int rows = images * channels;
        TLane zero = TLane.Splat(0f);
        (TLane mean, TLane targetMean) = (zero, zero);
        for (int n = 0; n < images; n++)
        {
            int plane = (n * channels) + column;
            mean += TLane.Load(planes, plane);
            targetMean += TLane.Load(planes, rows + plane);
        }

        mean /= TLane.Splat(images);
        targetMean /= TLane.Splat(images);
        TLane length = TLane.Splat(columns);
        (TLane squares, TLane targetSquares, TLane products) = (zero, zero, zero);
        for (int n = 0; n < images; n++)
        {
            int plane = (n * channels) + column;
            TLane a = TLane.Load(planes, plane) - mean;
            TLane b = TLane.Load(planes, rows + plane) - targetMean;
            squares += TLane.Fma(a * a, length, TLane.Load(planes, (2 * rows) + plane));
            targetSquares += TLane.Fma(b * b, length, TLane.Load(planes, (3 * rows) + plane));
            products += TLane.Fma(a * b, length, TLane.Load(planes, (4 * rows) + plane));
        }

        results.Store(column, mean, targetMean, squares, targetSquares, products);
    }
}

/// <summary>The gradient of <see cref="ChannelPearsonKernel"/> for x. Launch on N·C rows.</summary>
public readonly struct ChannelPearsonGradientKernel(
    Mem x, // [N·C, columns]
    Mem target, // [N·C, columns]
    Mem statistics, // [4, C]
    Mem dy, // [C]
    Mem dx, // [N·C, columns] overwritten
    int channels,
    int columns) : IPixelKernel, IWideKernel
{
    /// <inheritdoc/>
    public bool IsAligned => x.IsAligned && target.IsAligned && dx.IsAligned;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        int c = row % channels;
        int i = (row * columns) + column;
        TLane upstream = TLane.LoadSplat(dy, c);
        TLane a = TLane.LoadSplat(statistics, (2 * channels) + c) * upstream;
        TLane b = TLane.LoadSplat(statistics, (3 * channels) + c) * upstream;
        TLane own = TLane.Load(x, i) - TLane.LoadSplat(statistics, c);
        TLane wanted = TLane.Load(target, i) - TLane.LoadSplat(statistics, channels + c);
        TLane.Store(dx, i, (wanted * a) - (own * b));
    }
}
