using System.Text.Json;
using System.Text.Json.Serialization;

namespace HeteroAKD.DeviceBench.Commands;

/// <summary>How results are written: times in seconds, sizes in bytes, what is not known left out.</summary>
internal static class JsonFile
{
    private static readonly JsonSerializerOptions s_line = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    private static readonly JsonSerializerOptions s_file = new(s_line) { WriteIndented = true };

    /// <summary>One line of text.</summary>
    public static string Line<T>(T value) => JsonSerializer.Serialize(value, s_line);

    /// <summary>Writes a file, where one is asked for.</summary>
    public static void Write<T>(string? path, T value)
    {
        if (path is not null)
        {
            File.WriteAllText(path, JsonSerializer.Serialize(value, s_file) + "\n");
        }
    }
}
