using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Losses;

/// <summary>
/// Pearson's correlation of two vectors: r = Σ x̂·t̂ / (|x̂|·|t̂| + ε), with x̂ and t̂ less their means. What its gradient for x needs of the vectors are four
/// numbers, the two means and <c>a</c> and <c>b</c> in dr/dx_j = a·t̂_j - b·x̂_j.
/// </summary>
public readonly struct PearsonResults(
    Mem y, // [count] overwritten: r
    Mem statistics, // [4, count] overwritten: mean of x, mean of t, a, b
    int count,
    float epsilon)
{
    // Under a root: a constant vector has the length 1e-12, by which its gradient, 0, may be divided.
    internal const float Least = 1e-24f;

    /// <summary>Writes what the centred sums Σ x̂², Σ t̂² and Σ x̂·t̂ give.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store<TLane>(int i, TLane mean, TLane targetMean, TLane squares, TLane targetSquares, TLane products)
        where TLane : unmanaged, ILane<TLane>
    {
        TLane length = TLane.Sqrt(squares + TLane.Splat(Least));
        TLane targetLength = TLane.Sqrt(targetSquares + TLane.Splat(Least));
        TLane a = TLane.Reciprocal(TLane.Fma(length, targetLength, TLane.Splat(epsilon)));
        TLane r = products * a;
        TLane.Store(y, i, r);
        TLane.Store(statistics, i, mean);
        TLane.Store(statistics, count + i, targetMean);
        TLane.Store(statistics, (2 * count) + i, a);
        TLane.Store(statistics, (3 * count) + i, r * targetLength / length * a);
    }
}

/// <summary>Pearson's correlation of two maps over the channels of each pixel. Launch on N × pixels.</summary>
public readonly struct PixelPearsonKernel(
    Mem x, // [N, C, pixels]
    Mem target, // [N, C, pixels]
    PearsonResults results, // of N·pixels
    int channels,
    int pixels) : IPixelSumKernel
{
    /// <summary>
    /// The specification of both forms: vector v has the elements i with <paramref name="vectorOf"/>(i) = v.
    /// r_v = Σ (x_i - x̄)(t_i - t̄) / (√(Σ (x_i - x̄)² + 1e-24)·√(Σ (t_i - t̄)² + 1e-24) + ε).
    /// </summary>
    public static void Reference(ReadOnlySpan<double> x, ReadOnlySpan<double> target, Span<double> r, Func<int, int> vectorOf, double epsilon)
    {
        (double X, double T)[] means = new (double, double)[r.Length];
        double[] squares = new double[r.Length];
        double[] targetSquares = new double[r.Length];
        double length = (double)x.Length / r.Length;
        for (int i = 0; i < x.Length; i++)
        {
            (double X, double T) mean = means[vectorOf(i)];
            means[vectorOf(i)] = (mean.X + (x[i] / length), mean.T + (target[i] / length));
        }

        r.Clear();
        for (int i = 0; i < x.Length; i++)
        {
            int v = vectorOf(i);
            (double a, double b) = (x[i] - means[v].X, target[i] - means[v].T);
            squares[v] += a * a;
            targetSquares[v] += b * b;
            r[v] += a * b;
        }

        for (int v = 0; v < r.Length; v++)
        {
            r[v] /= (Math.Sqrt(squares[v] + PearsonResults.Least) * Math.Sqrt(targetSquares[v] + PearsonResults.Least)) + epsilon;
        }
    }

    /// <inheritdoc/>
    public int ScratchLength => 2 * channels;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Load<TLane, TScratch>(int row, int column, int lanes, TScratch scratch)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane> => LoadBoth<TLane, TScratch>(x, target, (row * channels * pixels) + column, channels, pixels, lanes, scratch);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public Sums<TLane> Run<TLane, TScratch>(int row, int column, TScratch scratch)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        TLane zero = TLane.Splat(0f);
        (TLane mean, TLane targetMean) = (zero, zero);
        for (int c = 0; c < channels; c++)
        {
            mean += scratch.Get(c);
            targetMean += scratch.Get(channels + c);
        }

        mean /= TLane.Splat(channels);
        targetMean /= TLane.Splat(channels);
        (TLane squares, TLane targetSquares, TLane products) = (zero, zero, zero);
        for (int c = 0; c < channels; c++)
        {
            TLane a = scratch.Get(c) - mean;
            TLane b = scratch.Get(channels + c) - targetMean;
            squares = TLane.Fma(a, a, squares);
            targetSquares = TLane.Fma(b, b, targetSquares);
            products = TLane.Fma(a, b, products);
        }

        results.Store((row * pixels) + column, mean, targetMean, squares, targetSquares, products);
        return default;
    }

    /// <inheritdoc/>
    public void Store<TLane, TScratch>(int row, int column, int lanes, TScratch scratch)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
    }

    /// <summary>Brings x and target of neighbouring lanes to scratch.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void LoadBoth<TLane, TScratch>(Mem x, Mem target, int start, int channels, int pixels, int lanes, TScratch scratch)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        for (int c = 0; c < channels; c++)
        {
            for (int lane = 0; lane < lanes; lane++)
            {
                int i = start + (c * pixels) + (lane * TLane.Width);
                scratch.Set(lane, c, TLane.Load(x, i));
                scratch.Set(lane, channels + c, TLane.Load(target, i));
            }
        }
    }
}

/// <summary>The gradient of <see cref="PixelPearsonKernel"/> for x. Launch on N × pixels.</summary>
public readonly struct PixelPearsonGradientKernel(
    Mem x, // [N, C, pixels]
    Mem target, // [N, C, pixels]
    Mem statistics, // [4, N·pixels]
    Mem dy, // [N·pixels]
    Mem dx, // [N, C, pixels] overwritten
    int channels,
    int pixels,
    int count) : IPixelSumKernel // N·pixels
{
    /// <inheritdoc/>
    public int ScratchLength => 2 * channels;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Load<TLane, TScratch>(int row, int column, int lanes, TScratch scratch)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane> =>
            PixelPearsonKernel.LoadBoth<TLane, TScratch>(x, target, Start(row, column), channels, pixels, lanes, scratch);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public Sums<TLane> Run<TLane, TScratch>(int row, int column, TScratch scratch)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        int i = (row * pixels) + column;
        TLane mean = TLane.Load(statistics, i);
        TLane targetMean = TLane.Load(statistics, count + i);
        TLane upstream = TLane.Load(dy, i);
        TLane a = TLane.Load(statistics, (2 * count) + i) * upstream;
        TLane b = TLane.Load(statistics, (3 * count) + i) * upstream;
        for (int c = 0; c < channels; c++)
        {
            scratch.Set(c, ((scratch.Get(channels + c) - targetMean) * a) - ((scratch.Get(c) - mean) * b));
        }

        return default;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Store<TLane, TScratch>(int row, int column, int lanes, TScratch scratch)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        for (int c = 0; c < channels; c++)
        {
            for (int lane = 0; lane < lanes; lane++)
            {
                TLane.Store(dx, Start(row, column) + (c * pixels) + (lane * TLane.Width), scratch.Get(lane, c));
            }
        }
    }

    private int Start(int row, int column) => (row * channels * pixels) + column;
}
