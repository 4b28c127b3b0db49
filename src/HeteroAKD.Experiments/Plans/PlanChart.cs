using ScottPlot;
using ScottPlot.MultiplotLayouts;
using ScottPlot.Plottables;
using ScottPlot.TickGenerators;

namespace HeteroAKD.Experiments.Plans;

/// <summary>
/// <c>results/PLAN.png</c>: a panel for each cell and phase. Arms are rows, with a dot for each seed and the mean with its 95 % interval; arms with an <c>x</c>
/// are points of lines, in a panel of their own. Shown is the difference to the control, or the score where there is none. A control with an <c>x</c> is the
/// point at 0.
/// </summary>
internal static class PlanChart
{
    private const int PanelWidth = 720;
    private const int RowHeight = 34;
    private const int Frame = 130;  // title, axis and margins, in pixels
    private const int LineHeight = 480;
    private const int Columns = 3;
    private const double Aside = 0.06;  // of the distance between two values of x, so that intervals of two lines are told apart

    private static readonly Color s_dots = Color.FromHex("#9CB8D6");

    /// <summary>Draws the figures.</summary>
    public static void Write(string path, Plan plan, IReadOnlyList<CellFigures> figures)
    {
        IReadOnlyList<Panel> panels = Panels(plan, figures);
        int columns = Math.Min(Columns, panels.Count);
        int rows = (panels.Count + columns - 1) / columns;
        int height = panels.Max(p => p.Lines ? LineHeight : Frame + (RowHeight * p.Arms.Count));
        Multiplot multiplot = new();
        multiplot.AddPlots(panels.Count);
        multiplot.Layout = new Grid(rows, columns);
        for (int i = 0; i < panels.Count; i++)
        {
            Plot plot = multiplot.GetPlot(i);
            Prepare(plot, plan, panels[i].Figures, panels[i].Lines);
            if (panels[i].Lines)
            {
                DrawLines(plot, panels[i]);
            }
            else
            {
                DrawRows(plot, panels[i]);
            }
        }

        ChartCanvas.Save(path, multiplot, PanelWidth * columns, height * rows);
    }

    /// <summary>For each cell and phase: the arms with an x, then those without.</summary>
    internal static IReadOnlyList<Panel> Panels(Plan plan, IReadOnlyList<CellFigures> figures) =>
    [
        .. figures.SelectMany(f => (Panel[])
        [
            new(
                f,
                true,
                [
                    .. f.Arms.Where(
                        a => !double.IsNaN(a.Arm.X) && a.Scores.Count > 0 && (a.Difference is not null || !IsCompared(f) || a.Arm.Name == plan.Compare.Control))
                ]),
            new(f, false, [.. f.Arms.Where(a => double.IsNaN(a.Arm.X) && (IsCompared(f) ? a.Difference is not null : a.Scores.Count > 0))]),
        ]).Where(p => p.Arms.Count > 0),
    ];

    private static void Prepare(Plot plot, Plan plan, CellFigures figures, bool lines)
    {
        bool compared = IsCompared(figures);
        string unit = compared ? plan.Compare.Gain : $"{plan.Compare.Split} {plan.Compare.Metric} %";
        ChartCanvas.Prepare(plot, figures.Cell.Name.Length > 0 ? figures.Cell.Name : plan.Name, figures.Phase.Title);
        ChartCanvas.Label(lines ? plot.Axes.Left : plot.Axes.Bottom, unit);
        if (compared && lines)
        {
            plot.Add.HorizontalLine(0, 1.5f, ChartCanvas.Ink);
        }
        else if (compared)
        {
            plot.Add.VerticalLine(0, 1.5f, ChartCanvas.Ink);
        }
    }

    private static void DrawRows(Plot plot, Panel panel)
    {
        IReadOnlyList<ArmFigures> arms = panel.Arms;
        for (int i = 0; i < arms.Count; i++)
        {
            double row = arms.Count - 1 - i;  // the first arm on top
            (double[] values, double mean, double reach) = Values(arms[i], IsCompared(panel.Figures));
            Scatter dots = plot.Add.ScatterPoints(values, values.Select(_ => row).ToArray(), s_dots);
            dots.MarkerSize = 9;
            plot.Add.Marker(mean, row, size: 11, color: ChartCanvas.Lines[0]);
            if (!double.IsNaN(reach))
            {
                ChartCanvas.Bar(plot.Add.Line(mean - reach, row, mean + reach, row), ChartCanvas.Lines[0]);
            }
        }

        plot.Axes.Left.TickGenerator = new NumericManual([.. arms.Select((_, i) => (double)(arms.Count - 1 - i))], [.. arms.Select(a => a.Arm.Name)]);
        plot.Axes.Margins(horizontal: 0.08);
        plot.Axes.SetLimitsY(-0.6, arms.Count - 0.4);
    }

    // Values of x stand at equal distances: weights and temperatures are tried in powers.
    private static void DrawLines(Plot plot, Panel panel)
    {
        IReadOnlyList<ArmFigures> arms = panel.Arms;
        double[] ticks = [.. arms.Select(a => a.Arm.X).Distinct().Order()];
        IGrouping<string, ArmFigures>[] curves = [.. arms.GroupBy(a => a.Arm.Curve)];
        for (int i = 0; i < curves.Length; i++)
        {
            IGrouping<string, ArmFigures> line = curves[i];
            Color color = ChartCanvas.Lines[i % ChartCanvas.Lines.Count];
            double aside = Aside * (i - ((curves.Length - 1) / 2.0));
            (double X, double Mean, double Reach)[] points = [.. line.OrderBy(a => a.Arm.X).Select(a =>
            {
                (_, double mean, double reach) = Values(a, IsCompared(panel.Figures));
                return (Array.IndexOf(ticks, a.Arm.X) + aside, mean, reach);
            })];
            ChartCanvas.Line(plot, [.. points.Select(p => p.X)], [.. points.Select(p => p.Mean)], color, line.Key);
            foreach ((double x, double mean, double reach) in points.Where(p => !double.IsNaN(p.Reach)))
            {
                ChartCanvas.Bar(plot.Add.Line(x, mean - reach, x, mean + reach), color);
            }
        }

        plot.Axes.Bottom.TickGenerator = new NumericManual(
            [.. ticks.Select((_, i) => (double)i)], [.. ticks.Select(t => t.ToString("R", System.Globalization.CultureInfo.InvariantCulture))]);
        plot.Axes.Margins(horizontal: 0.08, vertical: 0.2);
        if (arms.Any(a => a.Arm.Curve.Length > 0))
        {
            ChartCanvas.ShowLegend(plot);
        }
    }

    private static bool IsCompared(CellFigures figures) => figures.Arms.Any(a => a.Difference is not null);

    // Points above the control, which is 0, with half of the 95 % interval; scores have none.
    internal static (double[] Values, double Mean, double Reach) Values(ArmFigures arm, bool compared) => (compared, arm.Difference) switch
    {
        (false, _) => ([.. arm.Scores.Values], arm.Mean, double.NaN),
        (true, { } d) => ([.. d.Differences], d.Mean, d.Interval.High - d.Mean),
        _ => ([0], 0, double.NaN),
    };

    /// <summary>One panel.</summary>
    /// <param name="Figures">Its cell and phase.</param>
    /// <param name="Lines">Whether its arms are points of lines, else rows.</param>
    /// <param name="Arms">What is drawn.</param>
    internal sealed record Panel(CellFigures Figures, bool Lines, IReadOnlyList<ArmFigures> Arms);
}
