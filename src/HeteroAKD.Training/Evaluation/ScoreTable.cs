namespace HeteroAKD.Training.Evaluation;

/// <summary>Networks side by side, class by class, in percent.</summary>
internal static class ScoreTable
{
    /// <summary>The table as text.</summary>
    /// <param name="classNames">[C] names.</param>
    /// <param name="networks">Column heads and scores, in order.</param>
    /// <param name="differences">Further columns: a head, and the networks (by place) whose scores are subtracted.</param>
    public static string Render(
        IReadOnlyList<string> classNames, IReadOnlyList<(string Name, SegmentationScores Scores)> networks,
        params IReadOnlyList<(string Head, int Of, int Over)> differences)
    {
        TextTable table = new(["IoU %", .. networks.Select(n => n.Name), .. differences.Select(d => d.Head)]);
        for (int c = 0; c < classNames.Count; c++)
        {
            Add(classNames[c], s => s.ClassIoU[c]);
        }

        table.Line();
        Add("mean IoU", s => s.MeanIoU);
        if (networks.Any(n => n.Scores.ScoredClasses < classNames.Count))
        {
            table.Row(["classes with a score", .. networks.Select(n => ScoreText.Classes(n.Scores)), .. differences.Select(_ => "")]);
        }

        Add("pixel accuracy", s => s.PixelAccuracy);
        Add("mean accuracy", s => s.MeanAccuracy);
        Add("boundary F1", s => s.BoundaryF1);
        return table.ToString();

        void Add(string name, Func<SegmentationScores, double> score)
        {
            table.Row(
                [
                    name, .. networks.Select(n => ScoreText.Percent(score(n.Scores))),
                    .. differences.Select(d => ScoreText.Signed(score(networks[d.Of].Scores) - score(networks[d.Over].Scores)))
                ]);
        }
    }
}
