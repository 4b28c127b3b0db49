using System.Globalization;
using HeteroAKD.Distillation;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Evaluation;

namespace HeteroAKD.Experiments.Runs;

/// <summary>
/// <c>reliability.csv</c>: a row for every split and evaluation of the distilled network. The share of a case is S's mean over its pixels; a cell whose number
/// does not exist is empty. Checkpoints of that network keep the file's text (<see cref="Text"/>), so rows that the file has lost are written again.
/// </summary>
internal sealed class ReliabilityFile
{
    /// <summary>Its name in a run's folder.</summary>
    public const string Name = "reliability.csv";

    private const string Header =
        "step,split,pixels,share_mean,share_sd,auc,both_right_pixels,both_right_share,only_teacher_right_pixels,only_teacher_right_share,"
        + "only_student_right_pixels,only_student_right_share,both_wrong_pixels,both_wrong_share";

    private const int Columns = 14;

    private readonly string _path;
    private readonly List<ReliabilityRow> _rows;

    private ReliabilityFile(string path, IEnumerable<ReliabilityRow> rows) => (_path, _rows) = (path, [.. rows]);

    /// <summary>What the file holds, for a checkpoint.</summary>
    public string Text => string.Concat(_rows.Select(Format).Prepend(Header).Select(line => line + "\n"));

    /// <summary>
    /// Starts the file, or goes on with that of an interrupted run: it becomes what the checkpoint kept of it; of a checkpoint that kept none, the rows after
    /// its step are removed, since they will be written again.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="step">The step that the checkpoint holds.</param>
    /// <param name="record">What it kept of <see cref="Text"/>; empty for nothing.</param>
    /// <exception cref="StorageException">The file is not of this version.</exception>
    public static ReliabilityFile Open(string path, int step, string record = "")
    {
        // A file that a kill left without its first line has no row either.
        bool isThere = File.Exists(path) && new FileInfo(path).Length > 0;
        ReliabilityFile file = new(path, record.Length > 0 ? Parse(path, record) : isThere && step > 0 ? Read(path).Where(row => row.Step <= step) : []);
        AtomicFile.WriteText(path, file.Text);
        return file;
    }

    /// <summary>The rows of a file. A last row without a line end was cut short by a crash and is dropped.</summary>
    /// <exception cref="StorageException">The file has other columns, or a cell holds no number.</exception>
    public static IReadOnlyList<ReliabilityRow> Read(string path) => Parse(path, File.ReadAllText(path));

    /// <summary>Adds rows, and keeps them as the file has them, so that a run that goes on from the file knows the same numbers.</summary>
    public void Write(params IEnumerable<ReliabilityRow> rows)
    {
        _rows.AddRange(rows.Select(row => Row(_path, Format(row))));
        AtomicFile.WriteText(_path, Text);
    }

    /// <summary>All rows.</summary>
    public IReadOnlyList<ReliabilityRow> Read() => _rows;

    private static ReliabilityRow[] Parse(string path, string text)
    {
        string[] lines = text.Split('\n')[..^1];
        return lines.Length > 0 && lines[0] == Header
            ? [.. lines.Skip(1).Select(line => Row(path, line))]
            : throw new StorageException($"{path} has the columns '{lines.FirstOrDefault()}', not '{Header}'; it is not this version's, so start a new run");
    }

    private static string Format(ReliabilityRow row)
    {
        ReliabilityScores s = row.Scores;
        IEnumerable<string> cases = new[]
        {
            s.BothRight,
            s.OnlyTeacherRight,
            s.OnlyStudentRight,
            s.BothWrong,
        }.SelectMany(c => new[] { $"{c.Pixels}", Number(c.MeanShare) });
        return string.Join(',', [$"{row.Step}", row.Split, $"{s.Pixels}", Number(s.Mean), Number(s.Deviation), Number(s.Auc), .. cases]);
    }

    private static string Number(double value) => double.IsNaN(value) ? "" : value.ToString("G9", CultureInfo.InvariantCulture);

    private static ReliabilityRow Row(string path, string line)
    {
        string[] cells = line.Split(',');
        if (cells.Length != Columns)
        {
            throw new StorageException($"{path} has {cells.Length} cells in the row '{line}', not {Columns}; remove the row, or start a new run");
        }

        try
        {
            double Value(int at) => cells[at].Length == 0 ? double.NaN : double.Parse(cells[at], CultureInfo.InvariantCulture);
            ReliabilityCase Case(int at) => new(long.Parse(cells[at], CultureInfo.InvariantCulture), Value(at + 1));
            ReliabilityScores scores = new(Value(3), Value(4), Value(5), Case(6), Case(8), Case(10), Case(12));
            return new ReliabilityRow(int.Parse(cells[0], CultureInfo.InvariantCulture), cells[1], scores);
        }
        catch (FormatException e)
        {
            throw new StorageException($"{path} has a cell that is no number in the row '{line}'; remove the row, or start a new run", e);
        }
    }
}
