using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Reduce;

/// <summary>
/// First stage of the batch statistics (torch.nn.BatchNorm2d in training): mean and Σ(x - mean)² of each plane n·C + c of [N, C, H·W], in two passes over the
/// plane. What rounding leaves of the mean is summed in the second pass, kept beside it and taken off the squares (the corrected two-pass algorithm; Chan,
/// Golub, LeVeque 1983): so a mean far from zero costs no digits. Launch on N·C rows.
/// </summary>
public readonly struct BatchNormPlaneKernel(
    Mem x, // [N·C, columns]
    Mem planeMeans, // [N, C] overwritten
    Mem planeRests, // [N, C] overwritten: the mean is planeMeans + planeRests
    Mem planeSquares, // [N, C] overwritten
    int columns) : IRowKernel, IWideKernel
{
    // Terms that a lane adds up before it adds their sum to the total: long sums in one run lose digits.
    private const int Terms = 32;

    /// <inheritdoc/>
    public bool IsAligned => x.IsAligned;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane, TGroup>(TGroup group, int row)
        where TLane : unmanaged, ILane<TLane>
        where TGroup : struct, IGroup<TLane>
    {
        int start = row * columns;
        TLane sum = TLane.Splat(0f);
        for (int j = group.Start; j < columns;)
        {
            TLane part = TLane.Splat(0f);
            for (int end = Math.Min(columns, j + (Terms * group.Stride)); j < end; j += group.Stride)
            {
                part += TLane.LoadPart(x, start + j, columns - j, TLane.Splat(0f));
            }

            sum += part;
        }

        TLane center = group.Sum(sum) / TLane.Splat(columns);
        TLane rest = TLane.Splat(0f);
        TLane squares = TLane.Splat(0f);
        for (int j = group.Start; j < columns;)
        {
            TLane part = TLane.Splat(0f);
            for (int end = Math.Min(columns, j + (Terms * group.Stride)); j < end; j += group.Stride)
            {
                TLane d = TLane.LoadPart(x, start + j, columns - j, center) - center;
                rest += d;
                part = TLane.Fma(d, d, part);
            }

            squares += part;
        }

        rest = group.Sum(rest);
        TLane left = rest / TLane.Splat(columns);
        group.StoreOne(planeMeans, row, center);
        group.StoreOne(planeRests, row, left);
        group.StoreOne(planeSquares, row, TLane.NegatedFma(rest, left, group.Sum(squares)));
    }
}

