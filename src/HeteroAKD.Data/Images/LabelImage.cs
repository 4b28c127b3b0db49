namespace HeteroAKD.Data;

/// <summary>A label picture: one id a pixel.</summary>
/// <param name="Width">Columns.</param>
/// <param name="Height">Rows.</param>
/// <param name="Ids">[H, W]; the palette index or the gray level as it is stored, never scaled to 8 bits.</param>
/// <param name="Palette">The RGB entries of a palette file, null for gray.</param>
public sealed record LabelImage(int Width, int Height, ushort[] Ids, (byte R, byte G, byte B)[]? Palette = null)
{
    /// <summary>The EXIF orientation that the file names for itself, 1 to 8; 1 is as stored.</summary>
    public int StoredOrientation { get; init; } = Orientation.AsStored;

    /// <summary>The picture turned as its own EXIF orientation says.</summary>
    public LabelImage Upright()
    {
        if (StoredOrientation == Orientation.AsStored)
        {
            return this;
        }
        ushort[] ids = new ushort[Ids.Length]; // [H, W]
        (int width, int height) = Orientation.Turn<ushort>(Ids, Width, Height, 1, StoredOrientation, ids);
        return new LabelImage(width, height, ids, Palette);
    }
}
