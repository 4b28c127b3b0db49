using System.Globalization;
using System.Text;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Runs;

/// <summary>
/// <c>metrics.csv</c>: a row for every log line and evaluation of every network. A cell that a row has no value for is empty, and so is that of a score that
/// does not exist. Checkpoints keep the rows of their network (<see cref="Record"/>), so rows that the file has lost are written again.
/// </summary>
internal sealed class MetricsFile : IDisposable
{
    private const string FirstColumns = "network,step,";

    private readonly GrowingFile _file;
    private readonly string[] _columns;
    private readonly List<string> _rows;
    private readonly StringBuilder _line = new();

    private MetricsFile(string path, string[] columns, List<string> rows)
    {
        (_columns, _rows) = (columns, rows);
        string text = string.Concat(rows.Prepend(Header(columns)).Select(row => row + "\n"));
        if (!File.Exists(path) || File.ReadAllText(path) != text)
        {
            AtomicFile.WriteText(path, text);
        }

        _file = new GrowingFile(path);
    }

    /// <summary>What was amiss with the file that was opened and what became of it, in a sentence; empty for nothing.</summary>
    public string Repair { get; private init; } = "";

    /// <summary>Starts a file.</summary>
    /// <param name="path">The file; an earlier one is replaced.</param>
    /// <param name="columns">Metric names, after the columns <c>network</c> and <c>step</c>.</param>
    public static MetricsFile Create(string path, params string[] columns) => new(path, columns, []);

    /// <summary>
    /// Opens the file of a run for a network, and makes it where it is missing. The network's rows become those that its checkpoint kept; of a checkpoint that
    /// kept none, the rows after its step are removed: they will be written again. Columns that the file lacks are added, empty in earlier rows.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="network">Whose rows are going to be added.</param>
    /// <param name="step">The step that its checkpoint holds.</param>
    /// <param name="record">What its checkpoint kept of <see cref="Record"/>; empty for nothing.</param>
    /// <param name="columns">Its metric names.</param>
    /// <exception cref="StorageException">It is not a file of metrics.</exception>
    public static MetricsFile Open(string path, string network, int step, string record, params string[] columns)
    {
        (string[] own, string[] rows, bool isBroken) = Read(path, record.Length > 0);
        string[] recordLines = record.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        string[] recorded = recordLines.Length > 0 ? ColumnsOf(recordLines[0]) : [];
        string[] all = [.. own, .. recorded.Except(own)];
        all = [.. all, .. columns.Except(all)];

        string[] whole = [.. rows.Where(row => IsWhole(row, own)).Select(row => Widened(row, own, all))];
        string[] kept = [.. whole.Where(row => !IsOf(row, network) || !IsLater(row, step))];
        string[] mine = [.. recordLines.Skip(1).Select(row => Widened(row, recorded, all))];
        bool lost = recordLines.Length > 0 && !kept.Where(row => IsOf(row, network)).SequenceEqual(mine);
        if (lost)
        {
            // In the order in which a run writes them.
            kept = [.. kept.Where(row => !IsOf(row, network)).Concat(mine).OrderBy(Place)];
        }

        string repair = lost && step > 0 ? $"metrics.csv had lost rows of {network}; they are written again from its checkpoint"
            : isBroken && step > 0 ? $"metrics.csv was broken and begins anew; the rows of {network} up to step {step} are lost"
            : "";
        return new MetricsFile(path, all, [.. kept]) { Repair = repair };
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
        Format(_line.Clear(), _columns, network, step, values);
        string row = _line.ToString();
        _file.Append(Encoding.UTF8.GetBytes(row + "\n"));
        _rows.Add(row);
    }

    /// <summary>The header and the rows of a network, for its checkpoint.</summary>
    public string Record(string network) => string.Concat(_rows.Where(row => IsOf(row, network)).Prepend(Header(_columns)).Select(row => row + "\n"));

    /// <summary>A number as a cell has it.</summary>
    internal static string Text(double value) => value.ToString("G9", CultureInfo.InvariantCulture);

    /// <summary>The rows as numbers, without their empty cells.</summary>
    internal IEnumerable<(string Network, int Step, (string Column, double Value)[] Values)> Rows() =>
        from row in _rows
        let cells = row.Split(',')
        let values = _columns.Zip(cells.Skip(2))
            .Where(pair => pair.Second.Length > 0).Select(pair => (pair.First, double.Parse(pair.Second, CultureInfo.InvariantCulture)))
        select (cells[0], int.Parse(cells[1], CultureInfo.InvariantCulture), values.ToArray());

    /// <summary>Whether the file had to be written again since the last call, because somebody had removed it.</summary>
    internal bool TakeRestored() => _file.TakeRestored();

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    // A last line without a line end was cut short by a crash and is dropped.
    private static (string[] Columns, string[] Rows, bool IsBroken) Read(string path, bool canBeReplaced)
    {
        string text = File.Exists(path) ? File.ReadAllText(path).ReplaceLineEndings("\n") : "";
        string[] lines = text.Split('\n')[..^1];
        if (lines.Length > 0 && lines[0].StartsWith(FirstColumns, StringComparison.Ordinal))
        {
            return (ColumnsOf(lines[0]), lines[1..], false);
        }

        string begin = text.Split('\n')[0];
        return canBeReplaced || FirstColumns.StartsWith(begin, StringComparison.Ordinal) || begin.StartsWith(FirstColumns, StringComparison.Ordinal)
            ? ([], [], File.Exists(path))
            : throw new StorageException($"{path} begins with '{begin}', not with '{FirstColumns}'; it is not a file of metrics, so start a new run");
    }

    private static string Header(string[] columns) => FirstColumns + string.Join(',', columns);

    private static string[] ColumnsOf(string header) => header[FirstColumns.Length..].Split(',');

    private static void Format(StringBuilder line, IReadOnlyList<string> columns, string network, int step, ReadOnlySpan<(string Column, double Value)> values)
    {
        foreach ((string column, _) in values)
        {
            int places = columns.Count(c => c == column);
            if (places != 1)
            {
                throw new ArgumentException(
                    places == 0 ? $"metrics.csv has no column '{column}'; its columns are {string.Join(", ", columns)}"
                        : $"metrics.csv has the column '{column}' {places} times", nameof(values));
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
                    line.Append(Text(value));
                }
            }
        }
    }

    private static bool IsWhole(string row, string[] columns) => row.Count(c => c == ',') == columns.Length + 1;

    private static string Widened(string row, string[] columns, string[] all)
    {
        string[] cells = row.Split(',');
        return string.Join(',', [cells[0], cells[1], .. all.Select(column => Array.IndexOf(columns, column) is var i and >= 0 ? cells[i + 2] : "")]);
    }

    private static bool IsOf(string row, string network) => row.StartsWith(network + ",", StringComparison.Ordinal);

    private static bool IsLater(string row, int step) =>
        !int.TryParse(row.Split(',')[1], NumberStyles.None, CultureInfo.InvariantCulture, out int at) || at > step;

    private static int Place(string row)
    {
        int place = NetworkRoles.All.ToList().IndexOf(row.Split(',')[0]);
        return place < 0 ? int.MaxValue : place;
    }
}
