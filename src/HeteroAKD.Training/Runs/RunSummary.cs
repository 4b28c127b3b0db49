using System.Text.Json;
using System.Text.Json.Serialization;
using HeteroAKD.Training.Evaluation;

namespace HeteroAKD.Training.Runs;

/// <summary>The result of a run, as <c>summary.json</c> holds it.</summary>
public sealed record RunSummary
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        IndentSize = 2,
        NewLine = "\n",
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

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
    public string ToJson() => JsonSerializer.Serialize(this, Json) + "\n";

    /// <summary>Reads a summary back.</summary>
    /// <exception cref="JsonException">The text is not a summary.</exception>
    public static RunSummary FromJson(string json) => JsonSerializer.Deserialize<RunSummary>(json, Json) ?? throw new JsonException("an empty summary");
}

/// <summary>One trained network.</summary>
public sealed record NetworkSummary
{
    /// <summary>teacher, student (alone) or distilled.</summary>
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
    public required IReadOnlyDictionary<string, ScoreSummary> Scores { get; init; }
}

/// <summary>Scores in percent; null where there is no score, since JSON has no NaN.</summary>
public sealed record ScoreSummary
{
    /// <summary>Mean IoU.</summary>
    public double? MeanIoU { get; init; }

    /// <summary>Pixel accuracy.</summary>
    public double? PixelAccuracy { get; init; }

    /// <summary>Mean accuracy.</summary>
    public double? MeanAccuracy { get; init; }

    /// <summary>Boundary F1.</summary>
    public double? BoundaryF1 { get; init; }

    /// <summary>IoU a class.</summary>
    public IReadOnlyList<double?> ClassIoU { get; init; } = [];

    /// <summary>The scores as percent, rounded to four decimals.</summary>
    public static ScoreSummary From(SegmentationScores scores) => new()
    {
        MeanIoU = Percent(scores.MeanIoU),
        PixelAccuracy = Percent(scores.PixelAccuracy),
        MeanAccuracy = Percent(scores.MeanAccuracy),
        BoundaryF1 = Percent(scores.BoundaryF1),
        ClassIoU = [.. scores.ClassIoU.Select(Percent)],
    };

    private static double? Percent(double share) => double.IsNaN(share) ? null : Math.Round(100 * share, 4);
}
