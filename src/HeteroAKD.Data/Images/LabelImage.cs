namespace HeteroAKD.Data;

/// <summary>A label picture: one id a pixel.</summary>
/// <param name="Width">Columns.</param>
/// <param name="Height">Rows.</param>
/// <param name="Ids">[H, W]; the palette index or the gray level as it is stored, never scaled to 8 bits.</param>
/// <param name="Palette">The RGB entries of a palette file, null for gray.</param>
public sealed record LabelImage(int Width, int Height, ushort[] Ids, (byte R, byte G, byte B)[]? Palette = null);
