namespace HeteroAKD.Data;

/// <summary>Colours by formula.</summary>
internal static class ColorMap
{
    /// <summary>
    /// Colour of an id in Pascal VOC's map: the bits of the id are dealt to red, green and blue in turn, the lowest three to the highest bit of each. All 256
    /// differ.
    /// </summary>
    public static (byte R, byte G, byte B) Voc(int id)
    {
        (int red, int green, int blue) = (0, 0, 0);
        for (int bit = 7; id > 0; bit--, id >>= 3)
        {
            red |= (id & 1) << bit;
            green |= ((id >> 1) & 1) << bit;
            blue |= ((id >> 2) & 1) << bit;
        }
        return ((byte)red, (byte)green, (byte)blue);
    }

    /// <summary>Colours 1 to <paramref name="count"/> of that map, without its black: for data sets that have no colours of their own.</summary>
    public static (byte R, byte G, byte B)[] WithoutBlack(int count) => [.. Enumerable.Range(1, count).Select(Voc)];
}
