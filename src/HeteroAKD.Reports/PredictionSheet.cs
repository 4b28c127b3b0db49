using HeteroAKD.Nn;
using SkiaSharp;

namespace HeteroAKD.Reports;

/// <summary>One scene with what each network says of it.</summary>
/// <param name="Image">The picture.</param>
/// <param name="Truth">[H*W] labels.</param>
/// <param name="Alone">[H*W] classes that the student trained alone predicts.</param>
/// <param name="Distilled">[H*W] classes that the distilled student predicts.</param>
/// <param name="Teacher">[H*W] classes that the teacher predicts.</param>
public sealed record PredictedScene(RgbImage Image, byte[] Truth, byte[] Alone, byte[] Distilled, byte[] Teacher);

/// <summary>What stands under the column heads: model and score, for example "tiny-cnn-student, 41.3 % mIoU".</summary>
/// <param name="Alone">Of the student alone.</param>
/// <param name="Distilled">Of the distilled student.</param>
/// <param name="Teacher">Of the teacher.</param>
public sealed record PredictionNotes(string Alone, string Distilled, string Teacher);

/// <summary><c>predictions.png</c>: image, truth, student alone, distilled, teacher, and what distillation changed.</summary>
public static class PredictionSheet
{
    private const float LegendRow = 28;
    private const float SwatchSize = 16;

    private static readonly (string Name, SKColor Color)[] Changes =
    [
        ("right only when distilled", new SKColor(0x2E, 0x9E, 0x5B)),
        ("right only alone", new SKColor(0xD7, 0x3A, 0x3A)),
        ("both wrong", new SKColor(0x9A, 0xA1, 0xAC)),
        ("both right", new SKColor(0xF4, 0xF5, 0xF7)),
    ];

    /// <summary>Draws the sheet.</summary>
    /// <param name="path">The PNG.</param>
    /// <param name="title">What the run was.</param>
    /// <param name="scenes">Rows, all of one size.</param>
    /// <param name="classes">Names and colours.</param>
    /// <param name="notes">Under the column heads.</param>
    public static void Write(string path, string title, IReadOnlyList<PredictedScene> scenes, ClassLegend classes, PredictionNotes notes)
    {
        if (scenes.Count == 0)
        {
            throw new ArgumentException("a sheet needs at least one scene", nameof(scenes));
        }

        RgbImage first = scenes[0].Image;
        const int columns = 6;
        int legendRows = 1 + (int)Math.Ceiling((classes.Count + 1) / (double)LegendPerRow(columns));
        using var sheet = new Sheet(title, "Held-out scenes; black pixels are ignored", columns, scenes.Count, (double)first.Height / first.Width, legendRows * LegendRow);
        sheet.Head(0, "image", $"{first.Width} x {first.Height}");
        sheet.Head(1, "truth", "");
        sheet.Head(2, "student alone", notes.Alone);
        sheet.Head(3, "student distilled", notes.Distilled);
        sheet.Head(4, "teacher", notes.Teacher);
        sheet.Head(5, "errors", "what distillation changed");
        for (int row = 0; row < scenes.Count; row++)
        {
            PredictedScene scene = scenes[row];
            (int width, int height) = (scene.Image.Width, scene.Image.Height);
            sheet.Cell(0, row, scene.Image, smooth: true);
            sheet.Cell(1, row, RgbImage.OfLabels(scene.Truth, width, height, classes.Colors), smooth: false);
            sheet.Cell(2, row, RgbImage.OfLabels(scene.Alone, width, height, classes.Colors), smooth: false);
            sheet.Cell(3, row, RgbImage.OfLabels(scene.Distilled, width, height, classes.Colors), smooth: false);
            sheet.Cell(4, row, RgbImage.OfLabels(scene.Teacher, width, height, classes.Colors), smooth: false);
            sheet.Cell(5, row, Compare(scene, classes.IgnoreIndex), smooth: false);
        }

        DrawLegend(sheet, classes, LegendPerRow(columns));
        sheet.Save(path);
    }

    private static int LegendPerRow(int columns) => columns + 2;

    private static RgbImage Compare(PredictedScene scene, int ignore)
    {
        var map = new RgbImage(scene.Image.Width, scene.Image.Height);
        for (int i = 0; i < scene.Truth.Length; i++)
        {
            byte truth = scene.Truth[i];
            if (truth == ignore)
            {
                continue;  // black, as in the class maps
            }

            bool alone = scene.Alone[i] == truth, distilled = scene.Distilled[i] == truth;
            SKColor color = Changes[(alone, distilled) switch { (false, true) => 0, (true, false) => 1, (false, false) => 2, _ => 3 }].Color;
            (map.Pixels[3 * i], map.Pixels[(3 * i) + 1], map.Pixels[(3 * i) + 2]) = (color.Red, color.Green, color.Blue);
        }

        return map;
    }

    private static void DrawLegend(Sheet sheet, ClassLegend classes, int perRow)
    {
        float cell = (sheet.Width - (2 * ReportStyle.Margin)) / perRow;
        for (int c = 0; c <= classes.Count; c++)
        {
            (byte r, byte g, byte b) = c < classes.Count ? classes.Colors[c] : default;
            Entry(sheet, c < classes.Count ? classes.Names[c] : "ignored", new SKColor(r, g, b), c % perRow * cell, c / perRow);
        }

        // What the last column's colours mean stands right-aligned under it, in a row of its own.
        int row = (classes.Count / perRow) + 1;
        float wide = 1.6f * cell;
        for (int i = 0; i < Changes.Length; i++)
        {
            Entry(sheet, "errors: " + Changes[i].Name, Changes[i].Color, i * wide, row);
        }
    }

    private static void Entry(Sheet sheet, string name, SKColor color, float offset, int row)
    {
        float x = ReportStyle.Margin + offset;
        float y = sheet.LegendTop + (row * LegendRow);
        sheet.Swatch(SKRect.Create(x, y, SwatchSize, SwatchSize), color);
        sheet.Text(name, x + SwatchSize + 8, y + SwatchSize - 3, ReportStyle.TextSize, ReportStyle.Ink);
    }
}
