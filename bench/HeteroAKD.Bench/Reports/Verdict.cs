using System.Globalization;
using HeteroAKD.Bench.Peers;

namespace HeteroAKD.Bench.Reports;

/// <summary>What a run says in words: losses as plainly as wins.</summary>
internal static class Verdict
{
    /// <summary>An operation slower than this is too slow for a training step.</summary>
    public const double SlowestRatio = 1.0 / 3;

    /// <summary>Sentences over all rows.</summary>
    public static IReadOnlyList<string> Of(IReadOnlyList<PeerRow> rows)
    {
        List<string> lines = [];
        List<PeerRow> timed = [.. rows.Where(r => r.Ratio is not null)];
        foreach (IGrouping<(string Group, int Threads), PeerRow> group in timed.GroupBy(r => (r.Group, r.Threads)))
        {
            double mean = Math.Exp(group.Average(r => Math.Log(r.Ratio!.Value)));
            lines.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"{group.Key.Group}, {group.Key.Threads} threads: geometric mean {mean:0.00}x of the peer over {group.Count()} cases, worst "
                + $"{group.Min(r => r.Ratio):0.00}x, best {group.Max(r => r.Ratio):0.00}x."));
        }

        Add(lines, $"Slower than a third of the peer's speed", timed.Where(r => r.Ratio < SlowestRatio), r => Figures.Ratio(r.Ratio));
        Add(lines, "Slower than the peer", timed.Where(r => r.Ratio < 1 && r.Ratio >= SlowestRatio), r => Figures.Ratio(r.Ratio));
        Add(lines, "Below its goal", timed.Where(r => r.MeetsGoal == false), r => $"{Figures.Ratio(r.Ratio)} of {Figures.Ratio(r.Goal)}");
        Add(lines, "Not measured", rows.Where(r => r.Status is RowStatus.Wrong or RowStatus.Failed), r => r.Message ?? "");
        lines.AddRange(Scaling(rows));
        return lines;
    }

    private static IEnumerable<string> Scaling(IReadOnlyList<PeerRow> rows) =>
        from row in rows
        where row.Ours is not null && row.Threads > 1
        let single = rows.FirstOrDefault(r => r.Threads == 1 && r.Case == row.Case && r.Group == row.Group && r.Ours is not null)
        where single is not null
        let theirs = single.Theirs is null || row.Theirs is null ? "" : $", the peer's {Figures.Ratio(single.Theirs.Full.Median / row.Theirs.Full.Median)}"
        select $"{row.Group} {row.Case}: {row.Threads} threads are {Figures.Ratio(single.Ours!.Full.Median / row.Ours!.Full.Median)} of one{theirs}.";

    private static void Add(List<string> lines, string what, IEnumerable<PeerRow> rows, Func<PeerRow, string> figure)
    {
        List<string> names = [.. rows.Select(r => $"{r.Group} {r.Case} [{r.Threads}] ({figure(r)})")];
        if (names.Count > 0)
        {
            lines.Add($"{what}: {string.Join("; ", names)}.");
        }
    }
}
