using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Reduce;

/// <summary>
/// y = (x - mean) · rstd · weight + bias over each row of contiguous elements (torch.nn.LayerNorm over the last axis); keeps mean and rstd of each row for
/// the gradient. y may be x if x is not needed again.
/// </summary>
public readonly struct LayerNormKernel(
    Mem x, // [rows, columns]
    Mem weight, // [columns]
    Mem bias, // [columns]
    Mem y, // [rows, columns] overwritten
    Mem mean, // [rows] overwritten
    Mem rstd, // [rows] overwritten: 1 / sqrt(biased variance + epsilon)
    int columns,
    float epsilon) : IRowKernel, IWideKernel
{
    /// <summary>mean_r = Σ_j x / columns; rstd_r = 1 / sqrt(Σ_j (x - mean_r)² / columns + ε); y = (x - mean_r) · rstd_r · weight_j + bias_j.</summary>
    public static void Reference(
        ReadOnlySpan<double> x, ReadOnlySpan<double> weight, ReadOnlySpan<double> bias, Span<double> y, Span<double> mean, Span<double> rstd, double epsilon)
    {
        int columns = weight.Length;
        for (int row = 0; row < mean.Length; row++)
        {
            ReadOnlySpan<double> values = x.Slice(row * columns, columns);
            double sum = 0;
            foreach (double value in values)
            {
                sum += value;
            }

            mean[row] = sum / columns;
            double squares = 0;
            foreach (double value in values)
            {
                squares += (value - mean[row]) * (value - mean[row]);
            }

            rstd[row] = 1 / Math.Sqrt((squares / columns) + epsilon);
            for (int j = 0; j < columns; j++)
            {
                y[(row * columns) + j] = ((values[j] - mean[row]) * rstd[row] * weight[j]) + bias[j];
            }
        }
    }

    /// <inheritdoc/>
    public bool IsAligned => x.IsAligned && weight.IsAligned && bias.IsAligned && y.IsAligned;

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

        TLane scale = TLane.Rsqrt((group.Sum(squares) / TLane.Splat(columns)) + TLane.Splat(epsilon));
        for (int j = group.Start; j < columns; j += group.Stride)
        {
            int count = columns - j;
            TLane normalised = (TLane.LoadPart(x, start + j, count, zero) - center) * scale;
            TLane result = TLane.Fma(normalised, TLane.LoadPart(weight, j, count, zero), TLane.LoadPart(bias, j, count, zero));
            TLane.StorePart(y, start + j, count, result);
        }

        group.StoreOne(mean, row, center);
        group.StoreOne(rstd, row, scale);
    }
}

/// <summary>
/// The gradient of layer norm for x. The gradient for weight is a sum per column of <see cref="LayerNormWeightTerm"/>, that for bias of
/// <see cref="ElementTerm"/> on dy, both by <see cref="ColumnSumKernel{TTerm}"/>. dx may be dy.
/// </summary>
public readonly struct LayerNormGradientKernel(
    Mem x, // [rows, columns]
    Mem dy, // [rows, columns]
    Mem weight, // [columns]
    Mem mean, // [rows]
    Mem rstd, // [rows]
    Mem dx, // [rows, columns] overwritten
    int columns) : IRowKernel, IWideKernel
{
    /// <summary>
    /// With x̂ = (x - mean_r)·rstd_r and g = dy·weight_j: dx = rstd_r·(g - Σ_j g / columns - x̂·Σ_j g·x̂ / columns); dweight_j = Σ_r dy·x̂; dbias_j = Σ_r dy.
    /// </summary>
    public static void Reference(
        ReadOnlySpan<double> x, ReadOnlySpan<double> dy, ReadOnlySpan<double> weight, ReadOnlySpan<double> mean, ReadOnlySpan<double> rstd,
        Span<double> dx, Span<double> dweight, Span<double> dbias)
    {
        int columns = weight.Length;
        dweight.Clear();
        dbias.Clear();
        for (int row = 0; row < mean.Length; row++)
        {
            double sum = 0;
            double product = 0;
            for (int j = 0; j < columns; j++)
            {
                int i = (row * columns) + j;
                double normalised = (x[i] - mean[row]) * rstd[row];
                sum += dy[i] * weight[j];
                product += dy[i] * weight[j] * normalised;
                dweight[j] += dy[i] * normalised;
                dbias[j] += dy[i];
            }

            for (int j = 0; j < columns; j++)
            {
                int i = (row * columns) + j;
                double normalised = (x[i] - mean[row]) * rstd[row];
                dx[i] = rstd[row] * ((dy[i] * weight[j]) - (sum / columns) - (normalised * product / columns));
            }
        }
    }

    /// <inheritdoc/>
    public bool IsAligned => x.IsAligned && dy.IsAligned && weight.IsAligned && dx.IsAligned;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane, TGroup>(TGroup group, int row)
        where TLane : unmanaged, ILane<TLane>
        where TGroup : struct, IGroup<TLane>
    {
        int start = row * columns;
        TLane zero = TLane.Splat(0f);
        TLane center = TLane.LoadSplat(mean, row);
        TLane scale = TLane.LoadSplat(rstd, row);
        TLane sum = zero;
        TLane product = zero;
        for (int j = group.Start; j < columns; j += group.Stride)
        {
            int count = columns - j;
            TLane g = TLane.LoadPart(dy, start + j, count, zero) * TLane.LoadPart(weight, j, count, zero);
            sum += g;
            product = TLane.Fma(g, TLane.LoadPart(x, start + j, count, center) - center, product);
        }

        TLane meanGradient = group.Sum(sum) / TLane.Splat(columns);
        TLane slope = group.Sum(product) * scale * scale / TLane.Splat(columns);
        for (int j = group.Start; j < columns; j += group.Stride)
        {
            int count = columns - j;
            TLane g = TLane.LoadPart(dy, start + j, count, zero) * TLane.LoadPart(weight, j, count, zero);
            TLane d = TLane.LoadPart(x, start + j, count, center) - center;
            TLane.StorePart(dx, start + j, count, TLane.Fma(-d, slope, g - meanGradient) * scale);
        }
    }
}

/// <summary>dy · x̂, whose sums per column are the gradient for the weight of layer norm.</summary>
public readonly struct LayerNormWeightTerm(
    Mem x, // [rows, columns]
    Mem dy, // [rows, columns]
    Mem mean, // [rows]
    Mem rstd, // [rows]
    int columns) : ITerm
{
    /// <inheritdoc/>
    public bool IsAligned => x.IsAligned && dy.IsAligned;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane At<TLane>(int row, int column, int count)
        where TLane : unmanaged, ILane<TLane>
    {
        int i = (row * columns) + column;
        TLane zero = TLane.Splat(0f);
        TLane normalised = (TLane.LoadPart(x, i, count, zero) - TLane.LoadSplat(mean, row)) * TLane.LoadSplat(rstd, row);
        return TLane.LoadPart(dy, i, count, zero) * normalised;
    }
}
