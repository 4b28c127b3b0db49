using System.Globalization;

namespace HeteroAKD.Training.Evaluation;

/// <summary>How scores are worded wherever people read them. A score that does not exist is a hyphen.</summary>
internal static class ScoreText
{
    /// <summary>The mean IoU with its unit, and how many classes it stands for where some have no score.</summary>
    /// <param name="scores">The scores.</param>
    /// <param name="decimals">Decimals of the percentage.</param>
    public static string MeanIoU(SegmentationScores scores, int decimals = 2) => Share(scores.MeanIoU, decimals) + Missing(scores);

    /// <summary>A share in percent, with its unit.</summary>
    public static string Share(double share, int decimals = 2) => Percent(share, decimals) is var text && text == "-" ? text : text + " %";

    /// <summary>A share in percent, as a number alone.</summary>
    public static string Percent(double share, int decimals = 2) =>
        double.IsNaN(share) ? "-" : (100 * share).ToString("F" + decimals, CultureInfo.InvariantCulture);

    /// <summary>A difference of shares in points, with its sign.</summary>
    public static string Signed(double share) => double.IsNaN(share) ? "-" : (100 * share).ToString("+0.00;-0.00;0.00", CultureInfo.InvariantCulture);

    /// <summary>Classes with a score of all that are named, "1 of 2".</summary>
    public static string Classes(SegmentationScores scores) =>
        string.Create(CultureInfo.InvariantCulture, $"{scores.ScoredClasses} of {scores.ClassIoU.Count}");

    private static string Missing(SegmentationScores scores) =>
        scores.ScoredClasses < scores.ClassIoU.Count ? $" ({Classes(scores)} classes have a score)" : "";
}
