using System.Globalization;
using HeteroAKD.Nn;
using SkiaSharp;

namespace HeteroAKD.Reports;

/// <summary>A column of heat maps.</summary>
/// <param name="Title">Head, for example "teacher share S".</param>
/// <param name="Note">Under it, in words.</param>
/// <param name="Scale">Range and colours.</param>
public sealed record HeatColumn(string Title, string Note, HeatScale Scale);

/// <summary>One scene with its maps.</summary>
/// <param name="Image">The picture.</param>
/// <param name="Truth">[H*W] labels.</param>
/// <param name="Maps">For each column [h*w] values; NaN where there is none.</param>
/// <param name="MapWidth">w, columns of the maps.</param>
/// <param name="MapHeight">h, rows of the maps.</param>
public sealed record KnowledgeScene(RgbImage Image, byte[] Truth, IReadOnlyList<float[]> Maps, int MapWidth, int MapHeight);

/// <summary><c>knowledge.png</c>: what HeteroAKD mixes (KMM) and what it weighs (KEM), where in the picture.</summary>
public static class KnowledgeSheet
{
    private const float BarHeight = 14;
    private const float LegendHeight = BarHeight + ReportStyle.TextSize + 12;

    /// <summary>The columns of HeteroAKD's own maps, with weights and discrepancies up to the given values.</summary>
    public static IReadOnlyList<HeatColumn> Columns(float largestWeight, float largestDiscrepancy) =>
    [
        new("KMM share S", "red: the teacher knows better", HeatScale.Diverging(0, 1)),
        new("KEM weight W", "light: the loss looks here", HeatScale.Sequential(0, largestWeight)),
        new("discrepancy ΔH", "light: much to learn", HeatScale.Sequential(0, largestDiscrepancy)),
    ];

    /// <summary>Draws the sheet.</summary>
    public static void Write(string path, string title, IReadOnlyList<KnowledgeScene> scenes, ClassLegend classes, IReadOnlyList<HeatColumn> columns)
    {
        if (scenes.Count == 0)
        {
            throw new ArgumentException("a sheet needs at least one scene", nameof(scenes));
        }

        RgbImage first = scenes[0].Image;
        using Sheet sheet = new(title, "Values at each pixel's true class; grey where pixels are ignored",
            columns.Count + 2, scenes.Count, (double)first.Height / first.Width, LegendHeight);
        sheet.Head(0, "image", $"{first.Width} x {first.Height}");
        sheet.Head(1, "truth", "");
        for (int c = 0; c < columns.Count; c++)
        {
            sheet.Head(c + 2, columns[c].Title, columns[c].Note);
            DrawScale(sheet, c + 2, columns[c].Scale);
        }

        for (int row = 0; row < scenes.Count; row++)
        {
            KnowledgeScene scene = scenes[row];
            sheet.Cell(0, row, scene.Image, smooth: true);
            sheet.Cell(1, row, RgbImage.OfLabels(scene.Truth, scene.Image.Width, scene.Image.Height, classes.Colors), smooth: false);
            for (int c = 0; c < columns.Count; c++)
            {
                sheet.Cell(c + 2, row, Paint(scene.Maps[c], scene.MapWidth, scene.MapHeight, columns[c].Scale), smooth: false);
            }
        }

        sheet.Save(path);
    }

    private static void DrawScale(Sheet sheet, int column, HeatScale scale)
    {
        float left = sheet.Left(column);
        float baseline = sheet.LegendTop + BarHeight + ReportStyle.TextSize + 4;
        sheet.Bar(SKRect.Create(left, sheet.LegendTop, ReportStyle.CellWidth, BarHeight), scale);
        sheet.Text(Number(scale.Low), left, baseline, ReportStyle.TextSize, ReportStyle.Muted);
        sheet.Text(
            Number((scale.Low + scale.High) / 2),
            left + (ReportStyle.CellWidth / 2f),
            baseline,
            ReportStyle.TextSize,
            ReportStyle.Muted,
            align: SKTextAlign.Center);
        sheet.Text(Number(scale.High), left + ReportStyle.CellWidth, baseline, ReportStyle.TextSize, ReportStyle.Muted, align: SKTextAlign.Right);
    }

    private static RgbImage Paint(float[] values, int width, int height, HeatScale scale)
    {
        RgbImage map = new(width, height);
        for (int i = 0; i < values.Length; i++)
        {
            SKColor color = scale.Of(values[i]);
            (map.Pixels[3 * i], map.Pixels[(3 * i) + 1], map.Pixels[(3 * i) + 2]) = (color.Red, color.Green, color.Blue);
        }

        return map;
    }

    private static string Number(float value) => value.ToString("0.###", CultureInfo.InvariantCulture);
}
