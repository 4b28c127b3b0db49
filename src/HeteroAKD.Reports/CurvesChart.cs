using HeteroAKD.Tensors;
using HeteroAKD.Training.Loop;
using ScottPlot;
using ScottPlot.Plottables;
using SkiaSharp;

namespace HeteroAKD.Reports;

/// <summary>A line of a chart.</summary>
/// <param name="Name">Entry in the legend; one of <see cref="NetworkRoles"/> gets its fixed colour.</param>
/// <param name="Points">Steps and values.</param>
public sealed record Curve(string Name, IReadOnlyList<(double Step, double Value)> Points)
{
    /// <summary>The values that <see cref="Points"/> are means of, drawn pale behind them; empty where a point is a value itself.</summary>
    public IReadOnlyList<(double Step, double Value)> Raw { get; init; } = [];

    /// <summary>What the legend adds to the name, for example the last value.</summary>
    public string Note { get; init; } = "";
}

/// <summary>One chart of the picture.</summary>
/// <param name="Title">Above it.</param>
/// <param name="Unit">Of the values, beside the axis.</param>
/// <param name="Curves">Its lines.</param>
public sealed record CurvePanel(string Title, string Unit, IReadOnlyList<Curve> Curves)
{
    /// <summary>Whether the axis begins at 0; otherwise it shows the curves' own range, where small differences matter.</summary>
    public bool FromZero { get; init; } = true;
}

/// <summary><c>curves.png</c> and <c>reliability.png</c>: charts side by side, steps to the right.</summary>
public static class CurvesChart
{
    private const int PanelWidth = 720;
    private const int PanelHeight = 480;
    private const double LegendRoom = 0.4; // of the curves' range, above them where the axis fits them closely
    private const double PaleAlpha = 0.3;
    private const int MarkersUpTo = 40;  // single evaluations are points; a line of many steps is not

    private static readonly Dictionary<string, Color> s_roleColors = new()
    {
        [NetworkRoles.Teacher] = Color.FromHex("#6B7280"),
        [NetworkRoles.Student] = Color.FromHex("#E07B39"),
        [NetworkRoles.Kd] = Color.FromHex("#2E9E5B"),
        [NetworkRoles.Distilled] = Color.FromHex("#1F6FB4"),
    };

    private static readonly Color[] s_otherColors =
        [Color.FromHex("#A14FA6"), Color.FromHex("#C43C4E"), Color.FromHex("#8C6D31"), Color.FromHex("#17A2B8"), Color.FromHex("#7A8B1F")];

    /// <summary>Draws the panels; one without a point says so.</summary>
    public static void Write(string path, IReadOnlyList<CurvePanel> panels)
    {
        Multiplot multiplot = new();
        multiplot.AddPlots(panels.Count);
        multiplot.Layout = new ScottPlot.MultiplotLayouts.Columns();
        for (int i = 0; i < panels.Count; i++)
        {
            Draw(multiplot.GetPlot(i), panels[i]);
        }

        using SKSurface surface = SKSurface.Create(new SKImageInfo(PanelWidth * panels.Count, PanelHeight));
        multiplot.Render(surface);
        using SKImage image = surface.Snapshot();
        using SKData png = image.Encode(SKEncodedImageFormat.Png, 100);
        AtomicFile.Write(path, png.SaveTo);
    }

    /// <summary>Draws a panel.</summary>
    internal static void Draw(Plot plot, CurvePanel panel)
    {
        plot.Font.Set(ReportFont.ChartFamily);
        plot.Title(panel.Title, size: 22);
        plot.XLabel("step", size: 17);
        plot.YLabel(panel.Unit, size: 17);
        plot.Axes.Bottom.TickLabelStyle.FontSize = 15;
        plot.Axes.Left.TickLabelStyle.FontSize = 15;
        plot.Grid.MajorLineColor = Color.FromHex("#E5E7EB");
        int others = 0;
        foreach (Curve curve in panel.Curves.Where(c => c.Points.Count > 0))
        {
            Color color = s_roleColors.TryGetValue(curve.Name, out Color own) ? own : s_otherColors[others++ % s_otherColors.Length];
            if (curve.Raw.Count > 0)
            {
                Scatter raw = plot.Add.Scatter(curve.Raw.Select(p => p.Step).ToArray(), curve.Raw.Select(p => p.Value).ToArray());
                (raw.Color, raw.LineWidth, raw.MarkerSize) = (color.WithAlpha(PaleAlpha), 1, 0);
            }

            Scatter line = plot.Add.Scatter(curve.Points.Select(p => p.Step).ToArray(), curve.Points.Select(p => p.Value).ToArray());
            line.LegendText = curve.Name + curve.Note;
            line.Color = color;
            line.LineWidth = 2.5f;
            line.MarkerSize = curve.Points.Count <= MarkersUpTo ? 8 : 0;
        }

        if (panel.Curves.All(c => c.Points.Count == 0))
        {
            Text none = plot.Add.Text("no values yet", 0, 0);
            none.LabelFontSize = 16;
            return;
        }

        // The legend takes the corner that the curves leave: below where they end in the upper half of a chart that begins at 0.
        Curve[] drawn = [.. panel.Curves.Where(c => c.Points.Count > 0)];
        double top = drawn.Max(c => c.Points.Max(p => p.Value));
        bool endsHigh = panel.FromZero && drawn.Average(c => c.Points[^1].Value) > top / 2;
        plot.ShowLegend(endsHigh ? Alignment.LowerRight : Alignment.UpperRight);
        plot.Legend.FontSize = 15;
        plot.Legend.OutlineColor = Color.FromHex("#D5D9E0");
        plot.Legend.ShadowColor = Colors.Transparent;
        plot.Axes.Margins(horizontal: 0.03, vertical: 0.08);
        AxisLimits fitted = plot.Axes.GetLimits();
        plot.Axes.SetLimitsY(panel.FromZero ? 0 : fitted.Bottom, fitted.Top + (panel.FromZero ? 0 : LegendRoom * fitted.VerticalSpan));
    }
}
