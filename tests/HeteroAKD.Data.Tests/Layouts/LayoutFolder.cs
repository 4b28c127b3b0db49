namespace HeteroAKD.Data.Tests;

/// <summary>A folder in which a test builds a data set of small pictures.</summary>
internal static class LayoutFolder
{
    /// <summary>An RGB PNG as Cityscapes has them: ancillary chunks, many data chunks, every row filter.</summary>
    public static void Image(this TemporaryFolder folder, string path, int width = 6, int height = 4) =>
        Place(
            folder,
            path,
            new PngBuilder
            {
                Width = width,
                Height = height,
                ColourType = 2,
                WithAncillaryChunks = true,
                BytesPerIdat = 16,
            }.Encode(new ushort[width * height * 3]));

    /// <summary>A gray PNG that stores these ids, in rows of six.</summary>
    public static void Label(this TemporaryFolder folder, string path, params ushort[] ids)
    {
        ushort[] all = new ushort[24];
        ids.CopyTo(all, 0);
        Place(folder, path, new PngBuilder { Width = 6, Height = 4, WithAncillaryChunks = true, BytesPerIdat = 5 }.Encode(all));
    }

    /// <summary>A file in its folder.</summary>
    public static void Place(this TemporaryFolder folder, string path, byte[] bytes)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(folder.File(path))!);
        folder.Write(path, bytes);
    }

    /// <summary>A text in its folder.</summary>
    public static void Place(this TemporaryFolder folder, string path, string text) => folder.Place(path, System.Text.Encoding.UTF8.GetBytes(text));
}
