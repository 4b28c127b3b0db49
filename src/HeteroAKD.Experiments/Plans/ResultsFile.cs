using System.Globalization;
using System.Text;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Checkpoints;

namespace HeteroAKD.Experiments.Plans;

/// <summary>
/// <c>results/PLAN.csv</c>: a line for each run that ended, added as it ends and made to be committed. Going on needs nothing else, reporting only
/// <see cref="CostFile"/>. Of two lines for one run the later holds.
/// </summary>
internal sealed class ResultsFile
{
    private const string DateFormat = "yyyy-MM-dd'T'HH:mm:ss'Z'";

    private static readonly string[] s_columns =
        [
            "kind", "arm", "cell", "seed", "hash", "settings", "steps", "commit", "format", .. Metrics.Scores, "classes", "seconds", "device", "finished",
            "error"
        ];

    private readonly string _path;
    private readonly List<RunResult> _lines = [];

    private ResultsFile(string path) => _path = path;

    /// <summary>Every line, in order.</summary>
    public IReadOnlyList<RunResult> Lines => _lines;

    /// <summary>Reads the file; one that is not there has no lines. A last line without its end was torn by a crash and does not count.</summary>
    /// <exception cref="StorageException">A line is none of a results file.</exception>
    public static ResultsFile Read(string path)
    {
        ResultsFile file = new(path);
        if (!File.Exists(path))
        {
            return file;
        }

        string[] rows = Text(path).Split('\n')[..^1];
        string[] heads = rows.Length == 0 ? [] : CsvLine.Cells(rows[0]);
        for (int i = 1; i < rows.Length; i++)
        {
            file._lines.Add(Parse(heads, CsvLine.Cells(rows[i]), $"{path}:{i + 1}"));
        }

        return file;
    }

    /// <summary>The valid line of a run: the last one of its settings and seed, by a program with today's checkpoints; null for none.</summary>
    public RunResult? Find((string Hash, int Seed) key) => _lines.LastOrDefault(l => l.Key == key && l.Format == Checkpoint.FormatVersion);

    /// <summary>Whether the run ended well.</summary>
    public bool Holds(PlannedRun run) => Find(run.Key) is { Error: "" };

    /// <summary>Makes the file ready for <see cref="Add"/>: the folder, the heads of today, and no torn last line.</summary>
    public void Prepare()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(_path))!);
        string text = CsvLine.Of(s_columns) + string.Concat(_lines.Select(l => CsvLine.Of(Values(l))));
        if (!File.Exists(_path) || Text(_path) != text)
        {
            AtomicFile.WriteText(_path, text);
        }
    }

    /// <summary>Adds a line and sees it onto the disk. It is written at once, while no other process can write.</summary>
    public void Add(RunResult result)
    {
        using FileStream stream = Open(_path, FileMode.Append, FileAccess.Write, FileShare.None, "the earlier lines are as they were");
        stream.Write(Encoding.UTF8.GetBytes(CsvLine.Of(Values(result))));
        stream.Flush(flushToDisk: true);
        _lines.Add(result);
    }

    private static string Text(string path)
    {
        using StreamReader reader = new(Open(path, FileMode.Open, FileAccess.Read, FileShare.Read, "it could not be read"));
        return reader.ReadToEnd();
    }

    // One process writes at a time and none reads meanwhile; the others wait for a line to end.
    private static FileStream Open(string path, FileMode mode, FileAccess access, FileShare share, string state)
    {
        const int Tries = 50;
        for (int i = 1; ; i++)
        {
            try
            {
                return new FileStream(path, mode, access, share, bufferSize: 0);
            }
            catch (IOException) when (i < Tries)
            {
                Thread.Sleep(100);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new StorageException($"{path} could not be opened: {e.Message}; {state}", e);
            }
        }
    }

    private static string[] Values(RunResult r) =>
    [
        r.Kind, r.Arm, r.Cell, Number(r.Seed), r.Hash, r.Settings, Number(r.Steps), r.Commit, Number(r.Format),
        .. Metrics.Scores.Select(name => r.Scores.TryGetValue(name, out double value) ? Number(value) : ""),
        r.FewerClasses, Number(double.Round(r.Seconds, 4)), r.Device, r.Finished.ToString(DateFormat, CultureInfo.InvariantCulture), r.Error,
    ];

    private static RunResult Parse(string[] heads, string[] cells, string place)
    {
        if (cells.Length != heads.Length)
        {
            throw new StorageException($"{place}: has {cells.Length} cells, the first line names {heads.Length}; remove the line, and the run is done again");
        }

        string Cell(string column) => Array.IndexOf(heads, column) is var i and >= 0 ? cells[i] : "";
        double Real(string column) => Cell(column) is { Length: > 0 } text ? double.Parse(text, CultureInfo.InvariantCulture) : double.NaN;
        int Whole(string column) => int.Parse(Cell(column), CultureInfo.InvariantCulture);
        try
        {
            return new RunResult
            {
                Kind = Cell("kind"),
                Arm = Cell("arm"),
                Cell = Cell("cell"),
                Seed = Whole("seed"),
                Hash = Cell("hash"),
                Settings = Cell("settings"),
                Steps = Whole("steps"),
                Commit = Cell("commit"),
                Format = Whole("format"),
                Scores = Metrics.Scores.Where(name => Cell(name).Length > 0).ToDictionary(name => name, Real),
                FewerClasses = Cell("classes"),
                Seconds = Real("seconds"),
                Device = Cell("device"),
                Finished = DateTime.ParseExact(
                    Cell("finished"), DateFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal),
                Error = Cell("error"),
            };
        }
        catch (Exception e) when (e is FormatException or OverflowException)
        {
            throw new StorageException($"{place}: is no line of results ({e.Message}); remove it, and the run is done again", e);
        }
    }

    private static string Number(double value) => double.IsNaN(value) ? "" : value.ToString("R", CultureInfo.InvariantCulture);
}
