using HeteroAKD.Training.Evaluation;

namespace HeteroAKD.Experiments.Plans;

/// <summary>The scores that a run is recorded with and a plan can compare. All lie in [0, 1].</summary>
public static class Metrics
{
    private static readonly (string Metric, Func<SegmentationScores, double> Value)[] Known =
    [
        ("miou", s => s.MeanIoU),
        ("pixelAccuracy", s => s.PixelAccuracy),
        ("meanAccuracy", s => s.MeanAccuracy),
        ("boundaryF1", s => s.BoundaryF1),
    ];

    /// <summary>Words of <c>compare.metric</c>.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Known.Select(k => k.Metric)];

    /// <summary>Words of <c>compare.split</c>.</summary>
    public static IReadOnlyList<string> Splits { get; } = ["val", "test"];

    /// <summary>Every score, in the order of the results' columns.</summary>
    public static IReadOnlyList<string> Scores { get; } = [.. Splits.SelectMany(split => Names.Select(metric => Score(split, metric)))];

    /// <summary>Name of a score, which is that of its column.</summary>
    public static string Score(string split, string metric) => $"{split}.{metric}";

    /// <summary>The scores of a network by name; a split that it was not scored on is left out.</summary>
    /// <param name="scores">Scores by split.</param>
    public static IReadOnlyDictionary<string, double> Of(IReadOnlyDictionary<string, SegmentationScores> scores)
    {
        Dictionary<string, double> values = [];
        foreach (string split in Splits.Where(scores.ContainsKey))
        {
            foreach ((string metric, Func<SegmentationScores, double> value) in Known)
            {
                values[Score(split, metric)] = value(scores[split]);
            }
        }

        return values;
    }
}
