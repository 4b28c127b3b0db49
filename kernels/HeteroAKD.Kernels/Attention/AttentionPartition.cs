using static HeteroAKD.Kernels.Layout.Ceiling;

namespace HeteroAKD.Kernels.Attention;

/// <summary>
/// How a pass of the host's attention is cut. "Along" is the side that lies in vector lanes (the queries) and is cut into tiles for
/// threads; "across" is the side that is summed over and is walked in blocks for caches. Depends on the sizes alone, never on the number of threads.
/// </summary>
internal readonly struct AttentionPartition
{
    // Enough tiles that a few threads finish at about the same time, and enough tokens in each that packing the other side for it costs little.
    private const int WantedTiles = 16;
    private const int MinAlong = 64;
    private const int MaxAlong = 512;

    /// <summary>Most sets of sums over the queries of a pair: memory must not grow with the number of tiles.</summary>
    public const int MaxSums = 8;

    // Multiply-adds of a tile below which several pairs share one.
    private const long TileWork = 1 << 18;

    /// <summary>
    /// Cuts <paramref name="along"/> x <paramref name="across"/> scores of each pair; blocks have at most <paramref name="maxBlock"/> tokens.
    /// </summary>
    public AttentionPartition(int pairs, int along, int across, int headSize, int alongUnit, int acrossUnit, int maxBlock)
    {
        Pairs = pairs;
        Along = along;
        int wanted = (int)Math.Clamp((long)pairs * along / WantedTiles, MinAlong, MaxAlong);
        int pieces = Divide(along, wanted);
        AlongPerTile = RoundUp(Divide(along, pieces), alongUnit);
        AlongTiles = Divide(along, AlongPerTile);
        AcrossPerBlock = RoundUp(Divide(across, Divide(across, maxBlock)), acrossUnit);
        long work = 2L * along * across * headSize;
        PairsPerTile = AlongTiles == 1 ? (int)Math.Clamp(TileWork / work, 1, pairs) : 1;
        Tiles = AlongTiles * Divide(pairs, PairsPerTile);
        Sums = Math.Min(AlongTiles, MaxSums);
    }

    /// <summary>(image, head) pairs.</summary>
    public int Pairs { get; }

    /// <summary>Tokens of a pair along the lanes.</summary>
    public int Along { get; }

    /// <summary>Tokens along the lanes in a tile: whole pairs of vectors but for the last tile.</summary>
    public int AlongPerTile { get; }

    /// <summary>Tiles of a pair.</summary>
    public int AlongTiles { get; }

    /// <summary>Tokens across in a block: whole register panels.</summary>
    public int AcrossPerBlock { get; }

    /// <summary>Pairs in a tile; more than one only where a tile holds whole pairs.</summary>
    public int PairsPerTile { get; }

    /// <summary>All tiles.</summary>
    public int Tiles { get; }

    /// <summary>Sets of sums across the tiles of a pair.</summary>
    public int Sums { get; }

    /// <summary>Tiles where each leaves a set of sums.</summary>
    public int SumTiles => Sums * Divide(Pairs, PairsPerTile);

    /// <summary>
    /// What tile <paramref name="tile"/> of <see cref="SumTiles"/> covers: pairs, pieces of <see cref="AlongPerTile"/> tokens, and its set of sums.
    /// </summary>
    public void SumBounds(int tile, out int firstPair, out int endPair, out int firstPiece, out int endPiece, out int sum)
    {
        firstPair = tile / Sums * PairsPerTile;
        endPair = Math.Min(Pairs, firstPair + PairsPerTile);
        sum = tile % Sums;
        firstPiece = sum * AlongTiles / Sums;
        endPiece = (sum + 1) * AlongTiles / Sums;
    }

    /// <summary>What tile <paramref name="tile"/> covers.</summary>
    public void Bounds(int tile, out int firstPair, out int endPair, out int first, out int end)
    {
        firstPair = tile / AlongTiles * PairsPerTile;
        endPair = Math.Min(Pairs, firstPair + PairsPerTile);
        first = tile % AlongTiles * AlongPerTile;
        end = Math.Min(Along, first + AlongPerTile);
    }
}
