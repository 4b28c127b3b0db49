using System.Globalization;
using HeteroAKD.Data;
using HeteroAKD.Experiments.Configuration;

namespace HeteroAKD.Experiments;

/// <summary>
/// What a run began from, as a text that its checkpoints keep: classes, the names of each split in their order, the content of every file, and the files of
/// weights. Read in the background, since a training needs it at its first checkpoint.
/// </summary>
internal sealed class RunInputs
{
    private const char Separator = '\t';

    private readonly Task<string> _text;

    /// <summary>Begins to read.</summary>
    /// <param name="config">The experiment.</param>
    /// <param name="data">Its data.</param>
    public RunInputs(ExperimentConfig config, ExperimentData data) => _text = Task.Run(() => Read(config, data));

    /// <summary>
    /// One line per input: its name, a tab, what it is. Empty, which claims nothing, if the run is stopped before all is read: the last checkpoint cannot wait
    /// until a large data set is read.
    /// </summary>
    /// <param name="cancellation">The stop.</param>
    public string Text(CancellationToken cancellation)
    {
        try
        {
            return _text.IsCompletedSuccessfully || _text.Wait(Timeout.Infinite, cancellation) ? _text.Result : "";
        }
        catch (Exception e) when (e is OperationCanceledException or AggregateException)
        {
            return ""; // the training reports a file that cannot be read when it reads it
        }
    }

    /// <summary>What differs between two texts, an input a sentence.</summary>
    public static IReadOnlyList<string> Differences(string before, string now)
    {
        Dictionary<string, string> old = Parse(before);
        Dictionary<string, string> current = Parse(now);
        return
        [
            .. old.Keys.Union(current.Keys).Where(key => old.GetValueOrDefault(key) != current.GetValueOrDefault(key))
                .Select(key => $"{key}: {old.GetValueOrDefault(key, "nothing")} then, {current.GetValueOrDefault(key, "nothing")} now"),
        ];
    }

    private static Dictionary<string, string> Parse(string text) =>
        text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(Separator, 2)).ToDictionary(parts => parts[0], parts => parts[^1]);

    private static string Read(ExperimentConfig config, ExperimentData data)
    {
        List<(string Name, string Value)> lines = [("classes", Classes(data.Classes))];
        string root = config.Data.Root.Length > 0 && data.Sources.Count > 0 ? DataRoot.Resolve(config.Data.Root) : Directory.GetCurrentDirectory();
        FileDigests digests = new(root);
        foreach ((string split, PairDataset files) in data.Sources)
        {
            string[] images = [.. files.Pairs.Select(pair => pair.Image)];
            string[] labels = [.. files.Pairs.Select(pair => pair.Label)];
            lines.Add(
                ($"names in {split}", Counted(files.Pairs.Count, "pairs", FileDigests.Of(string.Join('\n', Names(root, images).Zip(Names(root, labels)))))));
            lines.Add(($"images of {split}", Short(digests.OfFiles(images))));
            lines.Add(($"labels of {split}", Short(digests.OfFiles(labels))));
        }

        if (data.UnlabelledFiles.Count > 0)
        {
            lines.Add(
                ("names of unlabelled images",
                    Counted(data.UnlabelledFiles.Count, "images", FileDigests.Of(string.Join('\n', Names(root, data.UnlabelledFiles))))));
            lines.Add(("unlabelled images", Short(digests.OfFiles(data.UnlabelledFiles))));
        }

        lines.AddRange(
            JobFactory.Files(config).GroupBy(file => file.Option).Select(files => (files.Key, Short(digests.OfFiles([.. files.Select(f => f.Path)])))));
        digests.Keep();
        return string.Concat(lines.Select(line => $"{line.Name}{Separator}{line.Value}\n"));
    }

    private static string Classes(ClassSet classes)
    {
        string colors = FileDigests.Of(string.Join(' ', classes.Colors));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{string.Join(", ", classes.Names)}; ignored {classes.IgnoreIndex}; colours {Short(colors)}").ReplaceLineEndings(" ");
    }

    private static IEnumerable<string> Names(string root, IEnumerable<string> paths) =>
        paths.Select(path => Path.GetRelativePath(root, path).Replace('\\', '/'));

    private static string Counted(int count, string what, string digest) => string.Create(CultureInfo.InvariantCulture, $"{count} {what}, {Short(digest)}");

    // 64 bits: no accident makes two of them equal, and a person can tell two apart.
    private static string Short(string digest) => digest[..16];
}
