namespace HeteroAKD.Data;

/// <summary>
/// A data set given by a list file with one "image label" pair of paths a line, relative to its root, and a class file (<see cref="ClassSet.ReadFile"/>).
/// </summary>
public sealed class ListFileDataset : PairDataset
{
    /// <summary>Reads the list and the classes; samples are read when they are asked for.</summary>
    /// <param name="root">The data set's folder; the paths of the list start there.</param>
    /// <param name="listFile">The list, for example "train.txt", in the root or with a path of its own.</param>
    /// <param name="classFile">The classes, likewise.</param>
    /// <param name="map">What stored ids mean, given the classes; null where they are class ids.</param>
    /// <param name="codec">Decodes the images; null for <see cref="ImageCodec.Usual"/>.</param>
    /// <exception cref="DatasetException">A file is missing, the list is empty, or a line is not a pair.</exception>
    public ListFileDataset(string root, string listFile, string classFile = "classes.txt", Func<ClassSet, LabelMap>? map = null, IImageCodec? codec = null)
        : this(root, Path.Combine(root, listFile), ReadClasses(root, classFile), map, codec)
    {
    }

    private ListFileDataset(string root, string listPath, ClassSet classes, Func<ClassSet, LabelMap>? map, IImageCodec? codec)
        : base(listPath, ReadPairs(root, listPath), classes, map?.Invoke(classes), codec)
    {
    }

    private static ClassSet ReadClasses(string root, string classFile) =>
        Directory.Exists(root)
            ? ClassSet.ReadFile(Path.Combine(root, classFile))
            : throw new DatasetException(root, "the data set's folder does not exist", "Correct the path, or fetch the data set first");

    private static FilePair[] ReadPairs(string root, string listPath)
    {
        List<FilePair> pairs = new();
        int number = 0;
        foreach (string line in TextLines.Read(listPath))
        {
            number++;
            if (line.Length == 0)
            {
                continue;
            }
            string[] fields = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length != 2)
            {
                throw new DatasetException(listPath, $"line {number} is \"{line}\"", "A line holds two paths without blanks: image label");
            }
            pairs.Add(new FilePair(Path.Combine(root, fields[0]), Path.Combine(root, fields[1])));
        }
        return [.. pairs];
    }
}
