using System.Text.Json;
using System.Text.Json.Serialization;
using HeteroAKD.Bench.Machine;
using HeteroAKD.Bench.Peers;

namespace HeteroAKD.Bench.Reports;

/// <summary>Everything about a run. Times in seconds, sizes in bytes.</summary>
internal sealed record RunReport(MachineInfo Machine, IReadOnlyList<Ceilings> Ceilings, IReadOnlyList<PeerRow> Rows);

/// <summary>A run as JSON, for comparing runs.</summary>
internal static class JsonReport
{
    private static readonly JsonSerializerOptions s_options = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>Writes the file.</summary>
    public static void Write(string path, RunReport report) => File.WriteAllText(path, JsonSerializer.Serialize(report, s_options) + "\n");
}
