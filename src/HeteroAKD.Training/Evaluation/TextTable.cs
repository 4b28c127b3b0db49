using System.Text;
using HeteroAKD.Tensors;

namespace HeteroAKD.Training.Evaluation;

/// <summary>A table of text in aligned columns: words to the left, figures to the right. Cells show what <see cref="VisibleText.Name"/> shows.</summary>
internal sealed class TextTable
{
    private readonly List<string[]> _rows = [];
    private readonly int _columns;

    /// <summary>A table with these column heads.</summary>
    public TextTable(params string[] heads)
    {
        _columns = heads.Length;
        _rows.Add(Visible(heads));
    }

    /// <summary>Columns of words, from 0. By default the first.</summary>
    public IReadOnlyList<int> Words { get; init; } = [0];

    /// <summary>Adds a row; it has a cell for every column.</summary>
    public TextTable Row(params string[] cells)
    {
        if (cells.Length != _columns)
        {
            throw new ArgumentException($"a row of {cells.Length} cells in a table of {_columns} columns", nameof(cells));
        }

        _rows.Add(Visible(cells));
        return this;
    }

    /// <summary>Adds a line across the table.</summary>
    public TextTable Line()
    {
        _rows.Add([]);
        return this;
    }

    /// <summary>The table, a newline after each row.</summary>
    public override string ToString()
    {
        int[] widths = [.. Enumerable.Range(0, _columns).Select(c => _rows.Where(r => r.Length > 0).Max(r => r[c].Length))];
        string line = new('-', widths.Sum() + (2 * (_columns - 1)));
        StringBuilder text = new();
        for (int r = 0; r < _rows.Count; r++)
        {
            text.Append(_rows[r].Length == 0 ? line : Format(_rows[r], widths)).Append('\n');
            if (r == 0)
            {
                text.Append(line).Append('\n');
            }
        }

        return text.ToString();
    }

    private static string[] Visible(string[] cells) => [.. cells.Select(VisibleText.Name)];

    private string Format(string[] cells, int[] widths) =>
        string.Join("  ", cells.Select((cell, c) => Words.Contains(c) ? cell.PadRight(widths[c]) : cell.PadLeft(widths[c]))).TrimEnd();
}
