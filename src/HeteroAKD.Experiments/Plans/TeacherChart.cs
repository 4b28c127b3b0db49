using MathNet.Numerics.Statistics;
using ScottPlot;
using ScottPlot.MultiplotLayouts;

namespace HeteroAKD.Experiments.Plans;

/// <summary>
/// <c>results/PLAN.teachers.png</c>: what arms gain over the control against how reliable the teacher is, its own score on the student's validation images. A
/// panel for each phase and each group of cells that differ in nothing but the teacher; a line an arm, with 95 % intervals.
/// </summary>
internal static class TeacherChart
{
    private const int PanelWidth = 640;
    private const int PanelHeight = 520;
    private const double Percent = 100;
    private const double Aside = 0.12;  // points of mean IoU, so that intervals of two lines are told apart

    /// <summary>A group of cells.</summary>
    /// <param name="Title">What they have in common; may be empty.</param>
    /// <param name="Cells">The teacher's mean IoU in percent and the cell's figures, by that score.</param>
    internal sealed record Panel(string Title, IReadOnlyList<(double Teacher, CellFigures Figures)> Cells);

    /// <summary>The groups whose cells have teachers of different scores; none where the plan compares nothing.</summary>
    public static IReadOnlyList<Panel> Panels(IReadOnlyList<CellFigures> figures) =>
    [
        .. figures.GroupBy(f => (f.Phase.Title, f.Cell.Circumstances))
            .Select(g => new Panel(
                ChartCanvas.Joined(g.Key.Circumstances, g.Key.Title),
                [
                    .. g.Where(
                        f => f.Arms.Any(a => a.Difference is not null)).Select(f => (Teacher(f), f)).Where(c => !double.IsNaN(c.Item1)).OrderBy(c => c.Item1)
                ]))
            .Where(p => p.Cells.Select(c => c.Teacher).Distinct().Count() > 1),
    ];

    /// <summary>Draws the groups, of which there is one at least.</summary>
    public static void Write(string path, Plan plan, IReadOnlyList<CellFigures> figures)
    {
        IReadOnlyList<Panel> panels = Panels(figures);
        Multiplot multiplot = new();
        multiplot.AddPlots(panels.Count);
        multiplot.Layout = new Grid(1, panels.Count);
        for (int i = 0; i < panels.Count; i++)
        {
            Draw(multiplot.GetPlot(i), plan, panels[i]);
        }

        ChartCanvas.Save(path, multiplot, PanelWidth * panels.Count, PanelHeight);
    }

    private static double Teacher(CellFigures figures)
    {
        double[] scores =
        [
            .. figures.Arms.SelectMany(a => a.Results.Values).Where(r => r.Scores.ContainsKey(Metrics.Teacher)).Select(r => Percent * r.Scores[Metrics.Teacher])
        ];
        return scores.Length > 0 ? scores.Mean() : double.NaN;
    }

    private static void Draw(Plot plot, Plan plan, Panel panel)
    {
        ChartCanvas.Prepare(plot, panel.Title.Length > 0 ? panel.Title : plan.Name);
        ChartCanvas.Label(plot.Axes.Bottom, "teacher's val mIoU on the student's images, %");
        ChartCanvas.Label(plot.Axes.Left, plan.Compare.Gain);
        plot.Add.HorizontalLine(0, 1.5f, ChartCanvas.Ink);
        PlanPart[] arms = [.. plan.Arms.Where(arm => panel.Cells.Any(c => Of(c.Figures, arm).Difference is not null))];
        for (int i = 0; i < arms.Length; i++)
        {
            Color color = ChartCanvas.Lines[i % ChartCanvas.Lines.Count];
            double aside = Aside * (i - ((arms.Length - 1) / 2.0));
            (double Teacher, ArmFigures Arm)[] points =
                [.. panel.Cells.Select(c => (c.Teacher + aside, Of(c.Figures, arms[i]))).Where(p => p.Item2.Difference is not null)];
            ChartCanvas.Line(plot, [.. points.Select(p => p.Teacher)], [.. points.Select(p => p.Arm.Difference!.Mean)], color, arms[i].Name);
            foreach ((double x, ArmFigures arm) in points.Where(p => !double.IsNaN(p.Arm.Difference!.Interval.Low)))
            {
                ChartCanvas.Bar(plot.Add.Line(x, arm.Difference!.Interval.Low, x, arm.Difference.Interval.High), color);
            }
        }

        plot.Axes.Margins(horizontal: 0.08, vertical: 0.2);
        ChartCanvas.ShowLegend(plot);
    }

    private static ArmFigures Of(CellFigures figures, PlanPart arm) => figures.Arms.First(a => a.Arm.Name == arm.Name);
}
