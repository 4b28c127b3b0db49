using System.Globalization;
using System.Text;
using HeteroAKD.Weights;

namespace HeteroAKD.Experiments.Runs;

/// <summary>
/// <c>metrics.csv</c>: a row for every log line and evaluation of every network. A cell that a row has no value for is empty.
/// </summary>
public sealed class MetricsFile : IDisposable
{
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
    /// Opens the file of an interrupted run. Rows that <paramref name="network"/> wrote after <paramref name="step"/>,
    /// the step its checkpoint holds, are removed: they will be written again.
    /// </summary>
    /// <exception cref="StorageException">The file has other columns.</exception>
    public static MetricsFile Resume(string path, string network, int step, params string[] columns)
    {
        if (!File.Exists(path))
        {
            return Create(path, columns);
        }

        string[] lines = File.ReadAllLines(path);
        if (lines.Length == 0 || lines[0] != Header(columns))
        {
            throw new StorageException($"{path} has the columns '{lines.FirstOrDefault()}', not '{Header(columns)}'; it is not this version's, so start a new run");
        }

        // A row cut short by the crash has too few cells and goes too.
        IEnumerable<string> kept = lines.Skip(1).Where(row => IsWhole(row, columns) && !IsLater(row, network, step));
        AtomicFile.WriteText(path, string.Concat(kept.Prepend(lines[0]).Select(row => row + "\n")));
        return new MetricsFile(path, columns, append: true);
    }

    /// <summary>Adds a row.</summary>
    /// <param name="network">Which network, for example <c>teacher</c>.</param>
    /// <param name="step">Its step.</param>
    /// <param name="values">Values by column name; the other cells stay empty.</param>
    public void Write(string network, int step, params ReadOnlySpan<(string Column, double Value)> values)
    {
        line.Clear().Append(network).Append(',').Append(step.ToString(CultureInfo.InvariantCulture));
        foreach ((string column, _) in values)
        {
            if (Array.IndexOf(columns, column) < 0)
            {
                throw new ArgumentException($"metrics.csv has no column '{column}'; its columns are {string.Join(", ", columns)}", nameof(values));
            }
        }

        foreach (string column in columns)
        {
            line.Append(',');
            foreach ((string name, double value) in values)
            {
                if (name == column)
                {
                    line.Append(value.ToString("G9", CultureInfo.InvariantCulture));
                }
            }
        }

        writer.WriteLine(line);
    }

    /// <inheritdoc/>
    public void Dispose() => writer.Dispose();

    private static string Header(string[] columns) => "network,step," + string.Join(',', columns);

    private static bool IsWhole(string row, string[] columns) => row.Count(c => c == ',') == columns.Length + 1;

    private static bool IsLater(string row, string network, int step)
    {
        string[] cells = row.Split(',');
        return cells[0] == network && (!int.TryParse(cells[1], NumberStyles.None, CultureInfo.InvariantCulture, out int at) || at > step);
    }
}
