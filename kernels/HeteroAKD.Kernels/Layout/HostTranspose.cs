using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Layout;

/// <summary>The transposition of <see cref="TransposeKernel"/> on host threads.</summary>
internal static class HostTranspose
{
    /// <summary>[batch, rows, columns] in <paramref name="x"/> to [batch, columns, rows] in <paramref name="y"/>, which may not be x.</summary>
    public static void Run(HostPool pool, Mem x, Mem y, int batch, int rows, int columns, HostPrecision precision)
    {
        if (precision == HostPrecision.Float64)
        {
            TransposeJob<double>.Run(pool, x, y, batch, rows, columns);
        }
        else
        {
            TransposeJob<float>.Run(pool, x, y, batch, rows, columns);
        }
    }
}

/// <summary>
/// Tiles are bands of 16 columns of one matrix of the batch, walked from top to bottom: a row of the result is then written without a break, which memory
/// takes far more quickly than a cache line here and there.
/// </summary>
internal sealed unsafe class TransposeJob<T> : KernelJob<TransposeJob<T>>
    where T : unmanaged
{
    private const int Block = HostBlock<T>.Size;

    // So many elements a tile at least, or handing it over would cost more than the work.
    private const int TileElements = 1 << 13;

    // Rows that a band is cut into: a matrix of few columns has few bands, but work for many threads.
    private const int PieceRows = 512;

    private Mem _x;
    private Mem _y;
    private int _bands;
    private int _bandsPerTile;
    private int _rows;
    private int _columns;
    private int _columnBands;
    private int _pieces;

    /// <summary>Transposes the whole batch.</summary>
    public static void Run(HostPool pool, Mem x, Mem y, int batch, int rows, int columns)
    {
        TransposeJob<T> job = Take();
        job._x = x;
        job._y = y;
        job._rows = rows;
        job._columns = columns;
        job._columnBands = (columns + Block - 1) / Block;
        job._pieces = (rows + PieceRows - 1) / PieceRows;
        job._bands = batch * job._columnBands * job._pieces;
        job._bandsPerTile = Math.Max(1, TileElements / (Block * Math.Clamp(rows, 1, PieceRows)));
        pool.Run(job, (job._bands + job._bandsPerTile - 1) / job._bandsPerTile);
    }

    public override void Tile(int tile, int worker)
    {
        int end = Math.Min(_bands, (tile + 1) * _bandsPerTile);
        for (int band = tile * _bandsPerTile; band < end; band++)
        {
            int columnBand = band / _pieces;
            long matrix = columnBand / _columnBands * (long)_rows * _columns;
            T* from = (T*)_x.Address + matrix;
            T* to = (T*)_y.Address + matrix;
            int column = columnBand % _columnBands * Block;
            int first = band % _pieces * PieceRows;
            int last = Math.Min(_rows, first + PieceRows);
            for (int row = first; row < last; row += Block)
            {
                HostBlock<T>.Turn(
                    from + (row * (long)_columns) + column, _columns, to + (column * (long)_rows) + row, _rows, Math.Min(Block, _rows - row),
                    Math.Min(Block, _columns - column));
            }
        }
    }
}
