namespace HeteroAKD.Data;

/// <summary>
/// A data set given by a list file with one "image label" pair of paths a line, relative to its root, and a class file (<see cref="ClassSet.ReadFile"/>).
/// Images are PNG or JPEG, labels are PNGs whose stored value is the class id (<see cref="LabelPng"/>). Every load decodes; wrap it in a <see cref="CachedDataset"/>
/// where the set fits into memory.
/// </summary>
public sealed class ListFileDataset : ISegmentationDataset
{
    private readonly string _listFile;
    private readonly IImageCodec _codec;
    private readonly (string Image, string Label)[] _pairs;

    /// <summary>Reads the list and the classes; samples are read when they are asked for.</summary>
    /// <param name="root">The data set's folder; the paths of the list start there.</param>
    /// <param name="listFile">The list, for example "train.txt", in the root or with a path of its own.</param>
    /// <param name="classFile">The classes, likewise.</param>
    /// <param name="codec">Decodes the images; null for SkiaSharp's.</param>
    /// <exception cref="DatasetException">A file is missing, the list is empty, or a line is not a pair.</exception>
    public ListFileDataset(string root, string listFile, string classFile = "classes.txt", IImageCodec? codec = null)
    {
        if (!Directory.Exists(root))
        {
            throw new DatasetException(root, "the data set's folder does not exist", "Correct the path, or fetch the data set first");
        }
        _listFile = Path.Combine(root, listFile);
        _codec = codec ?? SkiaImageCodec.Instance;
        Classes = ClassSet.ReadFile(Path.Combine(root, classFile));
        _pairs = ReadPairs(root, _listFile);
    }

    /// <inheritdoc/>
    public int Count => _pairs.Length;

    /// <inheritdoc/>
    public ClassSet Classes { get; }

    /// <inheritdoc/>
    public Sample Load(int index, Sample? reuse = null)
    {
        var (imagePath, labelPath) = _pairs[index];
        var image = _codec.ReadRgb(imagePath);
        var label = LabelPng.Read(labelPath);
        if (label.Width != image.Width || label.Height != image.Height)
        {
            throw new DatasetException(
                labelPath,
                $"the labels are {label.Width}x{label.Height}, their image {imagePath} is {image.Width}x{image.Height}",
                "Make both the same size, or correct the pair in " + _listFile);
        }
        return new Sample(Path.GetFileNameWithoutExtension(imagePath), image, CheckedIds(labelPath, label));
    }

    private byte[] CheckedIds(string path, LabelImage label)
    {
        var ids = new byte[label.Ids.Length]; // [H, W]
        for (var i = 0; i < ids.Length; i++)
        {
            var id = label.Ids[i];
            if (id >= Classes.Count && id != Classes.IgnoreIndex)
            {
                throw new DatasetException(
                    path,
                    $"label id {id} at column {i % label.Width}, row {i / label.Width} is neither a class (0 to {Classes.Count - 1}) nor the ignored id {Classes.IgnoreIndex}",
                    "Correct the label file, or add the class to the class file");
            }
            ids[i] = (byte)id;
        }
        return ids;
    }

    private static (string Image, string Label)[] ReadPairs(string root, string listFile)
    {
        var pairs = new List<(string, string)>();
        var number = 0;
        foreach (var line in TextLines.Read(listFile))
        {
            number++;
            if (line.Length == 0)
            {
                continue;
            }
            var fields = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length != 2)
            {
                throw new DatasetException(listFile, $"line {number} is \"{line}\"", "A line holds two paths without blanks: image label");
            }
            pairs.Add((Path.Combine(root, fields[0]), Path.Combine(root, fields[1])));
        }
        return pairs.Count > 0 ? [.. pairs] : throw new DatasetException(listFile, "the list is empty", "Give one \"image label\" pair a line");
    }
}
