using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Layout;

/// <summary>The transposition of <see cref="TransposeKernel"/> on host threads, in blocks of a cache line's breadth both ways.</summary>
public static class HostTranspose
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

/// <summary>Tiles are bands of 16 rows of one matrix of the batch.</summary>
internal sealed unsafe class TransposeJob<T> : KernelJob<TransposeJob<T>>
    where T : unmanaged
{
    private const int Block = 16;

    // So many elements a tile at least, or handing it over would cost more than the work.
    private const int TileElements = 1 << 13;

    private Mem _x;
    private Mem _y;
    private int _bands;
    private int _bandsPerTile;
    private int _rows;
    private int _columns;
    private int _rowBands;

    /// <summary>Transposes the whole batch.</summary>
    public static void Run(HostPool pool, Mem x, Mem y, int batch, int rows, int columns)
    {
        TransposeJob<T> job = Take();
        job._x = x;
        job._y = y;
        job._rows = rows;
        job._columns = columns;
        job._rowBands = (rows + Block - 1) / Block;
        job._bands = batch * job._rowBands;
        job._bandsPerTile = Math.Max(1, TileElements / (Block * Math.Max(1, columns)));
        pool.Run(job, (job._bands + job._bandsPerTile - 1) / job._bandsPerTile);
    }

    public override void Tile(int tile, int worker)
    {
        int end = Math.Min(_bands, (tile + 1) * _bandsPerTile);
        for (int band = tile * _bandsPerTile; band < end; band++)
        {
            long matrix = band / _rowBands * (long)_rows * _columns;
            T* from = (T*)_x.Address + matrix;
            T* to = (T*)_y.Address + matrix;
            int row = band % _rowBands * Block;
            for (int column = 0; column < _columns; column += Block)
            {
                Exchange(from, to, row, column);
            }
        }
    }

    // Both sides go through a small contiguous block: rows a power of two apart would push each other out of the first-level cache.
    private void Exchange(T* from, T* to, int row, int column)
    {
        int height = Math.Min(Block, _rows - row);
        int width = Math.Min(Block, _columns - column);
        T* block = stackalloc T[Block * Block];
        T* turned = stackalloc T[Block * Block];
        for (int i = 0; i < height; i++)
        {
            new ReadOnlySpan<T>(from + ((row + i) * (long)_columns) + column, width).CopyTo(new Span<T>(block + (i * Block), width));
        }

        for (int j = 0; j < width; j++)
        {
            for (int i = 0; i < Block; i++)
            {
                turned[(j * Block) + i] = block[(i * Block) + j];
            }
        }

        for (int j = 0; j < width; j++)
        {
            new ReadOnlySpan<T>(turned + (j * Block), height).CopyTo(new Span<T>(to + ((column + j) * (long)_rows) + row, height));
        }
    }
}
