namespace HeteroAKD.Kernels.Tiles;

/// <summary>Size of the piece of a product C = A B that one thread block computes.</summary>
public interface ITile
{
    /// <summary>Rows; a multiple of 64.</summary>
    static abstract int Rows { get; }

    /// <summary>Columns; a multiple of 64.</summary>
    static abstract int Columns { get; }

    /// <summary>Rows of a warp on tensor cores; a multiple of 16.</summary>
    static abstract int WarpRows { get; }

    /// <summary>Columns of a warp on tensor cores; a multiple of 16.</summary>
    static abstract int WarpColumns { get; }
}

/// <summary>128 x 128 elements: the least traffic, in shared memory and out of it.</summary>
public readonly struct LargeTile : ITile
{
    /// <inheritdoc/>
    public static int Rows => 128;

    /// <inheritdoc/>
    public static int Columns => 128;

    /// <inheritdoc/>
    public static int WarpRows => 64;

    /// <inheritdoc/>
    public static int WarpColumns => 64;
}

/// <summary>64 x 64 elements: for products that large tiles would not spread over the device.</summary>
public readonly struct SmallTile : ITile
{
    /// <inheritdoc/>
    public static int Rows => 64;

    /// <inheritdoc/>
    public static int Columns => 64;

    /// <inheritdoc/>
    public static int WarpRows => 32;

    /// <inheritdoc/>
    public static int WarpColumns => 32;
}

/// <summary>What all tiles have in common.</summary>
public static class Tile
{
    /// <summary>Elements along K that are in shared memory as one stage.</summary>
    public const int Depth = 16;

    /// <summary>Stages in shared memory: one is multiplied while the copies of three are under way. A power of two.</summary>
    public const int Stages = 4;

    /// <summary>Floats of a stage: a slice of A, then one of B.</summary>
    public static int StageLength<TTile>()
        where TTile : struct, ITile => Depth * (TTile.Rows + TTile.Columns);

    /// <summary>Floats from a row to the next where the finished tile lies in shared memory.</summary>
    public static int ResultPitch<TTile>()
        where TTile : struct, ITile => TTile.Columns + 4;

    /// <summary>Bytes of dynamic shared memory: the stages, or later the finished tile in their place.</summary>
    public static int SharedBytes<TTile>()
        where TTile : struct, ITile => sizeof(float) * Math.Max(Stages * StageLength<TTile>(), TTile.Rows * ResultPitch<TTile>());
}
