namespace HeteroAKD.Data;

/// <summary>A stored id whose palette colour is another class's: palette and class file then count the classes in different orders.</summary>
/// <param name="Id">The id.</param>
/// <param name="ShownClass">The class whose colour the palette gives it.</param>
internal readonly record struct PaletteOrder(int Id, int ShownClass)
{
    /// <summary>
    /// Looks whether a palette mask shows every class in a colour of the class file, but not each in its own. A palette with other colours says nothing: many
    /// tools write one of their own.
    /// </summary>
    /// <param name="palette">The mask's palette; null for a gray mask, which shows none.</param>
    /// <param name="pixels">[256], pixels of each class in the mask, where stored ids are class ids.</param>
    /// <param name="classes">Classes and their colours.</param>
    /// <returns>The first id that shows another class; null where there is none.</returns>
    public static PaletteOrder? Find(ReadOnlySpan<(byte R, byte G, byte B)> palette, ReadOnlySpan<int> pixels, ClassSet classes)
    {
        PaletteOrder? found = null;
        for (int id = 0; id < classes.Count; id++)
        {
            if (pixels[id] == 0)
            {
                continue;
            }
            int shown = id < palette.Length ? Array.IndexOf(classes.Colors, palette[id]) : -1;
            if (shown < 0)
            {
                return null;
            }
            if (classes.Colors[id] != palette[id])
            {
                found ??= new PaletteOrder(id, shown);
            }
        }
        return found;
    }
}
