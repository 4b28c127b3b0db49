using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Reduce;

/// <summary>
/// First stage of the gradient of batch norm (+ residual, + ReLU): for each plane Σ g and Σ g · x̂, with g = dy where the ReLU let y pass and
/// x̂ = (x - mean) · rstd. <see cref="CombineKernel"/> over the images turns the first into the gradient for bias, the second into that for weight.
/// Launch on N·C rows.
/// </summary>
public readonly struct BatchNormGradientSumsKernel(
    Mem x, // [N·C, columns]
    Mem y, // [N·C, columns], read where relu is 1
    Mem dy, // [N·C, columns]
    Mem mean, // [C]
    Mem rstd, // [C]
    Mem planeBias, // [N, C] overwritten
    Mem planeWeight, // [N, C] overwritten
    int channels,
    int columns,
    int relu) : IRowKernel, IWideKernel
{
    /// <inheritdoc/>
    public bool IsAligned => x.IsAligned && y.IsAligned && dy.IsAligned;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane, TGroup>(TGroup group, int row)
        where TLane : unmanaged, ILane<TLane>
        where TGroup : struct, IGroup<TLane>
    {
        int c = row % channels;
        TLane zero = TLane.Splat(0f);
        TLane center = TLane.LoadSplat(mean, c);
        TLane sum = zero;
        TLane product = zero;
        for (int j = group.Start; j < columns; j += group.Stride)
        {
            int i = (row * columns) + j;
            TLane g = TLane.LoadPart(dy, i, columns - j, zero);
            if (relu != 0)
            {
                g = TLane.SelectEqual(TLane.LoadPart(y, i, columns - j, zero), zero, zero, g);
            }

            sum += g;
            product = TLane.Fma(g, TLane.LoadPart(x, i, columns - j, center) - center, product);
        }

        group.StoreOne(planeBias, row, group.Sum(sum));
        group.StoreOne(planeWeight, row, group.Sum(product) * TLane.LoadSplat(rstd, c));
    }
}

/// <summary>
/// Second stage: the gradient for x and, where asked, for the residual (which is g). In training the statistics depend on x too; in evaluation they are
/// constants. dx may be dy if the residual's gradient is not asked for, and the residual's gradient may be dy. Launch on N·C rows.
/// </summary>
public readonly struct BatchNormGradientKernel(
    Mem x, // [N·C, columns]
    Mem y, // [N·C, columns], read where relu is 1
    Mem dy, // [N·C, columns]
    Mem mean, // [C]
    Mem rstd, // [C]
    Mem weight, // [C]
    Mem dbias, // [C] Σ g
    Mem dweight, // [C] Σ g · x̂
    Mem dx, // [N·C, columns] overwritten
    Mem dresidual, // [N·C, columns] overwritten where hasResidual is 1
    int channels,
    int columns,
    int count, // N·H·W
    int training,
    int hasResidual,
    int relu) : IPixelKernel, IWideKernel
{
    /// <summary>
    /// Both stages. g = dy, or 0 where a ReLU made y 0 (a NaN passes, as in PyTorch); dbias_c = Σ g; dweight_c = Σ g·x̂; dresidual = g;
    /// dx = weight·rstd·(g - [training]·(dbias + x̂·dweight) / M) with M elements a channel.
    /// </summary>
    public static void Reference(
        ReadOnlySpan<double> x, ReadOnlySpan<double> y, ReadOnlySpan<double> dy, ReadOnlySpan<double> mean, ReadOnlySpan<double> rstd,
        ReadOnlySpan<double> weight,
        Span<double> dx, Span<double> dweight, Span<double> dbias, Span<double> dresidual, int columns, bool training, bool relu)
    {
        int channels = mean.Length;
        int count = x.Length / channels;
        dweight.Clear();
        dbias.Clear();
        for (int i = 0; i < x.Length; i++)
        {
            int c = i / columns % channels;
            dresidual[i] = relu && y[i] <= 0 ? 0 : dy[i];
            dbias[c] += dresidual[i];
            dweight[c] += dresidual[i] * (x[i] - mean[c]) * rstd[c];
        }

        for (int i = 0; i < x.Length; i++)
        {
            int c = i / columns % channels;
            double statistics = training ? (dbias[c] + ((x[i] - mean[c]) * rstd[c] * dweight[c])) / count : 0;
            dx[i] = weight[c] * rstd[c] * (dresidual[i] - statistics);
        }
    }

    /// <inheritdoc/>
    public bool IsAligned => x.IsAligned && y.IsAligned && dy.IsAligned && dx.IsAligned && dresidual.IsAligned;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        int c = row % channels;
        int i = (row * columns) + column;
        TLane g = TLane.Load(dy, i);
        if (relu != 0)
        {
            g = TLane.SelectEqual(TLane.Load(y, i), TLane.Splat(0f), TLane.Splat(0f), g);
        }

        TLane r = TLane.LoadSplat(rstd, c);
        TLane result = g;
        if (training != 0)
        {
            TLane normalised = (TLane.Load(x, i) - TLane.LoadSplat(mean, c)) * r;
            TLane statistics = TLane.Fma(normalised, TLane.LoadSplat(dweight, c), TLane.LoadSplat(dbias, c));
            result = g - (statistics / TLane.Splat(count));
        }

        if (hasResidual != 0)
        {
            TLane.Store(dresidual, i, g);
        }

        TLane.Store(dx, i, result * (r * TLane.LoadSplat(weight, c)));
    }
}
