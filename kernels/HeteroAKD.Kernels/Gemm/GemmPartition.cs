using static HeteroAKD.Kernels.Layout.Ceiling;

namespace HeteroAKD.Kernels.Gemm;

/// <summary>
/// How a batch of products is cut into tiles for threads and blocks for caches. It depends on the sizes and the lane alone, never on the
/// number of threads, so that the order of every sum is fixed.
/// </summary>
internal readonly struct GemmPartition
{
    /// <summary>Deepest block of K: a panel of A (12 x 384 floats) stays in the first-level cache while panels of B stream past it.</summary>
    public const int MaxDepth = 384;

    // Columns of a block: MaxDepth x 384 floats of packed B fill about half of a second-level cache of 1 MiB.
    private const int MaxBlockColumns = 384;
    private const int MinBlockColumns = 128;

    // Every tile reads its columns of B once: the fewer rows, the more often. B from a second-level cache (1 MiB of it) bears fewer than B from memory.
    private const int MinBlockRows = 48;
    private const int MinStreamedRows = 96;
    private const long CachedWork = 1 << 18;

    // Tiles that keep a handful of threads busy to the end; beyond that larger ones read less.
    private const int WantedTiles = 16;
    private const int MaxBlockRows = 256;

    // Multiply-adds of a tile that one core does in 10 to 20 µs.
    private const long TileWork = 1 << 20;

    /// <summary>Splitting K costs a pass over partial products; it pays where C is small against K and the tiles of C are fewer than this.</summary>
    public const int FewTiles = 6;
    private const int MaxChunks = 16;
    private const int MinChunkDepth = 256;
    private const int SumTiles = 8;

    // Packing ahead is a launch of its own; it pays from so many elements on that would be packed again and again, and takes memory of the operand's size,
    // rounded up to whole panels.
    private const int MinRepeated = 1 << 15;
    private const int MaxPacked = 1 << 24;
    private const int MinLines = 32; // of a packed side: one panel

    private readonly int _inPlaceRows;

    /// <summary>Cuts <paramref name="batch"/> products; with <paramref name="itemsPerSum"/> over 1, runs of so many are added up in one result.</summary>
    public GemmPartition(int m, int n, int k, int batch, int rowUnit, int columnUnit, int itemsPerSum = 1)
    {
        // Where a tile can have all rows, the columns make the tiles: B is then packed by the one tile that reads it.
        int sums = Divide(batch, itemsPerSum);
        long columns = m <= MaxBlockRows ? Math.Clamp((long)n * sums / WantedTiles, MinBlockColumns, MaxBlockColumns) : MaxBlockColumns;
        int columnBlocks = Math.Max(1, Divide(n, (int)columns));
        ColumnsPerBlock = RoundUp(Divide(n, columnBlocks), columnUnit);
        ColumnBlocks = Divide(n, Math.Max(1, ColumnsPerBlock));
        long rowWork = Math.Max(1, (long)ColumnsPerBlock * k);
        long fewest = Math.Max(TileWork / rowWork, rowWork > CachedWork ? MinStreamedRows : MinBlockRows);
        long shared = (long)m * ColumnBlocks * sums / WantedTiles;
        int wanted = (int)Math.Max(fewest, Math.Min(shared, MaxBlockRows));
        int rowBlocks = Math.Max(1, Divide(m, wanted));
        RowsPerBlock = RoundUp(Divide(m, rowBlocks), rowUnit);
        RowBlocks = Divide(m, Math.Max(1, RowsPerBlock));
        _inPlaceRows = 2 * rowUnit;
        long itemWork = Math.Max(1, (long)m * n * k);
        ItemsPerSum = itemsPerSum;
        ItemsPerTile = itemsPerSum > 1 || RowBlocks * ColumnBlocks > 1 ? itemsPerSum : (int)Math.Clamp(TileWork / itemWork, 1, Math.Max(1, batch));
        Tiles = RowBlocks * ColumnBlocks * Divide(batch, ItemsPerTile);
        DepthPerBlock = Math.Max(1, Divide(k, Math.Max(1, Divide(k, MaxDepth))));
        Chunks = 1;
        if (batch == 1 && Tiles is > 0 and < FewTiles && itemWork >= 2 * TileWork)
        {
            long useful = Math.Min(Math.Min(k / MinChunkDepth, MaxChunks / Tiles), itemWork / TileWork);
            Chunks = (int)Math.Max(1, useful);
        }
    }

    /// <summary>Whether tiles read contiguous columns of B where they lie: for so few rows packing would cost as much as it saves.</summary>
    public bool ReadsColumnsInPlace(bool contiguous) => contiguous && RowsPerBlock <= _inPlaceRows;

    /// <summary>Whether a side of <paramref name="items"/> matrices [lines, depth] that <paramref name="uses"/> tiles want is packed ahead of them.</summary>
    public static bool PacksAhead(int lines, int depth, int items, int uses)
    {
        long elements = (long)Math.Max(lines, MinLines) * depth * items;
        return elements <= MaxPacked && (long)lines * depth * items * (uses - 1) >= MinRepeated;
    }

    /// <summary>Into how many results a sum over a batch is divided, to be added up afterwards: for more tiles, as far as the batch goes.</summary>
    public static int SumsOfBatch(int m, int n, int batch)
        => Math.Clamp(SumTiles / (Divide(m, MaxBlockRows) * Divide(n, MaxBlockColumns)), 1, Math.Max(1, batch));

    /// <summary>Rows of C in a tile.</summary>
    public int RowsPerBlock { get; }

    /// <summary>Columns of C in a tile.</summary>
    public int ColumnsPerBlock { get; }

    /// <summary>Depth of one pass over a tile.</summary>
    public int DepthPerBlock { get; }

    /// <summary>Tiles along M.</summary>
    public int RowBlocks { get; }

    /// <summary>Tiles along N.</summary>
    public int ColumnBlocks { get; }

    /// <summary>Matrices of the batch in a tile; more than one where a tile holds whole matrices, or adds them up.</summary>
    public int ItemsPerTile { get; }

    /// <summary>Matrices of the batch whose products are added up; 1 for a product each.</summary>
    public int ItemsPerSum { get; }

    /// <summary>All tiles.</summary>
    public int Tiles { get; }

    /// <summary>Pieces of K with partial products of their own; 1 for no such split.</summary>
    public int Chunks { get; }
}
