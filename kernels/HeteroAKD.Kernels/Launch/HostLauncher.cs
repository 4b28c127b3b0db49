using HeteroAKD.Kernels.Lanes;

namespace HeteroAKD.Kernels.Launch;

/// <summary>The element type that a host launch computes in.</summary>
public enum HostPrecision
{
    /// <summary>Vector lanes of float.</summary>
    Float32,

    /// <summary>One double at a time, for gradient checks.</summary>
    Float64,
}

/// <summary>
/// Runs kernels on host threads: fixed tiles, vector lanes with a scalar end of each row, sums combined in tile order.
/// <c>cost</c> is the rough work of one element in units of one load, one add and one store; it sizes the tiles and keeps small work on the caller's thread.
/// </summary>
public sealed unsafe class HostLauncher(HostPool pool)
{
    // A tile of this many units takes some 10 µs: long against handing it over, short against a cache.
    private const int TileWork = 1 << 15;

    /// <summary>The threads.</summary>
    public HostPool Pool => pool;

    /// <summary>Floats in the widest lane of this machine.</summary>
    public static int LaneWidth => HostLanes.Width;

    /// <summary>Runs a pixel kernel on rows × columns elements.</summary>
    public void Pixel<TKernel>(in TKernel kernel, int rows, int columns, int cost, HostPrecision precision)
        where TKernel : struct, IPixelKernel
    {
        PixelJob<TKernel> job = PixelJob<TKernel>.Take();
        job.Kernel = kernel;
        job.Grid = new TileGrid(rows, columns, cost, TileWork);
        job.Precision = precision;
        pool.Run(job, job.Grid.Count);
        job.Kernel = default;
    }

    /// <summary>Runs a pixel kernel with sums; <paramref name="result"/> gets <see cref="Sums{TLane}.Count"/> numbers (float or double by precision).</summary>
    public void PixelSums<TKernel>(in TKernel kernel, int rows, int columns, int cost, Mem result, HostPrecision precision)
        where TKernel : struct, IPixelSumKernel
    {
        PixelSumJob<TKernel> job = PixelSumJob<TKernel>.Take();
        job.Kernel = kernel;
        job.Grid = new TileGrid(rows, columns, cost, TileWork);
        job.Precision = precision;
        job.Pool = pool;
        job.Result = result;
        job.Reserve(job.Grid.Count);
        pool.Run(job, job.Grid.Count);
        job.Kernel = default;
    }

    /// <summary>Runs a row kernel; <paramref name="cost"/> is the work of a whole row.</summary>
    public void Rows<TKernel>(in TKernel kernel, int rows, int cost, HostPrecision precision)
        where TKernel : struct, IRowKernel
    {
        RowJob<TKernel> job = RowJob<TKernel>.Take();
        job.Kernel = kernel;
        job.RowCount = rows;
        job.RowsPerTile = Math.Clamp(TileWork / Math.Max(1, cost), 1, Math.Max(1, rows));
        job.Precision = precision;
        pool.Run(job, (rows + job.RowsPerTile - 1) / job.RowsPerTile);
        job.Kernel = default;
    }
}

/// <summary>How rows × columns elements are cut: long rows into pieces, short rows into bundles.</summary>
internal readonly struct TileGrid
{
    private readonly int _rows;
    private readonly int _columns;
    private readonly int _rowsPerTile;
    private readonly int _columnsPerTile;
    private readonly int _pieces;

    public TileGrid(int rows, int columns, int cost, int tileWork)
    {
        int elements = Math.Max(64, tileWork / Math.Max(1, cost));
        _rows = rows;
        _columns = columns;
        if (columns >= elements)
        {
            // Whole cache lines, so that no two tiles share one.
            _columnsPerTile = (elements + 63) / 64 * 64;
            _rowsPerTile = 1;
        }
        else
        {
            _columnsPerTile = Math.Max(1, columns);
            _rowsPerTile = Math.Max(1, elements / Math.Max(1, columns));
        }

        _pieces = (columns + _columnsPerTile - 1) / _columnsPerTile;
        Count = (rows + _rowsPerTile - 1) / _rowsPerTile * _pieces;
    }

    public int Count { get; }

    public void Bounds(int tile, out int row0, out int row1, out int column0, out int column1)
    {
        row0 = tile / _pieces * _rowsPerTile;
        row1 = Math.Min(_rows, row0 + _rowsPerTile);
        column0 = tile % _pieces * _columnsPerTile;
        column1 = Math.Min(_columns, column0 + _columnsPerTile);
    }
}
