using System.Text.Json.Serialization;

namespace HeteroAKD.Training.Evaluation;

/// <summary>The scores of one network on one split, each in [0, 1]; NaN where a class gives no score.</summary>
/// <param name="MeanIoU">Mean intersection over union.</param>
/// <param name="PixelAccuracy">Share of labelled pixels that are right.</param>
/// <param name="MeanAccuracy">Mean of the class accuracies.</param>
/// <param name="BoundaryF1">Mean boundary F1.</param>
/// <param name="ClassIoU">[C] IoU a class.</param>
public sealed record SegmentationScores(double MeanIoU, double PixelAccuracy, double MeanAccuracy, double BoundaryF1, IReadOnlyList<double> ClassIoU)
{
    /// <summary>Classes that have a score: those that occur in truth or prediction.</summary>
    [JsonIgnore]
    public int ScoredClasses => ClassIoU.Count(iou => !double.IsNaN(iou));

    /// <summary>The scores of a matrix and a boundary count over the same images.</summary>
    public static SegmentationScores From(ConfusionMatrix matrix, BoundaryF1 boundary, AbsentClasses absent = AbsentClasses.LeaveOut) => new(
        matrix.MeanIoU(absent),
        matrix.PixelAccuracy(),
        matrix.MeanAccuracy(),
        boundary.Mean(),
        [.. Enumerable.Range(0, matrix.Classes).Select(matrix.IoU)]);
}
