using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Reduce;

/// <summary>
/// Mean and rstd of each group of channels of each image, whose elements are neighbours (torch.nn.GroupNorm). Launch on N·groups rows;
/// <see cref="GroupNormApplyKernel"/> follows.
/// </summary>
public readonly struct GroupNormStatisticsKernel(
    Mem x, // [N·groups, columns]
    Mem mean, // [N·groups] overwritten
    Mem rstd, // [N·groups] overwritten: 1 / sqrt(biased variance + epsilon)
    int columns, // channels of a group · pixels
    float epsilon) : IRowKernel, IWideKernel
{
    /// <summary>mean_r = Σ_j x / columns; rstd_r = 1 / sqrt(Σ_j (x - mean_r)² / columns + ε).</summary>
    public static void Reference(ReadOnlySpan<double> x, Span<double> mean, Span<double> rstd, double epsilon)
    {
        int columns = x.Length / Math.Max(1, mean.Length);
        for (int row = 0; row < mean.Length; row++)
        {
            mean[row] = 0;
            double squares = 0;
            foreach (double value in x.Slice(row * columns, columns))
            {
                mean[row] += value / columns;
            }

            foreach (double value in x.Slice(row * columns, columns))
            {
                squares += (value - mean[row]) * (value - mean[row]);
            }

            rstd[row] = 1 / Math.Sqrt((squares / columns) + epsilon);
        }
    }

    /// <inheritdoc/>
    public bool IsAligned => x.IsAligned;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane, TGroup>(TGroup group, int row)
        where TLane : unmanaged, ILane<TLane>
        where TGroup : struct, IGroup<TLane>
    {
        int start = row * columns;
        TLane zero = TLane.Splat(0f);
        TLane sum = zero;
        for (int j = group.Start; j < columns; j += group.Stride)
        {
            sum += TLane.LoadPart(x, start + j, columns - j, zero);
        }

        TLane center = group.Sum(sum) / TLane.Splat(columns);
        TLane squares = zero;
        for (int j = group.Start; j < columns; j += group.Stride)
        {
            TLane d = TLane.LoadPart(x, start + j, columns - j, center) - center;
            squares = TLane.Fma(d, d, squares);
        }

        group.StoreOne(mean, row, center);
        group.StoreOne(rstd, row, TLane.Rsqrt((group.Sum(squares) / TLane.Splat(columns)) + TLane.Splat(epsilon)));
    }
}

/// <summary>y = (x - mean) · rstd · weight + bias, by the statistics of a channel's group. Launch on N·C × pixels.</summary>
public readonly struct GroupNormApplyKernel(
    Mem x, // [N·C, columns]
    Mem weight, // [C]
    Mem bias, // [C]
    Mem mean, // [N·groups]
    Mem rstd, // [N·groups]
    Mem y, // [N·C, columns] overwritten
    int channels, // C
    int groupChannels, // channels of a group
    int columns) : IPixelKernel, IWideKernel
{
    /// <summary>y[n, c, j] = (x - mean[n, group of c]) · rstd[n, group of c] · weight[c] + bias[c].</summary>
    public static void Reference(
        ReadOnlySpan<double> x, ReadOnlySpan<double> weight, ReadOnlySpan<double> bias, ReadOnlySpan<double> mean, ReadOnlySpan<double> rstd, Span<double> y,
        int groups)
    {
        int channels = weight.Length;
        int columns = x.Length / Math.Max(1, mean.Length / groups * channels);
        for (int k = 0; k < x.Length; k++)
        {
            int row = k / columns;
            int group = row / (channels / groups);
            y[k] = ((x[k] - mean[group]) * rstd[group] * weight[row % channels]) + bias[row % channels];
        }
    }

    /// <inheritdoc/>
    public bool IsAligned => x.IsAligned && y.IsAligned;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        int channel = row % channels;
        int group = row / groupChannels;
        int i = (row * columns) + column;
        TLane normalised = (TLane.Load(x, i) - TLane.LoadSplat(mean, group)) * TLane.LoadSplat(rstd, group);
        TLane.Store(y, i, TLane.Fma(normalised, TLane.LoadSplat(weight, channel), TLane.LoadSplat(bias, channel)));
    }
}