/// <summary>
/// Second stage: the planes of a channel come together (Chan's formula), and the running statistics move by <c>momentum</c>, the variance without bias,
/// as PyTorch does it. Launch on 1 × C.
/// </summary>
public readonly struct BatchNormStatisticsKernel(
    Mem planeMeans, // [N, C]
    Mem planeRests, // [N, C]
    Mem planeSquares, // [N, C]
    Mem mean, // [C] overwritten
    Mem rstd, // [C] overwritten: 1 / sqrt(biased variance + epsilon)
    Mem runningMean, // [C] updated where updateRunning is 1
    Mem runningVariance, // [C] updated where updateRunning is 1
    int images,
    int channels,
    int columns,
    float epsilon,
    float momentum,
    int updateRunning) : IPixelKernel
{
    /// <summary>Both stages: over the M = N·H·W elements of a channel, mean, 1 / sqrt(Σ(x - mean)² / M + ε), and the running statistics.</summary>
    public static void Reference(
        ReadOnlySpan<double> x, Span<double> mean, Span<double> rstd, Span<double> runningMean, Span<double> runningVariance, int columns, double epsilon,
        double momentum)
    {
        int channels = mean.Length;
        int count = x.Length / channels;
        mean.Clear();
        for (int i = 0; i < x.Length; i++)
        {
            mean[i / columns % channels] += x[i] / count;
        }

        double[] squares = new double[channels];
        for (int i = 0; i < x.Length; i++)
        {
            int c = i / columns % channels;
            squares[c] += (x[i] - mean[c]) * (x[i] - mean[c]);
        }

        for (int c = 0; c < channels; c++)
        {
            rstd[c] = 1 / Math.Sqrt((squares[c] / count) + epsilon);
            runningMean[c] += momentum * (mean[c] - runningMean[c]);
            runningVariance[c] += momentum * ((squares[c] / (count - 1)) - runningVariance[c]);
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        // Means less that of the first image, which are small where means are large.
        TLane first = TLane.Load(planeMeans, column);
        TLane average = TLane.Splat(0f);
        for (int n = 0; n < images; n++)
        {
            average += MeanLess(first, n, column);
        }

        average /= TLane.Splat(images);
        TLane within = TLane.Splat(0f);
        TLane between = TLane.Splat(0f);
        for (int n = 0; n < images; n++)
        {
            TLane d = MeanLess(first, n, column) - average;
            between = TLane.Fma(d, d, between);
            within += TLane.Load(planeSquares, (n * channels) + column);
        }

        TLane squares = TLane.Fma(between, TLane.Splat(columns), within);
        average += first;
        TLane.Store(mean, column, average);
        TLane.Store(rstd, column, TLane.Rsqrt((squares / TLane.Splat(images * columns)) + TLane.Splat(epsilon)));
        if (updateRunning != 0)
        {
            Move(runningMean, column, average);
            Move(runningVariance, column, squares / TLane.Splat((images * columns) - 1));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private TLane MeanLess<TLane>(TLane first, int image, int column)
        where TLane : unmanaged, ILane<TLane> =>
        TLane.Load(planeMeans, (image * channels) + column) - first + TLane.Load(planeRests, (image * channels) + column);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Move<TLane>(Mem running, int column, TLane target)
        where TLane : unmanaged, ILane<TLane>
    {
        TLane old = TLane.Load(running, column);
        TLane.Store(running, column, TLane.Fma(target - old, TLane.Splat(momentum), old));
    }
}

/// <summary>rstd = 1 / sqrt(running variance + epsilon): what evaluation uses in place of batch statistics. Launch on 1 × C.</summary>
public readonly struct BatchNormRunningKernel(
    Mem runningVariance, // [C]
    Mem rstd, // [C] overwritten
    float epsilon) : IPixelKernel
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane> => TLane.Store(rstd, column, TLane.Rsqrt(TLane.Load(runningVariance, column) + TLane.Splat(epsilon)));
}

/// <summary>
/// y = (x - mean) · rstd · weight + bias, then the residual is added and ReLU applied where asked: normalisation, shortcut and activation of a ResNet block in
/// one pass over memory. Training and evaluation differ in where mean and rstd come from. y may be x. Launch on N·C rows.
/// </summary>
public readonly struct BatchNormApplyKernel(
    Mem x, // [N·C, columns]
    Mem mean, // [C]
    Mem rstd, // [C]
    Mem weight, // [C]
    Mem bias, // [C]
    Mem residual, // [N·C, columns], read where hasResidual is 1
    Mem y, // [N·C, columns] overwritten
    int channels,
    int columns,
    int hasResidual,
    int relu) : IPixelKernel, IWideKernel
{
    /// <summary>y = relu?((x - mean_c) · rstd_c · weight_c + bias_c + residual); an empty residual counts as zeros.</summary>
    public static void Reference(
        ReadOnlySpan<double> x, ReadOnlySpan<double> mean, ReadOnlySpan<double> rstd, ReadOnlySpan<double> weight, ReadOnlySpan<double> bias,
        ReadOnlySpan<double> residual,
        Span<double> y, int columns, bool relu)
    {
        for (int i = 0; i < x.Length; i++)
        {
            int c = i / columns % mean.Length;
            double value = ((x[i] - mean[c]) * rstd[c] * weight[c]) + bias[c] + (residual.IsEmpty ? 0 : residual[i]);
            y[i] = relu ? Math.Max(value, 0) : value;
        }
    }

    /// <inheritdoc/>
    public bool IsAligned => x.IsAligned && y.IsAligned && residual.IsAligned;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        int c = row % channels;
        int i = (row * columns) + column;
        TLane scale = TLane.LoadSplat(rstd, c) * TLane.LoadSplat(weight, c);
        TLane value = TLane.Fma(TLane.Load(x, i) - TLane.LoadSplat(mean, c), scale, TLane.LoadSplat(bias, c));
        if (hasResidual != 0)
        {
            value += TLane.Load(residual, i);
        }

        if (relu != 0)
        {
            value = TLane.Max(value, TLane.Splat(0f));
        }

        TLane.Store(y, i, value);
    }
}
