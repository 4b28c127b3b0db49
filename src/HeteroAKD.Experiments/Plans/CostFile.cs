using System.Globalization;
using HeteroAKD.Tensors;

namespace HeteroAKD.Experiments.Plans;

/// <summary><c>results/PLAN.cost.csv</c>: what a step of each arm costs, measured by <c>experiment --cost</c>. A measurement replaces the one before.</summary>
/// <param name="Costs">The arms.</param>
/// <param name="Where">Device, threads, commit and date of the measurement.</param>
internal sealed record CostFile(IReadOnlyList<ArmCost> Costs, string Where)
{
    /// <summary>What follows the plan's name.</summary>
    public const string End = "cost.csv";

    private static readonly string[] s_columns =
        [
            "arm", "step_ms", "times_alone", "times_alone_low", "times_alone_high", "forward_ms", "backward_ms", "teacher_ms", "terms_ms", "peak_bytes",
            "launches", "measured"
        ];

    /// <summary>Reads what <see cref="Write"/> wrote; null where there is no such file.</summary>
    /// <exception cref="StorageException">It is none of ours.</exception>
    public static CostFile? Read(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        string[] lines = Lines(path);
        if (lines.Length < 2 || lines[0] != CsvLine.Of(s_columns).TrimEnd())
        {
            throw new StorageException($"{path} is not what 'experiment --cost' writes; remove it and measure again");
        }

        try
        {
            string[][] rows = [.. lines.Skip(1).Select(line => CsvLine.Cells(line))];
            return new CostFile([.. rows.Select(Parse)], rows[0][^1]);
        }
        catch (Exception e) when (e is FormatException or IndexOutOfRangeException or OverflowException)
        {
            throw new StorageException($"{path} is damaged ({e.Message}); remove it and measure again", e);
        }
    }

    private static string[] Lines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"{path} could not be read: {e.Message}", e);
        }
    }

    /// <summary>Writes the file.</summary>
    public void Write(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        AtomicFile.WriteText(path, CsvLine.Of(s_columns) + string.Concat(Costs.Select(c => CsvLine.Of(Values(c)))));
    }

    /// <summary>The table of the report.</summary>
    public TableBlock Table() => new(
        ["arm", "step, ms", "times alone", "20 to 80 %", "forward, ms", "backward, ms", "teacher, ms", "MiB", "launches", "each term, ms (share)"], 1,
        [.. Costs.Select(c => (string[])[
            c.Arm, Text(c.Step, "F1"), Text(c.TimesAlone.Median, "F2"), $"{Text(c.TimesAlone.Low, "F2")} to "
                + $"{Text(c.TimesAlone.High, "F2")}", Text(c.Forward, "F1"), Text(c.Backward, "F1"),
            $"{Text(c.Teacher.Milliseconds, "F1")} ± "
                + $"{Text(c.Teacher.HalfWidth, "F1")}", Text(c.PeakBytes / (1024.0 * 1024.0), "F1"), c.Launches.ToString(CultureInfo.InvariantCulture),
                c.TermsText])]);

    private string[] Values(ArmCost c) =>
    [
        c.Arm, Number(c.Step), Number(c.TimesAlone.Median), Number(c.TimesAlone.Low), Number(c.TimesAlone.High), Number(c.Forward), Number(c.Backward),
        Text(c.Teacher),
        string.Join(' ', c.Terms.Select(t => $"{t.Name}={Text(t.Difference)}")), c.PeakBytes
            .ToString(CultureInfo.InvariantCulture), c.Launches.ToString(CultureInfo.InvariantCulture), Where,
    ];

    private static ArmCost Parse(string[] cells) => new()
    {
        Arm = cells[0],
        Step = Real(cells[1]),
        TimesAlone = (Real(cells[3]), Real(cells[2]), Real(cells[4])),
        Forward = Real(cells[5]),
        Backward = Real(cells[6]),
        Teacher = Difference(cells[7]),
        Terms = [.. cells[8].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(t => t.Split('=')).Select(t => (t[0], Difference(t[1])))],
        PeakBytes = long.Parse(cells[9], CultureInfo.InvariantCulture),
        Launches = int.Parse(cells[10], CultureInfo.InvariantCulture),
    };

    private static string Text(CostDifference difference) => $"{Number(difference.Milliseconds)}+-{Number(difference.HalfWidth)}";

    private static CostDifference Difference(string text) =>
        text.Split("+-") is [string value, string half] ? new CostDifference(Real(value), Real(half))
            : throw new FormatException($"'{text}' is no time with its interval");

    private static double Real(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    private static string Number(double value) => double.Round(value, 5).ToString("R", CultureInfo.InvariantCulture);

    private static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