/// <summary>
/// The sums over each plane that all gradients of group norm need: of dy, and of dy·x̂. Over the images they are the gradients for bias and weight. Launch on
/// N·C rows.
/// </summary>
public readonly struct GroupNormPlaneSumsKernel(
    Mem x, // [N·C, columns]
    Mem dy, // [N·C, columns]
    Mem mean, // [N·groups]
    Mem rstd, // [N·groups]
    Mem planeSums, // [N·C] overwritten
    Mem planeProducts, // [N·C] overwritten
    int groupChannels,
    int columns) : IRowKernel, IWideKernel
{
    /// <inheritdoc/>
    public bool IsAligned => x.IsAligned && dy.IsAligned;

    /// <summary>planeSums_r = Σ_j dy; planeProducts_r = Σ_j dy · (x - mean) · rstd, with the statistics of the row's group.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane, TGroup>(TGroup group, int row)
        where TLane : unmanaged, ILane<TLane>
        where TGroup : struct, IGroup<TLane>
    {
        int start = row * columns;
        int statistics = row / groupChannels;
        TLane zero = TLane.Splat(0f);
        TLane center = TLane.LoadSplat(mean, statistics);
        TLane sum = zero;
        TLane product = zero;
        for (int j = group.Start; j < columns; j += group.Stride)
        {
            TLane gradient = TLane.LoadPart(dy, start + j, columns - j, zero);
            sum += gradient;
            product = TLane.Fma(gradient, TLane.LoadPart(x, start + j, columns - j, center) - center, product);
        }

        group.StoreOne(planeSums, row, group.Sum(sum));
        group.StoreOne(planeProducts, row, group.Sum(product) * TLane.LoadSplat(rstd, statistics));
    }
}

/// <summary>
/// The two means that the gradient for x takes off, of g = dy·weight and of g·x̂ over a group, from the sums of dy and of dy·x̂ over each plane. Launch on
/// N·groups rows.
/// </summary>
public readonly struct GroupNormMeansKernel(
    Mem planeSums, // [N·C]: Σ dy
    Mem planeProducts, // [N·C]: Σ dy·x̂
    Mem weight, // [C]
    Mem gradientMean, // [N·groups] overwritten
    Mem productMean, // [N·groups] overwritten
    int groups,
    int groupChannels,
    int pixels) : IRowKernel
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane, TGroup>(TGroup group, int row)
        where TLane : unmanaged, ILane<TLane>
        where TGroup : struct, IGroup<TLane>
    {
        int start = row * groupChannels;
        int channel = row % groups * groupChannels;
        TLane zero = TLane.Splat(0f);
        TLane sum = zero;
        TLane product = zero;
        for (int j = group.Start; j < groupChannels; j += group.Stride)
        {
            int count = groupChannels - j;
            TLane w = TLane.LoadPart(weight, channel + j, count, zero);
            sum = TLane.Fma(w, TLane.LoadPart(planeSums, start + j, count, zero), sum);
            product = TLane.Fma(w, TLane.LoadPart(planeProducts, start + j, count, zero), product);
        }

        TLane elements = TLane.Splat(groupChannels) * TLane.Splat(pixels);
        group.StoreOne(gradientMean, row, group.Sum(sum) / elements);
        group.StoreOne(productMean, row, group.Sum(product) / elements);
    }
}

/// <summary>The gradient of group norm for x. Launch on N·C × pixels.</summary>
public readonly struct GroupNormGradientKernel(
    Mem x, // [N·C, columns]
    Mem dy, // [N·C, columns]
    Mem weight, // [C]
    Mem mean, // [N·groups]
    Mem rstd, // [N·groups]
    Mem gradientMean, // [N·groups]
    Mem productMean, // [N·groups]
    Mem dx, // [N·C, columns] overwritten
    int channels,
    int groupChannels,
    int columns) : IPixelKernel, IWideKernel
{
    /// <inheritdoc/>
    public bool IsAligned => x.IsAligned && dy.IsAligned && dx.IsAligned;

    /// <summary>dx = rstd · (dy · weight - mean of g - x̂ · mean of g·x̂), with g = dy · weight and the means over the group.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        int group = row / groupChannels;
        int i = (row * columns) + column;
        TLane scale = TLane.LoadSplat(rstd, group);
        TLane normalised = (TLane.Load(x, i) - TLane.LoadSplat(mean, group)) * scale;
        TLane g = TLane.Fma(TLane.Load(dy, i), TLane.LoadSplat(weight, row % channels), -TLane.LoadSplat(gradientMean, group));
        TLane.Store(dx, i, TLane.Fma(-normalised, TLane.LoadSplat(productMean, group), g) * scale);
    }
}
