using System.Globalization;
using System.Text.Json;
using ScottPlot;

namespace HeteroAKD.Reports.Page;

/// <summary>A chart of <see cref="CurvesChart"/> as SVG, with the places of its points for the page's script.</summary>
internal static class ChartSvg
{
    private const int Width = 600;
    private const int Height = 400;

    /// <summary>The chart, and where its points are and what they say.</summary>
    public static string Figure(CurvePanel panel)
    {
        Plot plot = new();
        CurvesChart.Draw(plot, panel);
        string svg = plot.GetSvgXml(Width, Height);
        IEnumerable<object[]> points =
            from curve in panel.Curves
            from point in curve.Points
            let pixel = plot.GetPixel(new Coordinates(point.Step, point.Value))
            select new object[] { Math.Round(pixel.X, 1), Math.Round(pixel.Y, 1), Text(panel, curve, point) };

        // The script's element ends at the first "</"; JSON may write it otherwise.
        string json = JsonSerializer.Serialize(points).Replace("</", "<\\/", StringComparison.Ordinal);
        return $"<figure class=\"chart\">{Responsive(svg)}<script type=\"application/json\">{json}</script></figure>\n";
    }

    private static string Text(CurvePanel panel, Curve curve, (double Step, double Value) point) =>
        string.Create(CultureInfo.InvariantCulture, $"{curve.Name}, step {point.Step:F0}: {point.Value:G5} {panel.Unit}");

    // Scales with the page, and names no outside schema beside the one that makes it SVG.
    private static string Responsive(string svg)
    {
        string drawing = svg[svg.IndexOf("<svg", StringComparison.Ordinal)..].TrimEnd();
        int end = drawing.IndexOf('>');
        return $"<svg viewBox=\"0 0 {Width} {Height}\" role=\"img\" xmlns=\"http://www.w3.org/2000/svg\" "
            + $"xmlns:xlink=\"http://www.w3.org/1999/xlink\">{drawing[(end + 1)..]}";
    }
}
