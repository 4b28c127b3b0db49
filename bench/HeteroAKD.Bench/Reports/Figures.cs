using System.Globalization;
using HeteroAKD.Bench.Peers;

namespace HeteroAKD.Bench.Reports;

/// <summary>How figures are written, the same on the console and in Markdown.</summary>
internal static class Figures
{
    /// <summary>Heads of <see cref="Cells"/>.</summary>
    public static IReadOnlyList<string> Heads { get; } =
        [
            "case", "forward ms", "backward ms", "full ms (20-80 %)", "peer full ms (20-80 %)", "fwd", "bwd", "full", "goal", "rate", "ceiling", "theirs",
            "error", "MiB", "theirs"
        ];

    /// <summary>A row as cells; rows without times say why in the first one.</summary>
    public static IReadOnlyList<string> Cells(PeerRow row) => row.Ours is not { } ours
        ? [.. new[] { $"{row.Case}: {row.Status.ToString().ToUpperInvariant()}: {row.Message}" }.Concat(Enumerable.Repeat("", Heads.Count - 1))]
        :
        [
            row.Case,
            Pair(ours.Forward.Median, row.Theirs?.Forward.Median),
            Pair(ours.Backward.Median, row.Theirs?.Backward.Median),
            Milliseconds(ours.Full),
            row.Theirs is null ? "-" : Milliseconds(row.Theirs.Full),
            Ratio(row.ForwardRatio),
            Ratio(row.BackwardRatio),
            Ratio(row.Ratio),
            row.Goal is { } goal ? $"{Ratio(goal)} {(row.MeetsGoal switch { true => "met", false => "MISSED", null => "?" })}" : "",
            Rate(row),
            Percent(row.OursShare),
            Percent(row.TheirsShare),
            row.Agreement is { } agreement ? Text($"{agreement.Ours:0e+0}") : "-",
            row.Memory is { } memory ? Mebibytes(memory.OursBytes) : "-",
            row.Memory?.TheirsBytes is { } theirs ? Mebibytes(theirs) : "-",
        ];

    /// <summary>A ratio: how many times libtorch's speed.</summary>
    public static string Ratio(double? ratio) => ratio is { } r ? Text($"{r:0.00}x") : "-";

    /// <summary>Seconds in milliseconds, three significant figures.</summary>
    public static string Milliseconds(double seconds)
    {
        double ms = 1000 * seconds;
        return ms == 0 ? "-"
            : ms >= 100 ? Text($"{ms:F0}")
            : ms >= 10 ? Text($"{ms:F1}")
            : ms >= 1 ? Text($"{ms:F2}")
            : ms >= 0.1 ? Text($"{ms:F3}")
            : Text($"{ms:F4}");
    }

    /// <summary>A text in the invariant culture.</summary>
    public static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static string Milliseconds(in Spread spread) => $"{Milliseconds(spread.Median)} ({Milliseconds(spread.Low)}-{Milliseconds(spread.High)})";

    private static string Pair(double ours, double? theirs) => $"{Milliseconds(ours)} / {(theirs is { } t ? Milliseconds(t) : "-")}";

    private static string Rate(PeerRow row)
    {
        double seconds = row.Ours!.Full.Median;
        return row.ComputeBound ? Text($"{row.Work.Flops / seconds / 1e9:F1} GFLOP/s") : Text($"{row.Work.Bytes / seconds / 1e9:F1} GB/s");
    }

    private static string Percent(double? share) => share is { } s ? Text($"{100 * s:F0} %") : "-";

    private static string Mebibytes(long bytes) => Text($"{bytes / 1048576.0:F1}");
}
