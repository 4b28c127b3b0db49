namespace HeteroAKD.Kernels.Tiles;

/// <summary>
/// Into what a product is cut on a device. It depends on the sizes alone, never on the card, so that sums are added in the same order everywhere.
/// </summary>
/// <param name="Large">Whether tiles are 128 x 128 instead of 64 x 64.</param>
/// <param name="Pieces">Pieces of a long sum, which are added up afterwards; 1 for none.</param>
/// <param name="PieceDepth">Steps along K of a piece, a multiple of <see cref="Tile.Depth"/> unless it is the only one.</param>
public readonly record struct ProductPlan(bool Large, int Pieces, int PieceDepth)
{
    // Cards have about a hundred multiprocessors, which all want a block.
    private const int EnoughBlocks = 96;

    // A shorter piece has little left to overlap its copies with.
    private const int LeastPiece = 256;

    /// <summary>For items products of [rows, depth] and [depth, columns].</summary>
    public static ProductPlan For(int rows, int columns, int depth, int items)
    {
        long large = Blocks(rows, columns, 128) * items;
        if (large >= EnoughBlocks)
        {
            return new(true, 1, depth);
        }

        long small = Blocks(rows, columns, 64) * items;
        if (items > 1 || small >= EnoughBlocks || depth < 2 * LeastPiece)
        {
            return new(false, 1, depth);
        }

        // Large tiles where they are full, as they load half as much.
        bool full = rows >= 96 && columns >= 96;
        long blocks = full ? large : small;
        int pieces = (int)Math.Min((EnoughBlocks + blocks - 1) / blocks, depth / LeastPiece);
        int pieceDepth = (((depth + pieces - 1) / pieces) + Tile.Depth - 1) / Tile.Depth * Tile.Depth;
        return new(full, (depth + pieceDepth - 1) / pieceDepth, pieceDepth);
    }

    /// <summary>For one product that is not cut along K.</summary>
    public static ProductPlan Whole(int rows, int columns, int depth) => new(Blocks(rows, columns, 128) >= EnoughBlocks, 1, depth);

    private static long Blocks(int rows, int columns, int side) => ((long)rows + side - 1) / side * ((columns + side - 1) / side);
}
