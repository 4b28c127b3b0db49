using System.Text;
using HeteroAKD.Training.Evaluation;

namespace HeteroAKD.Experiments.Plans;

/// <summary>A part of a report, which is written both for the screen and as Markdown.</summary>
internal abstract record ReportBlock
{
    /// <summary>For the screen.</summary>
    public abstract string ToText();

    /// <summary>For a file.</summary>
    public abstract string ToMarkdown();
}

/// <summary>A heading.</summary>
internal sealed record HeadingBlock(int Level, string Text) : ReportBlock
{
    /// <inheritdoc/>
    public override string ToText() => $"{Text}\n";

    /// <inheritdoc/>
    public override string ToMarkdown() => $"{new string('#', Level)} {Text}\n";
}

/// <summary>Lines of text.</summary>
internal sealed record TextBlock(params IReadOnlyList<string> Lines) : ReportBlock
{
    /// <inheritdoc/>
    public override string ToText() => string.Concat(Lines.Select(line => line + "\n"));

    /// <inheritdoc/>
    public override string ToMarkdown() => string.Concat(Lines.Select(line => Lines.Count > 1 ? $"* {line}\n" : line + "\n"));
}

/// <summary>A picture beside the Markdown file.</summary>
internal sealed record PictureBlock(string Title, string File) : ReportBlock
{
    /// <inheritdoc/>
    public override string ToText() => "";

    /// <inheritdoc/>
    public override string ToMarkdown() => $"![{Title}]({Uri.EscapeDataString(File)})\n";
}

/// <summary>A table; the first columns hold words, the others figures.</summary>
/// <param name="Heads">Column heads.</param>
/// <param name="Words">How many columns hold words.</param>
/// <param name="Rows">Cells.</param>
internal sealed record TableBlock(IReadOnlyList<string> Heads, int Words, IReadOnlyList<string[]> Rows) : ReportBlock
{
    /// <inheritdoc/>
    public override string ToText()
    {
        TextTable table = new([.. Heads]) { Words = [.. Enumerable.Range(0, Words)] };
        foreach (string[] row in Rows)
        {
            table.Row(row);
        }

        return table.ToString();
    }

    /// <inheritdoc/>
    public override string ToMarkdown()
    {
        // Aligned in the source, too: results are read there as often as on a page.
        int[] widths = [.. Heads.Select((head, c) => Math.Max(3, Rows.Select(r => r[c]).Append(head).Max(Escaped)))];
        StringBuilder text = new();
        Row(Heads);
        text.Append('|');
        for (int c = 0; c < Heads.Count; c++)
        {
            text.Append(c < Words ? new string('-', widths[c] + 2) : new string('-', widths[c] + 1) + ":").Append('|');
        }

        text.Append('\n');
        foreach (string[] row in Rows)
        {
            Row(row);
        }

        return text.ToString();

        void Row(IReadOnlyList<string> cells)
        {
            text.Append('|');
            for (int c = 0; c < cells.Count; c++)
            {
                string cell = cells[c].Replace("|", "\\|", StringComparison.Ordinal);
                text.Append(' ').Append(c < Words ? cell.PadRight(widths[c]) : cell.PadLeft(widths[c])).Append(" |");
            }

            text.Append('\n');
        }

        static int Escaped(string cell) => cell.Length + cell.Count(ch => ch == '|');
    }
}
