using HeteroAKD.Experiments.Runs;
using HeteroAKD.Training.Evaluation;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Cli.Commands;

/// <summary>Two networks of a run that are held against each other.</summary>
/// <param name="Head">Over a column of differences.</param>
/// <param name="Of">Role of the network.</param>
/// <param name="Over">Role of the network whose score is subtracted.</param>
internal sealed record RunComparison(string Head, string Of, string Over)
{
    private static readonly RunComparison[] s_all =
    [
        new("gain of kd", NetworkRoles.Kd, NetworkRoles.Student),
        new("gain", NetworkRoles.Distilled, NetworkRoles.Student),
        new("over kd", NetworkRoles.Distilled, NetworkRoles.Kd),
    ];

    /// <summary>What the networks of a run allow; the last one says most of the distillation.</summary>
    public static IReadOnlyList<RunComparison> In(RunSummary summary) => [.. s_all.Where(c => Place(summary, c.Of) >= 0 && Place(summary, c.Over) >= 0)];

    /// <summary>Place of a network in a summary; -1 where it has none.</summary>
    public static int Place(RunSummary summary, string role) => summary.Networks.ToList().FindIndex(n => n.Role == role);

    /// <summary>The split that counts: test where there is one, because validation has been looked at while training.</summary>
    public static string FinalSplit(RunSummary summary) => summary.Networks.All(n => n.Scores.ContainsKey("test")) ? "test" : "val";

    /// <summary>Mean IoU of a network on the split that counts, 0 to 1.</summary>
    public static double MeanIoU(RunSummary summary, string role) => summary.Networks[Place(summary, role)].Scores[FinalSplit(summary)].MeanIoU;

    /// <summary>Which networks have a mean over fewer classes than are named, in a sentence; null where none has.</summary>
    public static string? FewerClasses(RunSummary summary)
    {
        string split = FinalSplit(summary);
        string[] fewer =
        [
            .. summary.Networks.Where(
                n => n.Scores[split].ScoredClasses < summary.Classes.Count).Select(n => $"{ScoreText.Classes(n.Scores[split])} for {n.Role}")
        ];
        return fewer.Length > 0
            ? $"Mean IoU is over fewer classes than are named: {string.Join(", ", fewer)}. The others occur in neither truth nor prediction of {split}."
            : null;
    }

    /// <summary>The difference in mean IoU, -1 to 1.</summary>
    public double Difference(RunSummary summary) => MeanIoU(summary, Of) - MeanIoU(summary, Over);
}
