using System.Globalization;

namespace HeteroAKD.Training.Evaluation;

/// <summary>Networks side by side, class by class, in percent.</summary>
public static class ScoreTable
{
    /// <summary>The table as text.</summary>
    /// <param name="classNames">[C] names.</param>
    /// <param name="networks">Column heads and scores, in order.</param>
    /// <param name="gain">Columns (distilled, alone) whose difference is shown as a last column; null for none.</param>
    public static string Render(
        IReadOnlyList<string> classNames, IReadOnlyList<(string Name, SegmentationScores Scores)> networks, (int Of, int Over)? gain = null)
    {
        string[] heads = ["IoU %", .. networks.Select(n => n.Name)];
        var table = new TextTable(gain is null ? heads : [.. heads, "gain"]);
        for (int c = 0; c < classNames.Count; c++)
        {
            Add(classNames[c], s => s.ClassIoU[c]);
        }

        table.Line();
        Add("mean IoU", s => s.MeanIoU);
        Add("pixel accuracy", s => s.PixelAccuracy);
        Add("mean accuracy", s => s.MeanAccuracy);
        Add("boundary F1", s => s.BoundaryF1);
        return table.ToString();

        void Add(string name, Func<SegmentationScores, double> score)
        {
            string[] cells = [name, .. networks.Select(n => Percent(score(n.Scores)))];
            table.Row(gain is not { } pair ? cells : [.. cells, Signed(score(networks[pair.Of].Scores) - score(networks[pair.Over].Scores))]);
        }
    }

    private static string Percent(double share) => double.IsNaN(share) ? "-" : (100 * share).ToString("F2", CultureInfo.InvariantCulture);

    private static string Signed(double share) => double.IsNaN(share) ? "-" : (100 * share).ToString("+0.00;-0.00;0.00", CultureInfo.InvariantCulture);
}
