using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Reduce;

/// <summary>What a reduction sums: a value for each (row, column), computed from the fields of the implementing struct.</summary>
public interface ITerm
{
    /// <summary>As <see cref="IWideKernel.IsAligned"/>, of what the terms are computed from.</summary>
    bool IsAligned { get; }

    /// <summary>
    /// The terms of the first <paramref name="count"/> elements from (row, column) on; 0 in the others. Count is above 0 and may exceed the lane.
    /// </summary>
    TLane At<TLane>(int row, int column, int count)
        where TLane : unmanaged, ILane<TLane>;
}

/// <summary>The elements themselves.</summary>
public readonly struct ElementTerm(
    Mem x, // [rows, columns]
    int columns) : ITerm
{
    /// <inheritdoc/>
    public bool IsAligned => x.IsAligned;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane At<TLane>(int row, int column, int count)
        where TLane : unmanaged, ILane<TLane> => TLane.LoadPart(x, (row * columns) + column, count, TLane.Splat(0f));
}

/// <summary>The elements' squares.</summary>
public readonly struct SquareTerm(
    Mem x, // [rows, columns]
    int columns) : ITerm
{
    /// <inheritdoc/>
    public bool IsAligned => x.IsAligned;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane At<TLane>(int row, int column, int count)
        where TLane : unmanaged, ILane<TLane>
    {
        TLane value = TLane.LoadPart(x, (row * columns) + column, count, TLane.Splat(0f));
        return value * value;
    }
}

/// <summary>y = the terms, not summed: the gradient of an operand that was not broadcast.</summary>
public readonly struct TermKernel<TTerm>(
    TTerm term,
    Mem y, // [rows, columns] overwritten
    int columns) : IPixelKernel, IWideKernel
    where TTerm : struct, ITerm
{
    /// <inheritdoc/>
    public bool IsAligned => term.IsAligned && y.IsAligned;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane> => TLane.Store(y, (row * columns) + column, term.At<TLane>(row, column, TLane.Width));
}

/// <summary>
/// sums[row] = Σ_j term(row, j) / divisor, with divisor = 1 for a sum and the columns for a mean. With rows n·C + c this is the first of two stages of a sum
/// per channel.
/// </summary>
public readonly struct RowSumKernel<TTerm>(
    TTerm term,
    Mem sums, // [rows] overwritten
    int columns,
    int divisor) : IRowKernel, IWideKernel
    where TTerm : struct, ITerm
{
    /// <summary>sums[r] = Σ_j x[r, j] / divisor.</summary>
    public static void Reference(ReadOnlySpan<double> x, Span<double> sums, int columns, int divisor)
    {
        for (int row = 0; row < sums.Length; row++)
        {
            sums[row] = 0;
            for (int j = 0; j < columns; j++)
            {
                sums[row] += x[(row * columns) + j] / divisor;
            }
        }
    }

    /// <inheritdoc/>
    public bool IsAligned => term.IsAligned;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane, TGroup>(TGroup group, int row)
        where TLane : unmanaged, ILane<TLane>
        where TGroup : struct, IGroup<TLane>
    {
        TLane sum = TLane.Splat(0f);
        for (int j = group.Start; j < columns; j += group.Stride)
        {
            sum += term.At<TLane>(row, j, columns - j);
        }

        group.StoreOne(sums, row, group.Sum(sum) / TLane.Splat(divisor));
    }
}

/// <summary>
/// partials[tile, j] = Σ term(row, j) over the tile's rows, for sums per column. A tile is <c>tileRows</c> rows, a number that must not depend on the threads;
/// launch it on <see cref="Tiles"/> × columns, then <see cref="CombineKernel"/> adds the tiles.
/// </summary>
public readonly struct ColumnSumKernel<TTerm>(
    TTerm term,
    Mem partials, // [tiles, columns] overwritten
    int rows,
    int columns,
    int tileRows) : IPixelKernel, IWideKernel
    where TTerm : struct, ITerm
{
    /// <summary>Tiles of a launch.</summary>
    public static int Tiles(int rows, int tileRows) => (rows + tileRows - 1) / tileRows;

    /// <summary>sums[j] = Σ_r x[r, j]: both stages together.</summary>
    public static void Reference(ReadOnlySpan<double> x, Span<double> sums)
    {
        sums.Clear();
        for (int i = 0; i < x.Length; i++)
        {
            sums[i % sums.Length] += x[i];
        }
    }

    /// <inheritdoc/>
    public bool IsAligned => term.IsAligned && partials.IsAligned;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        int first = row * tileRows;
        int end = rows - first < tileRows ? rows : first + tileRows;
        TLane sum = TLane.Splat(0f);
        for (int r = first; r < end; r++)
        {
            sum += term.At<TLane>(r, column, TLane.Width);
        }

        TLane.Store(partials, (row * columns) + column, sum);
    }
}

/// <summary>sums[j] = Σ_p partials[p, j] in the order of p. Launch it on 1 × columns. The second stage of sums per channel and per column.</summary>
public readonly struct CombineKernel(
    Mem partials, // [parts, columns]
    Mem sums, // [columns] overwritten
    int parts,
    int columns) : IPixelKernel, IWideKernel
{
    /// <inheritdoc/>
    public bool IsAligned => partials.IsAligned && sums.IsAligned;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        TLane sum = TLane.Splat(0f);
        for (int part = 0; part < parts; part++)
        {
            sum += TLane.Load(partials, (part * columns) + column);
        }

        TLane.Store(sums, column, sum);
    }
}

/// <summary>The first sum is Σ of all terms / divisor: a sum, a mean, a sum of squares, the gradient of a scalar.</summary>
public readonly struct TotalKernel<TTerm>(TTerm term, int divisor) : IPixelSumKernel
    where TTerm : struct, ITerm
{
    /// <inheritdoc/>
    public int ScratchLength => 0;

    /// <summary>Σ_i x[i] / divisor.</summary>
    public static double Reference(ReadOnlySpan<double> x, int divisor)
    {
        double sum = 0;
        foreach (double value in x)
        {
            sum += value / divisor;
        }

        return sum;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Load<TLane, TScratch>(int row, int column, int lanes, TScratch scratch)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store<TLane, TScratch>(int row, int column, int lanes, TScratch scratch)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Sums<TLane> Run<TLane, TScratch>(int row, int column, TScratch scratch)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        Sums<TLane> sums = default;
        sums.S0 = term.At<TLane>(row, column, TLane.Width) / TLane.Splat(divisor);
        return sums;
    }
}
