using HeteroAKD.Distillation;
using HeteroAKD.Training.Evaluation;

namespace HeteroAKD.Reports;

/// <summary>Turns what was measured of the share S into the panels of <c>reliability.png</c>.</summary>
internal static class ReliabilityCurves
{
    private const double Chance = 0.5;

    /// <summary>
    /// Panels: the AUC on each split beside chance, and the mean share of the four cases on validation images. A number that does not exist is no point.
    /// </summary>
    /// <param name="rows">What was measured, in order of the steps.</param>
    public static IReadOnlyList<CurvePanel> Of(IReadOnlyList<ReliabilityRow> rows)
    {
        ReliabilityRow[] validation = [.. rows.Where(r => r.Split == "val")];
        Curve Case(string name, Func<ReliabilityScores, ReliabilityCase> of) => Line(name, validation, scores => of(scores).MeanShare);
        List<Curve> auc = [.. rows.GroupBy(r => r.Split).Select(split => Line(split.Key, split, scores => scores.Auc))];
        if (rows.Count > 0)
        {
            auc.Add(new Curve("chance", [(0, Chance), (rows[^1].Step, Chance)]));
        }

        return
        [
            new("S as a sign that the teacher is right", "AUC", auc),
            new("share S by case, on val", "mean of S", [
                Case("both right", s => s.BothRight),
                Case("only the teacher right", s => s.OnlyTeacherRight),
                Case("only the student right", s => s.OnlyStudentRight),
                Case("both wrong", s => s.BothWrong),
            ]) { FromZero = false },
        ];
    }

    private static Curve Line(string name, IEnumerable<ReliabilityRow> rows, Func<ReliabilityScores, double> value) =>
        new(name, [.. rows.Select(r => ((double)r.Step, Value: value(r.Scores))).Where(p => !double.IsNaN(p.Value))]);
}
