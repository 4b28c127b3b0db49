namespace HeteroAKD.Data;

/// <summary>Image files without labels. Every load decodes; wrap it in a <see cref="CachedDataset"/> where the set fits into memory.</summary>
public sealed class ImageDataset : ISegmentationDataset
{
    private readonly IImageCodec _codec;

    private readonly string[] _names;
    private readonly ImageLimits _limits;

    private ImageDataset(IReadOnlyList<string> files, string[] names, ClassSet classes, ImageLimits? limits, IImageCodec? codec)
    {
        (Files, _names, Classes, _limits) = (files, names, classes, limits ?? ImageLimits.Default);
        _codec = codec ?? ImageCodec.Usual;
    }

    /// <inheritdoc/>
    public int Count => Files.Count;

    /// <summary>The classes of the labelled images that these are used beside.</summary>
    public ClassSet Classes { get; }

    /// <summary>[Count], the files.</summary>
    public IReadOnlyList<string> Files { get; }

    /// <summary>[Count], their names: without endings, in a folder with the folders below it.</summary>
    public IReadOnlyList<string> Names => _names;

    /// <summary>The image files of a folder and of folders below it, in the order of their paths.</summary>
    /// <exception cref="DatasetException">There is no folder, or no image in it.</exception>
    public static ImageDataset OfFolder(string folder, ClassSet classes, ImageLimits? limits = null, IImageCodec? codec = null)
    {
        if (!Directory.Exists(folder))
        {
            throw new DatasetException(folder, "the folder does not exist", "Correct the path");
        }
        ImageCodecKind kind = (codec ?? ImageCodec.Usual).Kind;
        string[] files = [.. ImageFiles.In(folder, kind)];
        return files.Length > 0
            ? new ImageDataset(files, [.. files.Select(file => ImageFiles.NameOf(folder, file))], classes, limits, codec)
            : throw new DatasetException(
                folder, "there is no image in the folder", $"Put images into it; a file whose name ends in {ImageFiles.EndingText(kind)} is one");
    }

    /// <summary>The files that a list names, one path a line, in its order.</summary>
    /// <param name="root">The folder that relative paths of the list start at.</param>
    /// <param name="listPath">The list.</param>
    /// <param name="classes">Classes of the labelled images.</param>
    /// <param name="limits">How large they may be; null takes the default.</param>
    /// <param name="codec">Decodes the images; null for <see cref="ImageCodec.Usual"/>.</param>
    /// <exception cref="DatasetException">The list is missing or empty, or files are missing: how many, and the first of them.</exception>
    public static ImageDataset OfList(string root, string listPath, ClassSet classes, ImageLimits? limits = null, IImageCodec? codec = null)
    {
        string[] files = [.. TextLines.Read(listPath).Where(line => line.Length > 0).Select(line => Path.Combine(root, line))];
        if (files.Length == 0)
        {
            throw new DatasetException(listPath, "the list is empty", "Give the path of one image a line");
        }
        string[] missing = [.. files.Where(file => !File.Exists(file))];
        return missing.Length == 0
            ? new ImageDataset(files, [.. files.Select(file => Path.GetFileNameWithoutExtension(file)!)], classes, limits, codec)
            : throw new DatasetException(
                missing[0], $"the file does not exist; {missing.Length} of {files.Length} images that {listPath} names are "
                    + "missing",
                "Correct the path, or restore the files; a line holds the path of one image");
    }

    /// <inheritdoc/>
    public (int Width, int Height)? SizeOf(int index) => _codec.ReadSize(Files[index]);

    /// <inheritdoc/>
    public Sample Load(int index, Sample? reuse = null) => new(_names[index], _codec.ReadRgb(Files[index], reuse?.Image, _limits));
}
