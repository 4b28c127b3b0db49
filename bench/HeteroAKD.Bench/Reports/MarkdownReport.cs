using System.Text;
using HeteroAKD.Bench.Machine;
using HeteroAKD.Bench.Peers;

namespace HeteroAKD.Bench.Reports;

/// <summary>A run as Markdown, for <c>bench/results</c>.</summary>
internal static class MarkdownReport
{
    /// <summary>Writes the file.</summary>
    public static void Write(string path, RunReport report, string command, IReadOnlyList<string> verdict)
    {
        StringBuilder text = new();
        MachineInfo machine = report.Machine;
        text.Append("# Against libtorch on the CPU\n\n");
        text.Append($"Written by `{command}`; how the figures are taken: [METHOD.md](../METHOD.md).\n\n");
        text.Append($"- {machine.Cpu}, {machine.Cores} cores, {machine.VectorBits}-bit vectors; {machine.System}\n");
        text.Append($"- {machine.Runtime}; HeteroAKD {machine.Version}; peer: {machine.Peer}\n- {machine.Date}\n");
        if (machine.Warning is { } warning)
        {
            text.Append($"- **{warning}**\n");
        }

        foreach (Ceilings ceilings in report.Ceilings)
        {
            AppendTables(text, ceilings, report.Rows);
        }

        text.Append("\n## In words\n\n");
        foreach (string line in verdict)
        {
            text.Append($"- {line}\n");
        }

        File.WriteAllText(path, text.ToString());
    }

    private static void AppendTables(StringBuilder text, Ceilings ceilings, IReadOnlyList<PeerRow> rows)
    {
        text.Append(Figures.Text($"\n## {ceilings.Threads} threads\n\n"));
        text.Append(
            Figures.Text(
                $"Ceilings: {ceilings.FlopsPerSecond / 1e9:F1} GFLOP/s multiply-add, {ceilings.BytesPerSecond / 1e9:F1} GB/s copy (read + written).\n"));
        foreach (IGrouping<string, PeerRow> group in rows.Where(r => r.Threads == ceilings.Threads).GroupBy(r => r.Group))
        {
            text.Append($"\n### {group.Key}\n\n");
            AppendLine(text, Figures.Heads);
            AppendLine(text, [.. Figures.Heads.Select((_, i) => i == 0 ? "---" : "---:")]);
            foreach (PeerRow row in group)
            {
                AppendLine(text, Figures.Cells(row));
            }
        }
    }

    private static void AppendLine(StringBuilder text, IReadOnlyList<string> cells) =>
        text.Append("| ").AppendJoin(" | ", cells.Select(c => c.Replace("|", "\\|", StringComparison.Ordinal))).Append(" |\n");
}
