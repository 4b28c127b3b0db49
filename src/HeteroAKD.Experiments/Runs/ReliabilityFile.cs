using System.Globalization;
using HeteroAKD.Distillation;
using HeteroAKD.Training.Evaluation;
using HeteroAKD.Weights;

namespace HeteroAKD.Experiments.Runs;

/// <summary>
/// <c>reliability.csv</c>: a row for every split and evaluation of the distilled network. The share of a case is S's mean over its pixels; a cell whose number does not
/// exist is empty.
/// </summary>
public sealed class ReliabilityFile
{
    /// <summary>Its name in a run's folder.</summary>
    public const string Name = "reliability.csv";

    private const string Header = "step,split,pixels,share_mean,share_sd,auc,both_right_pixels,both_right_share,only_teacher_right_pixels,only_teacher_right_share,"
        + "only_student_right_pixels,only_student_right_share,both_wrong_pixels,both_wrong_share";

    private const int Columns = 14;

    private readonly string _path;

    private ReliabilityFile(string path) => _path = path;

    /// <summary>Starts the file, or goes on with that of an interrupted run. Rows after <paramref name="step"/>, the step its checkpoint holds, are removed: they will be written again.</summary>
    /// <exception cref="StorageException">The file is not of this version.</exception>
    public static ReliabilityFile Open(string path, int step)
    {
        IEnumerable<ReliabilityRow> kept = File.Exists(path) ? Read(path).Where(row => row.Step <= step) : [];
        AtomicFile.WriteText(path, string.Concat(kept.Select(Format).Prepend(Header).Select(line => line + "\n")));
        return new ReliabilityFile(path);
    }

    /// <summary>The rows of a file. One without its line's end was cut short by a crash and is none.</summary>
    /// <exception cref="StorageException">The file has other columns, or a cell holds no number.</exception>
    public static IReadOnlyList<ReliabilityRow> Read(string path)
    {
        string[] lines = File.ReadAllText(path).Split('\n')[..^1];
        return lines.Length > 0 && lines[0] == Header
            ? [.. lines.Skip(1).Select(line => Parse(path, line))]
            : throw new StorageException($"{path} has the columns '{lines.FirstOrDefault()}', not '{Header}'; it is not this version's, so start a new run");
    }

    /// <summary>Adds a row.</summary>
    public void Write(ReliabilityRow row) => File.AppendAllText(_path, Format(row) + "\n");

    /// <summary>All rows.</summary>
    public IReadOnlyList<ReliabilityRow> Read() => Read(_path);

    private static string Format(ReliabilityRow row)
    {
        ReliabilityScores s = row.Scores;
        IEnumerable<string> cases = new[] { s.BothRight, s.OnlyTeacherRight, s.OnlyStudentRight, s.BothWrong }.SelectMany(c => new[] { $"{c.Pixels}", Number(c.MeanShare) });
        return string.Join(',', [$"{row.Step}", row.Split, $"{s.Pixels}", Number(s.Mean), Number(s.Deviation), Number(s.Auc), .. cases]);
    }

    private static string Number(double value) => double.IsNaN(value) ? "" : value.ToString("G9", CultureInfo.InvariantCulture);

    private static ReliabilityRow Parse(string path, string line)
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
