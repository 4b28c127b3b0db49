namespace HeteroAKD.Kernels.Conv.Device;

/// <summary>
/// Where the four pixels lie that a thread copies for a tile of 128 lines (of 64 it copies two), as it needs them for every slice. A field each, as they are
/// to be registers. A pixel beyond the last has a row that is nowhere.
/// </summary>
public readonly struct PixelPlaces
{
    /// <summary>A row outside of every image.</summary>
    public const int Nowhere = -(1 << 28);

    private readonly PixelPlace _first;
    private readonly PixelPlace _second;
    private readonly PixelPlace _third;
    private readonly PixelPlace _fourth;

    /// <summary>The four.</summary>
    public PixelPlaces(PixelPlace first, PixelPlace second, PixelPlace third, PixelPlace fourth)
    {
        _first = first;
        _second = second;
        _third = third;
        _fourth = fourth;
    }

    /// <summary>Pixel i.</summary>
    public PixelPlace Of(int i) => i == 0 ? _first : i == 1 ? _second : i == 2 ? _third : _fourth;
}

/// <summary>Where a pixel lies.</summary>
/// <param name="start">Elements before its image, or before its window where that is an index at all.</param>
/// <param name="row">Row, perhaps in the padding or nowhere.</param>
/// <param name="column">Column, perhaps in the padding.</param>
public readonly struct PixelPlace(int start, int row, int column)
{
    /// <summary>Elements before its image, or before its window where that is an index at all.</summary>
    public readonly int Start = start;

    /// <summary>Row, perhaps in the padding or nowhere.</summary>
    public readonly int Row = row;

    /// <summary>Column, perhaps in the padding.</summary>
    public readonly int Column = column;
}
