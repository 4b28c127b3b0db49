using System.Globalization;
using HeteroAKD.Bench.Machine;
using HeteroAKD.Bench.Peers;

namespace HeteroAKD.Bench.Reports;

/// <summary>Rows on the console as they are measured, in columns wide enough for all of them.</summary>
internal sealed class ConsoleReport(TextWriter writer, int caseWidth)
{
    private static readonly int[] s_widths = [0, 17, 17, 22, 26, 7, 7, 7, 13, 14, 7, 6, 6, 7, 7];

    /// <summary>Prints the machine.</summary>
    public void Begin(MachineInfo machine)
    {
        writer.WriteLine($"{machine.Cpu}, {machine.Cores} cores, {machine.VectorBits}-bit vectors; {machine.Runtime}; {machine.System}; {machine.Date}");
        writer.WriteLine($"Peer: {machine.Peer}.");
        if (machine.Warning is { } warning)
        {
            writer.WriteLine(warning);
        }

        writer.WriteLine("Times are ours / the peer's; ratios are the peer's time over ours, so above 1 we are faster.");
    }

    /// <summary>Prints the ceilings and the head of a table.</summary>
    public void BeginThreads(Ceilings ceilings)
    {
        writer.WriteLine();
        writer.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{ceilings.Threads} threads. Ceilings: {ceilings.FlopsPerSecond / 1e9:F1} GFLOP/s multiply-add, {ceilings.BytesPerSecond / 1e9:F1} GB/s copy "
            + $"(read + written)."));
        Write(Figures.Heads);
    }

    /// <summary>Prints the head of a group.</summary>
    public void BeginGroup(string group) => writer.WriteLine($"-- {group}");

    /// <summary>Prints a row.</summary>
    public void Add(PeerRow row) => Write(Figures.Cells(row));

    /// <summary>Prints the summary.</summary>
    public void End(IReadOnlyList<string> verdict)
    {
        writer.WriteLine();
        foreach (string line in verdict)
        {
            writer.WriteLine(line);
        }
    }

    private void Write(IReadOnlyList<string> cells)
    {
        string line = cells[0].PadRight(caseWidth);
        for (int i = 1; i < cells.Count; i++)
        {
            line += "  " + cells[i].PadLeft(s_widths[i]);
        }

        writer.WriteLine(line.TrimEnd());
        writer.Flush();
    }
}
