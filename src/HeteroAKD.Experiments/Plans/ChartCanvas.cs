using HeteroAKD.Reports;
using HeteroAKD.Tensors;
using ScottPlot;
using ScottPlot.Plottables;
using SkiaSharp;

namespace HeteroAKD.Experiments.Plans;

/// <summary>What the charts of a plan look like, and how they become files.</summary>
internal static class ChartCanvas
{
    private const float LineWidth = 2.5f;
    private const float FontSize = 15;

    /// <summary>Axes at 0.</summary>
    public static Color Ink { get; } = Color.FromHex("#22262E");

    /// <summary>Colours of lines, in order.</summary>
    public static IReadOnlyList<Color> Lines { get; } =
        [
            Color.FromHex("#1F6FB4"), Color.FromHex("#E07B39"), Color.FromHex("#2E9E5B"), Color.FromHex("#A14FA6"), Color.FromHex("#C43C4E"),
            Color.FromHex("#8C6D31")
        ];

    /// <summary>Sets title, fonts and grid.</summary>
    public static void Prepare(Plot plot, params string[] title)
    {
        plot.Font.Set(ReportFont.ChartFamily);
        plot.Title(Joined(title), size: 20);
        plot.Axes.Bottom.TickLabelStyle.FontSize = FontSize;
        plot.Axes.Left.TickLabelStyle.FontSize = FontSize;
        plot.Grid.MajorLineColor = Color.FromHex("#E5E7EB");
    }

    /// <summary>Those parts of a title that say something.</summary>
    public static string Joined(params string[] parts) => string.Join(", ", parts.Where(part => part.Length > 0));

    /// <summary>Says what an axis shows.</summary>
    public static void Label(IAxis axis, string text)
    {
        axis.Label.Text = text;
        axis.Label.FontSize = 16;
    }

    /// <summary>Makes a line the bar of an interval.</summary>
    public static void Bar(LinePlot bar, Color color)
    {
        bar.Color = color;
        bar.LineWidth = LineWidth;
    }

    /// <summary>Draws a line through points.</summary>
    public static void Line(Plot plot, double[] x, double[] y, Color color, string name)
    {
        Scatter drawn = plot.Add.Scatter(x, y, color);
        drawn.LineWidth = LineWidth;
        drawn.MarkerSize = 8;
        drawn.LegendText = name;
    }

    /// <summary>Names the lines, beside them: inside it would hide some.</summary>
    public static void ShowLegend(Plot plot)
    {
        plot.ShowLegend(Edge.Right);
        plot.Legend.FontSize = FontSize;
        plot.Legend.ShadowColor = Colors.Transparent;
    }

    /// <summary>Writes a PNG.</summary>
    public static void Save(string path, Multiplot multiplot, int width, int height)
    {
        using SKSurface surface = SKSurface.Create(new SKImageInfo(width, height));
        surface.Canvas.Clear(SKColors.White);
        multiplot.Render(surface);
        using SKImage image = surface.Snapshot();
        using SKData png = image.Encode(SKEncodedImageFormat.Png, 100);
        AtomicFile.Write(path, png.SaveTo);
    }
}
