using System.Text.Json;
using System.Text.Json.Serialization;
using HeteroAKD.Training.Evaluation;

namespace HeteroAKD.Experiments.Runs;

/// <summary>The result of a run, as <c>summary.json</c> holds it.</summary>
public sealed record RunSummary
{
    /// <summary>Version of the program.</summary>
    public required string Version { get; init; }

    /// <summary>The device in words.</summary>
    public required string Device { get; init; }

    /// <summary>Worker threads.</summary>
    public required int Threads { get; init; }

    /// <summary>The experiment's seed.</summary>
    public required int Seed { get; init; }

    /// <summary>Wall-clock seconds of the whole run, resumed parts included.</summary>
    public required double Seconds { get; init; }

    /// <summary>Largest resident memory of the process in bytes.</summary>
    public required long PeakMemoryBytes { get; init; }

    /// <summary>Largest sum of live tensors in bytes.</summary>
    public long PeakTensorBytes { get; init; }

    /// <summary>Class names, in the order of every per-class list.</summary>
    public required IReadOnlyList<string> Classes { get; init; }

    /// <summary>The networks, in the order they were trained.</summary>
    public required IReadOnlyList<NetworkSummary> Networks { get; init; }

    /// <summary>The file's text.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, JsonText.Options) + "\n";

    /// <summary>Reads a summary back.</summary>
    /// <exception cref="JsonException">The text is not a summary.</exception>
    public static RunSummary FromJson(string json) =>
        JsonSerializer.Deserialize<RunSummary>(json, JsonText.Options) ?? throw new JsonException("an empty summary");
}

/// <summary>One trained network.</summary>
public sealed record NetworkSummary
{
    /// <summary>One of <see cref="Training.Loop.NetworkRoles"/>.</summary>
    public required string Role { get; init; }

    /// <summary>Architecture.</summary>
    public required string Model { get; init; }

    /// <summary>Trainable numbers.</summary>
    public required long Parameters { get; init; }

    /// <summary>Optimiser steps.</summary>
    public required int Steps { get; init; }

    /// <summary>Seconds of its training.</summary>
    public required double Seconds { get; init; }

    /// <summary>Training images it saw.</summary>
    public required int TrainingImages { get; init; }

    /// <summary>Scores by split, <c>val</c> and where there is one <c>test</c>.</summary>
    public required IReadOnlyDictionary<string, SegmentationScores> Scores { get; init; }

    /// <summary>The same of the average of its weights; null where none was kept.</summary>
    public IReadOnlyDictionary<string, SegmentationScores>? AverageScores { get; init; }

    /// <summary>Mean IoU of its teacher on the student's validation images; null without a teacher from a checkpoint or a graph.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? TeacherMeanIoU { get; init; }

    /// <summary>What was last measured of the share S on each split; null where L_hakd took no part.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ReliabilityRow>? Reliability { get; init; }
}

/// <summary>How results are written as JSON.</summary>
internal static class JsonText
{
    /// <summary>Two blanks a level, names in camelCase, numbers that do not exist as null.</summary>
    public static JsonSerializerOptions Options { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        IndentSize = 2,
        NewLine = "\n",
        Converters = { new NanAsNull(), new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };
}

/// <summary>JSON has no NaN: a score that does not exist is null.</summary>
internal sealed class NanAsNull : JsonConverter<double>
{
    /// <inheritdoc/>
    public override bool HandleNull => true;

    /// <inheritdoc/>
    public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Null ? double.NaN : reader.GetDouble();

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
    {
        if (double.IsNaN(value))
        {
            writer.WriteNullValue();
        }
        else
        {
            writer.WriteNumberValue(value);
        }
    }
}
