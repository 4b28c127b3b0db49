namespace HeteroAKD.Kernels.Conv.Device;

/// <summary>Which element of a map a pixel of the result meets at a tap.</summary>
public interface IPatchWindow
{
    /// <summary>Where the pixel of a line is; beyond the last one its row is nowhere.</summary>
    PixelPlace Place(int line);

    /// <summary>The channel and tap of a step along K; beyond the last channel its row is nowhere.</summary>
    PatchTap TapAt(int step);

    /// <summary>Elements before what the pixel meets at the tap, or -1 where that is outside of the map.</summary>
    int Find(PatchTap tap, PixelPlace place);
}

/// <summary>A step along K.</summary>
/// <param name="rows">Rows between a pixel and what it meets at this tap, or nowhere.</param>
/// <param name="columns">Columns between them.</param>
/// <param name="offset">Elements between them, as far as the tap alone tells.</param>
public readonly struct PatchTap(int rows, int columns, int offset)
{
    /// <summary>Rows between a pixel and what it meets at this tap, or nowhere.</summary>
    public readonly int Rows = rows;

    /// <summary>Columns between them.</summary>
    public readonly int Columns = columns;

    /// <summary>Elements between them, as far as the tap alone tells.</summary>
    public readonly int Offset = offset;
}
