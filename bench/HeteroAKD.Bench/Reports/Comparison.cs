using System.Text.Json;
using HeteroAKD.Bench.Peers;

namespace HeteroAKD.Bench.Reports;

/// <summary>Ratios of a run beside those of an earlier one on the same machine.</summary>
internal static class Comparison
{
    /// <summary>A ratio that fell further than this has fallen; less is the scatter of a quiet machine.</summary>
    public const double LargestFall = 0.1;

    /// <summary>Reads the ratios of a file of <see cref="JsonReport"/>.</summary>
    /// <exception cref="JsonException">The file is no such report.</exception>
    public static IReadOnlyDictionary<(string Group, string Case, int Threads), double> Read(string path)
    {
        using JsonDocument report = JsonDocument.Parse(File.ReadAllText(path));
        if (!report.RootElement.TryGetProperty("rows", out JsonElement rows) || rows.ValueKind != JsonValueKind.Array)
        {
            throw new JsonException("it has no rows");
        }

        Dictionary<(string, string, int), double> ratios = [];
        foreach (JsonElement row in rows.EnumerateArray())
        {
            if (row.TryGetProperty("ratio", out JsonElement ratio))
            {
                ratios[(row.GetProperty("group").GetString()!, row.GetProperty("case").GetString()!, row.GetProperty("threads").GetInt32())] = ratio.GetDouble();
            }
        }

        return ratios;
    }

    /// <summary>A line for each row whose ratio fell by more than <see cref="LargestFall"/>, the worst first.</summary>
    public static IReadOnlyList<string> Falls(IReadOnlyDictionary<(string Group, string Case, int Threads), double> before, IReadOnlyList<PeerRow> rows) =>
    [
        .. from row in rows
           where row.Ratio is not null && before.ContainsKey((row.Group, row.Case, row.Threads))
           let old = before[(row.Group, row.Case, row.Threads)]
           let left = row.Ratio!.Value / old
           where left < 1 - LargestFall
           orderby left
           select $"{row.Group} {row.Case} [{row.Threads}]: {Figures.Ratio(old)} before, {Figures.Ratio(row.Ratio)} now",
    ];
}
