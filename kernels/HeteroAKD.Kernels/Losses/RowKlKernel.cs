using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Reduce;

namespace HeteroAKD.Kernels.Losses;

/// <summary>
/// KL(softmax(target/τ) ‖ softmax(x/τ)) of each row of contiguous elements, read twice; no probability is stored. Of a row four numbers are kept for the
/// gradient: the largest x and the sum of its exponentials, and the same of the target.
/// </summary>
public readonly struct RowKlKernel(
    Mem x, // [rows, columns]
    Mem target, // [rows, columns]
    Mem y, // [rows] overwritten
    Mem statistics, // [4, rows] overwritten
    int rows,
    int columns,
    float tau) : IRowKernel, IWideKernel
{
    // What stands beyond the end of a row: its exponential is 0, and finite, so that two of them differ by 0.
    internal const float Lowest = -1e30f;

    /// <summary>p_j = e^(t_j/τ) / Σ_k e^(t_k/τ), q_j likewise of x; y_r = Σ_j p_j·(log p_j - log q_j).</summary>
    public static void Reference(ReadOnlySpan<double> x, ReadOnlySpan<double> target, Span<double> y, int columns, double tau)
    {
        double[] logQ = LogSoftmax(x, columns, tau);
        double[] logP = LogSoftmax(target, columns, tau);
        y.Clear();
        for (int i = 0; i < logP.Length; i++)
        {
            y[i / columns] += Math.Exp(logP[i]) * (logP[i] - logQ[i]);
        }
    }

    /// <inheritdoc/>
    public bool IsAligned => x.IsAligned && target.IsAligned;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane, TGroup>(TGroup group, int row)
        where TLane : unmanaged, ILane<TLane>
        where TGroup : struct, IGroup<TLane>
    {
        int start = row * columns;
        TLane lowest = TLane.Splat(Lowest);
        TLane scale = TLane.Splat(1f) / TLane.Splat(tau);
        TLane ownMax = lowest;
        TLane wantedMax = lowest;
        for (int j = group.Start; j < columns; j += group.Stride)
        {
            ownMax = TLane.Larger(TLane.LoadPart(x, start + j, columns - j, lowest), ownMax);
            wantedMax = TLane.Larger(TLane.LoadPart(target, start + j, columns - j, lowest), wantedMax);
        }

        ownMax = group.Max(ownMax);
        wantedMax = group.Max(wantedMax);
        TLane ownSum = TLane.Splat(0f);
        TLane wantedSum = ownSum;
        TLane product = ownSum;
        for (int j = group.Start; j < columns; j += group.Stride)
        {
            TLane own = (TLane.LoadPart(x, start + j, columns - j, lowest) - ownMax) * scale;
            TLane wanted = (TLane.LoadPart(target, start + j, columns - j, lowest) - wantedMax) * scale;
            TLane e = TLane.ExpNonpositive(wanted);
            ownSum += TLane.ExpNonpositive(own);
            wantedSum += e;
            product = TLane.Fma(e, wanted - own, product);
        }

        ownSum = group.Sum(ownSum);
        wantedSum = group.Sum(wantedSum);
        product = group.Sum(product);
        group.StoreOne(y, row, (product / wantedSum) - TLane.Log(wantedSum / ownSum));
        group.StoreOne(statistics, row, ownMax);
        group.StoreOne(statistics, rows + row, ownSum);
        group.StoreOne(statistics, (2 * rows) + row, wantedMax);
        group.StoreOne(statistics, (3 * rows) + row, wantedSum);
    }

    private static double[] LogSoftmax(ReadOnlySpan<double> values, int columns, double tau)
    {
        double[] scaled = new double[values.Length];
        for (int i = 0; i < scaled.Length; i++)
        {
            scaled[i] = values[i] / tau;
        }

        double[] result = new double[scaled.Length];
        RowSoftmaxKernel.Reference(scaled, result, columns, logarithm: true);
        return result;
    }
}

/// <summary>The gradient of <see cref="RowKlKernel"/> for x: dx_j = dy_r / τ · (q_j - p_j). The target is a constant.</summary>
public readonly struct RowKlGradientKernel(
    Mem x, // [rows, columns]
    Mem target, // [rows, columns]
    Mem statistics, // [4, rows]
    Mem dy, // [rows]
    Mem dx, // [rows, columns] overwritten
    int rows,
    int columns,
    float tau) : IRowKernel, IWideKernel
{
    /// <inheritdoc/>
    public bool IsAligned => x.IsAligned && target.IsAligned && dx.IsAligned;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane, TGroup>(TGroup group, int row)
        where TLane : unmanaged, ILane<TLane>
        where TGroup : struct, IGroup<TLane>
    {
        int start = row * columns;
        TLane lowest = TLane.Splat(RowKlKernel.Lowest);
        TLane scale = TLane.Splat(1f) / TLane.Splat(tau);
        TLane upstream = TLane.LoadSplat(dy, row) * scale;
        TLane ownMax = TLane.LoadSplat(statistics, row);
        TLane ownFactor = upstream / TLane.LoadSplat(statistics, rows + row);
        TLane wantedMax = TLane.LoadSplat(statistics, (2 * rows) + row);
        TLane wantedFactor = upstream / TLane.LoadSplat(statistics, (3 * rows) + row);
        for (int j = group.Start; j < columns; j += group.Stride)
        {
            TLane own = TLane.ExpNonpositive((TLane.LoadPart(x, start + j, columns - j, lowest) - ownMax) * scale);
            TLane wanted = TLane.ExpNonpositive((TLane.LoadPart(target, start + j, columns - j, lowest) - wantedMax) * scale);
            TLane.StorePart(dx, start + j, columns - j, (own * ownFactor) - (wanted * wantedFactor));
        }
    }
}
