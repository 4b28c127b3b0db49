using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Gemm;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Reduce;

/// <summary>Sizes and buffers of the backward pass of layer norm.</summary>
/// <param name="X">[rows, columns].</param>
/// <param name="Dy">[rows, columns].</param>
/// <param name="Weight">[columns].</param>
/// <param name="Mean">[rows], from the forward pass.</param>
/// <param name="Rstd">[rows], from the forward pass.</param>
/// <param name="Dx">[rows, columns], overwritten; may be <paramref name="Dy"/>.</param>
/// <param name="WeightGradient">[columns], overwritten.</param>
/// <param name="BiasGradient">[columns], overwritten.</param>
/// <param name="Rows">Rows.</param>
/// <param name="Columns">Columns.</param>
public readonly record struct LayerNormBackward(
    Mem X, Mem Dy, Mem Weight, Mem Mean, Mem Rstd, Mem Dx, Mem WeightGradient, Mem BiasGradient, int Rows, int Columns);

/// <summary>
/// All three gradients of layer norm on host threads in one walk over x and dy: a tile runs <see cref="LayerNormGradientKernel"/> on its rows and, while a row
/// is in the first-level cache, adds it to column sums of its own, which are added up in order afterwards. Specification:
/// <see cref="LayerNormGradientKernel.Reference"/>.
/// </summary>
internal static class HostLayerNormGradient
{
    // For rows shorter than this, loading and storing the column sums costs more than the single walk saves.
    private const int LeastColumns = 64;

    /// <summary>Whether rows are long enough; otherwise the kernels one by one are quicker.</summary>
    public static bool Serves(int columns) => columns >= LeastColumns;

    /// <summary>Computes the gradients.</summary>
    public static void Run(HostPool pool, in LayerNormBackward backward, HostPrecision precision)
    {
        Work work = new(pool, backward);
        HostLanes.Run(ref work, precision);
    }

    private struct Work(HostPool pool, in LayerNormBackward backward) : ILaneWork
    {
        private readonly LayerNormBackward _backward = backward;

        public readonly void Run<TLane>()
            where TLane : unmanaged, ILane<TLane> => LayerNormGradientJob<TLane>.Run(pool, _backward);
    }
}

/// <summary>Tiles of rows.</summary>
internal sealed unsafe class LayerNormGradientJob<TLane> : KernelJob<LayerNormGradientJob<TLane>>
    where TLane : unmanaged, ILane<TLane>
{
    // Elements that make a tile worth handing over, and the most tiles: each leaves two sums a column.
    private const int TileElements = 1 << 13;
    private const int MaxTiles = 64;

    private LayerNormBackward _b;
    private byte* _sums; // [tiles, 2, padded columns]: of the weight's gradient, of the bias's
    private int _rowsPerTile;
    private int _padded;

    public static void Run(HostPool pool, in LayerNormBackward b)
    {
        LayerNormGradientJob<TLane> job = Take();
        job._b = b;
        job._padded = (b.Columns + TLane.Width - 1) / TLane.Width * TLane.Width;
        job._rowsPerTile = Math.Max((b.Rows + MaxTiles - 1) / MaxTiles, TileElements / Math.Max(1, b.Columns));
        int tiles = (b.Rows + job._rowsPerTile - 1) / job._rowsPerTile;
        job._sums = pool.SharedArena((nuint)Math.Max(1, tiles) * (nuint)(2 * job._padded * RegisterTile<TLane>.ElementSize));
        pool.Run(job, tiles);
        ColumnSumsCombineJob<TLane>.Run(pool, job._sums, tiles, job._padded, b);
    }

    public override void Tile(int tile, int worker)
    {
        LayerNormGradientKernel kernel = new(_b.X, _b.Dy, _b.Weight, _b.Mean, _b.Rstd, _b.Dx, _b.Columns);
        TLane* sums = (TLane*)(_sums + ((nint)tile * 2 * _padded * RegisterTile<TLane>.ElementSize));
        int lanes = _padded / TLane.Width;
        new Span<TLane>(sums, 2 * lanes).Clear();
        int end = Math.Min(_b.Rows, (tile + 1) * _rowsPerTile);
        for (int row = tile * _rowsPerTile; row < end; row++)
        {
            // First the sums: dx may take dy's place.
            Add(row, sums, sums + lanes);
            Gradient(kernel, row);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Gradient(LayerNormGradientKernel kernel, int row) => kernel.Run<TLane, HostGroup<TLane>>(default, row);

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private void Add(int row, TLane* weightSums, TLane* biasSums)
    {
        int start = row * _b.Columns;
        Mem x = _b.X, dy = _b.Dy;
        TLane zero = TLane.Splat(0f);
        TLane mean = TLane.LoadSplat(_b.Mean, row);
        TLane rstd = TLane.LoadSplat(_b.Rstd, row);
        for (int j = 0; j < _b.Columns; j += TLane.Width)
        {
            int count = _b.Columns - j;
            TLane g = TLane.LoadPart(dy, start + j, count, zero);
            TLane normalised = (TLane.LoadPart(x, start + j, count, zero) - mean) * rstd;
            *weightSums = TLane.Fma(g, normalised, *weightSums);
            *biasSums += g;
            weightSums++;
            biasSums++;
        }
    }
}

/// <summary>Adds up the tiles' column sums in order; a tile is some columns.</summary>
internal sealed unsafe class ColumnSumsCombineJob<TLane> : KernelJob<ColumnSumsCombineJob<TLane>>
    where TLane : unmanaged, ILane<TLane>
{
    private const int ColumnsPerTile = 256;

    private byte* _sums; // [tiles, 2, padded columns]
    private int _tiles;
    private int _padded;
    private LayerNormBackward _b;

    public static void Run(HostPool pool, byte* sums, int tiles, int padded, in LayerNormBackward b)
    {
        ColumnSumsCombineJob<TLane> job = Take();
        job._sums = sums;
        job._tiles = tiles;
        job._padded = padded;
        job._b = b;
        pool.Run(job, (b.Columns + ColumnsPerTile - 1) / ColumnsPerTile);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Tile(int tile, int worker)
    {
        Mem sums = new(_sums);
        int end = Math.Min(_b.Columns, (tile + 1) * ColumnsPerTile);
        for (int j = tile * ColumnsPerTile; j < end; j += TLane.Width)
        {
            TLane weight = TLane.Splat(0f), bias = weight;
            for (int t = 0; t < _tiles; t++)
            {
                weight += TLane.Load(sums, (t * 2 * _padded) + j);
                bias += TLane.Load(sums, (((t * 2) + 1) * _padded) + j);
            }

            TLane.StorePart(_b.WeightGradient, j, _b.Columns - j, weight);
            TLane.StorePart(_b.BiasGradient, j, _b.Columns - j, bias);
        }
    }
}
