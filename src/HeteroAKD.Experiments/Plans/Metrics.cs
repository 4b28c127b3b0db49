using HeteroAKD.Training.Evaluation;

namespace HeteroAKD.Experiments.Plans;

/// <summary>The scores that a run is recorded with and a plan can compare. All lie in [0, 1].</summary>
internal static class Metrics
{
    private static readonly (string Metric, Func<SegmentationScores, double> Value)[] s_known =
    [
        ("miou", s => s.MeanIoU),
        ("pixelAccuracy", s => s.PixelAccuracy),
        ("meanAccuracy", s => s.MeanAccuracy),
        ("boundaryF1", s => s.BoundaryF1),
    ];

    /// <summary>Words of <c>compare.metric</c>.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. s_known.Select(k => k.Metric)];

    /// <summary>Words of <c>compare.split</c>.</summary>
    public static IReadOnlyList<string> Splits { get; } = ["val", "test"];

    /// <summary>Words of <c>compare.weights</c>.</summary>
    public static IReadOnlyList<string> Weights { get; } = ["last", "average"];

    /// <summary>Every score, in the order of the results' columns. Of the average of weights (<c>training.ema</c>) the mean IoU is kept.</summary>
    public static IReadOnlyList<string> Scores { get; } =
        [.. Splits.SelectMany(split => Names.Select(metric => Score(split, metric))), .. Splits.Select(split => AverageScore(split, Names[0])), Teacher];

    /// <summary>Name of the teacher's own mean IoU on the student's validation images.</summary>
    public const string Teacher = "val.miou.teacher";

    /// <summary>Name of a score, which is that of its column.</summary>
    public static string Score(string split, string metric) => $"{split}.{metric}";

    /// <summary>Name of the score of the average of weights.</summary>
    public static string AverageScore(string split, string metric) => $"{split}.{metric}.ema";

    /// <summary>The splits that do not hold every class, with how many have a score: "val 9 of 11, test 10 of 11"; empty where all have one.</summary>
    public static string FewerClasses(IReadOnlyDictionary<string, SegmentationScores> scores) =>
        string.Join(
            ", ", Splits.Where(split => scores.TryGetValue(split, out SegmentationScores? s) && s.ScoredClasses < s.ClassIoU.Count)
                .Select(split => $"{split} {ScoreText.Classes(scores[split])}"));

    /// <summary>The scores of a network by name; a split that it was not scored on is left out.</summary>
    /// <param name="scores">Scores by split, of the last weights.</param>
    /// <param name="average">The same of the average of weights; null where none was kept.</param>
    /// <param name="teacher">The teacher's mean IoU on the student's validation images; null without a teacher.</param>
    public static IReadOnlyDictionary<string, double> Of(
        IReadOnlyDictionary<string, SegmentationScores> scores, IReadOnlyDictionary<string, SegmentationScores>? average = null, double? teacher = null)
    {
        Dictionary<string, double> values = [];
        if (teacher is { } known)
        {
            values[Teacher] = known;
        }

        foreach (string split in Splits.Where(scores.ContainsKey))
        {
            foreach ((string metric, Func<SegmentationScores, double> value) in s_known)
            {
                values[Score(split, metric)] = value(scores[split]);
            }

            if (average?.TryGetValue(split, out SegmentationScores? averaged) == true)
            {
                values[AverageScore(split, s_known[0].Metric)] = s_known[0].Value(averaged);
            }
        }

        return values;
    }
}
