using System.Globalization;
using System.Text;
using HeteroAKD.Weights;

namespace HeteroAKD.Experiments.Runs;

/// <summary>
/// <c>metrics.csv</c>: a row for every log line and evaluation of every network. A cell that a row has no value for is empty, and so is that of a score that does not exist.
/// </summary>
public sealed class MetricsFile : IDisposable
{
    private const string FirstColumns = "network,step,";

    private readonly StreamWriter writer;
    private readonly string[] columns;
    private readonly StringBuilder line = new();

    private MetricsFile(string path, string[] columns, bool append)
    {
        this.columns = columns;
        writer = new StreamWriter(path, append) { NewLine = "\n", AutoFlush = true };
        if (!append)
        {
            writer.WriteLine(Header(columns));
        }
    }

    /// <summary>Starts a file.</summary>
    /// <param name="path">The file; an earlier one is replaced.</param>
    /// <param name="columns">Metric names, after the columns <c>network</c> and <c>step</c>.</param>
    public static MetricsFile Create(string path, params string[] columns) => new(path, columns, append: false);

    /// <summary>
    /// Opens the file of a run for a network, and makes it where it is missing. Rows that <paramref name="network"/> wrote after <paramref name="step"/>,
    /// the step its checkpoint holds, are removed: they will be written again. Columns that the file lacks are added, empty in earlier rows.
    /// </summary>
    /// <exception cref="StorageException">It is not a file of metrics.</exception>
    public static MetricsFile Open(string path, string network, int step, params string[] columns)
    {
        if (!File.Exists(path))
        {
            return Create(path, columns);
        }

        string[] lines = File.ReadAllLines(path);
        if (lines.Length == 0 || !lines[0].StartsWith(FirstColumns, StringComparison.Ordinal))
        {
            throw new StorageException($"{path} begins with '{lines.FirstOrDefault()}', not with '{FirstColumns}'; it is not a file of metrics, so start a new run");
        }

        string[] own = lines[0][FirstColumns.Length..].Split(',');
        string[] all = [.. own, .. columns.Except(own)];
        string added = new(',', all.Length - own.Length);

        // A row cut short by the crash has too few cells and goes too.
        IEnumerable<string> kept = lines.Skip(1).Where(row => IsWhole(row, own) && !IsLater(row, network, step)).Select(row => row + added);
        AtomicFile.WriteText(path, string.Concat(kept.Prepend(Header(all)).Select(row => row + "\n")));
        return new MetricsFile(path, all, append: true);
    }

    /// <summary>The row of a network's step, as it would be written.</summary>
    /// <exception cref="ArgumentException">A value has no column, or a column stands twice.</exception>
    public static string Row(IReadOnlyList<string> columns, string network, int step, ReadOnlySpan<(string Column, double Value)> values)
    {
        StringBuilder line = new();
        Format(line, columns, network, step, values);
        return line.ToString();
    }

    /// <summary>Adds a row.</summary>
    /// <param name="network">Which network, for example <c>teacher</c>.</param>
    /// <param name="step">Its step.</param>
    /// <param name="values">Values by column name; the other cells stay empty.</param>
    public void Write(string network, int step, params ReadOnlySpan<(string Column, double Value)> values)
    {
        Format(line.Clear(), columns, network, step, values);
        writer.WriteLine(line);
    }

    /// <inheritdoc/>
    public void Dispose() => writer.Dispose();

    private static string Header(string[] columns) => FirstColumns + string.Join(',', columns);

    private static void Format(StringBuilder line, IReadOnlyList<string> columns, string network, int step, ReadOnlySpan<(string Column, double Value)> values)
    {
        foreach ((string column, _) in values)
        {
            int places = columns.Count(c => c == column);
            if (places != 1)
            {
                throw new ArgumentException(
                    places == 0 ? $"metrics.csv has no column '{column}'; its columns are {string.Join(", ", columns)}" : $"metrics.csv has the column '{column}' {places} times", nameof(values));
            }
        }

        line.Append(network).Append(',').Append(step.ToString(CultureInfo.InvariantCulture));
        foreach (string column in columns)
        {
            line.Append(',');
            foreach ((string name, double value) in values)
            {
                if (name == column && !double.IsNaN(value))
                {
                    line.Append(value.ToString("G9", CultureInfo.InvariantCulture));
                }
            }
        }
    }

    private static bool IsWhole(string row, string[] columns) => row.Count(c => c == ',') == columns.Length + 1;

    private static bool IsLater(string row, string network, int step)
    {
        string[] cells = row.Split(',');
        return cells[0] == network && (!int.TryParse(cells[1], NumberStyles.None, CultureInfo.InvariantCulture, out int at) || at > step);
    }
}
