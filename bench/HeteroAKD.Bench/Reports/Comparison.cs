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
        try
        {
            return report.RootElement.GetProperty("rows").EnumerateArray()
                .Where(row => row.TryGetProperty("ratio", out JsonElement ratio) && ratio.ValueKind == JsonValueKind.Number)
                .ToDictionary(
                    row =>
                        (row.GetProperty("group").GetString()!, row.GetProperty("case").GetString()!, row.GetProperty("threads").GetInt32()), row =>
                            row.GetProperty("ratio").GetDouble());
        }
        catch (Exception e) when (e is InvalidOperationException or KeyNotFoundException or ArgumentException)
        {
            throw new JsonException("it has no rows with group, case, threads and ratio", e);
        }
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
