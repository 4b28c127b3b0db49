using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Training.Evaluation;

namespace HeteroAKD.Experiments.Evaluation;

/// <summary>An evaluation, as <c>eval.json</c> holds it. Scores are in [0, 1]; one that does not exist is null.</summary>
public sealed record EvaluationReport
{
    /// <summary>Version of the program.</summary>
    public required string Version { get; init; }

    /// <summary>The evaluated split.</summary>
    public required string Split { get; init; }

    /// <summary>One entry a checkpoint, in the order they were given.</summary>
    public required IReadOnlyList<NetworkReport> Networks { get; init; }

    /// <summary>The file's text.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, JsonText.Options) + "\n";
}

/// <summary>One evaluated network.</summary>
public sealed record NetworkReport
{
    /// <summary>The checkpoint file.</summary>
    public required string Checkpoint { get; init; }

    /// <summary>Architecture.</summary>
    public required string Model { get; init; }

    /// <summary>Trainable numbers.</summary>
    public required long Parameters { get; init; }

    /// <summary>The device in words.</summary>
    public required string Device { get; init; }

    /// <summary>What products round their factors to.</summary>
    public required string Precision { get; init; }

    /// <summary>How images were evaluated.</summary>
    public required EvaluationOptions Settings { get; init; }

    /// <summary>Images evaluated.</summary>
    public required int Images { get; init; }

    /// <summary>Wall-clock seconds, reading and writing of pictures included.</summary>
    public required double Seconds { get; init; }

    /// <summary>Most bytes of tensors alive at once.</summary>
    public required long PeakTensorBytes { get; init; }

    /// <summary>Mean of the class IoUs.</summary>
    public required double MeanIoU { get; init; }

    /// <summary>Share of labelled pixels that are right.</summary>
    public required double PixelAccuracy { get; init; }

    /// <summary>Mean of the class accuracies.</summary>
    public required double MeanAccuracy { get; init; }

    /// <summary>Mean boundary F1.</summary>
    public required double BoundaryF1 { get; init; }

    /// <summary>The classes, in order.</summary>
    public required IReadOnlyList<ClassReport> Classes { get; init; }

    /// <summary>[C][C] pixels, a row a true class, a column a predicted one.</summary>
    [JsonConverter(typeof(RowsOnLines))]
    public required IReadOnlyList<IReadOnlyList<long>> Confusion { get; init; }

    /// <summary>The scores by class of a result.</summary>
    public static IReadOnlyList<ClassReport> ClassesOf(EvaluationResult result, IReadOnlyList<string> names) =>
        [
            .. names.Select(
                (name, c) => new ClassReport(name, result.Scores.ClassIoU[c], result.Matrix.Accuracy(c), result.ClassBoundaryF1[c], result.Matrix.Truth(c)))
        ];

    /// <summary>The rows of a matrix.</summary>
    public static IReadOnlyList<IReadOnlyList<long>> RowsOf(ConfusionMatrix matrix) =>
        [.. Enumerable.Range(0, matrix.Classes).Select(t => Enumerable.Range(0, matrix.Classes).Select(p => matrix[t, p]).ToArray())];
}

/// <summary>The scores of one class.</summary>
/// <param name="Name">Its name.</param>
/// <param name="IoU">Intersection over union.</param>
/// <param name="Accuracy">Share of its true pixels that were found.</param>
/// <param name="BoundaryF1">Boundary F1.</param>
/// <param name="Pixels">Its true pixels.</param>
public sealed record ClassReport(string Name, [property: JsonPropertyName("iou")] double IoU, double Accuracy, double BoundaryF1, long Pixels);

/// <summary>Writes a table with a row of numbers a line: 150 classes are 150 lines and not 22,500.</summary>
internal sealed class RowsOnLines : JsonConverter<IReadOnlyList<IReadOnlyList<long>>>
{
    /// <inheritdoc/>
    public override IReadOnlyList<IReadOnlyList<long>>? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        JsonSerializer.Deserialize<long[][]>(ref reader);

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, IReadOnlyList<IReadOnlyList<long>> value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        foreach (IReadOnlyList<long> row in value)
        {
            writer.WriteRawValue("[" + string.Join(", ", row.Select(n => n.ToString(CultureInfo.InvariantCulture))) + "]");
        }

        writer.WriteEndArray();
    }
}
