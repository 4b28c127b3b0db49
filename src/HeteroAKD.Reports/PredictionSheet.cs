using HeteroAKD.Nn;
using SkiaSharp;

namespace HeteroAKD.Reports;

/// <summary>One scene with what each network says of it.</summary>
/// <param name="Image">The picture.</param>
/// <param name="Truth">[H*W] labels.</param>
/// <param name="Alone">[H*W] classes that the student trained alone predicts.</param>
/// <param name="Distilled">[H*W] classes that the distilled student predicts.</param>
/// <param name="Teacher">[H*W] classes that the teacher predicts.</param>
public sealed record PredictedScene(RgbImage Image, byte[] Truth, byte[] Alone, byte[] Distilled, byte[] Teacher)
{
    /// <summary>[H*W] classes that the student with plain KD alone predicts; null where there is none.</summary>
    public byte[]? Kd { get; init; }
}

/// <summary>What stands under the column heads: model and score, for example "tiny-cnn-student, 41.3 % mIoU".</summary>
/// <param name="Alone">Of the student alone.</param>
/// <param name="Distilled">Of the distilled student.</param>
/// <param name="Teacher">Of the teacher.</param>
public sealed record PredictionNotes(string Alone, string Distilled, string Teacher)
{
    /// <summary>Of the student with plain KD alone.</summary>
    public string Kd { get; init; } = "";

    /// <summary>What the data set holds: images, or scenes.</summary>
    public string Pictures { get; init; } = "images";
}

/// <summary>
/// <c>predictions.png</c>: image, truth, student alone, with plain KD where there is one, distilled, teacher, and what distillation changed against the student
/// alone.
/// </summary>
public static class PredictionSheet
{
    private const float LegendRow = 28;
    private const float SwatchSize = 16;

    private static readonly (string Name, SKColor Color)[] s_changes =
    [
        ("right only when distilled", new SKColor(0x2E, 0x9E, 0x5B)),
        ("right only alone", new SKColor(0xD7, 0x3A, 0x3A)),
        ("both wrong", new SKColor(0x9A, 0xA1, 0xAC)),
        ("both right", new SKColor(0xF4, 0xF5, 0xF7)),
    ];

    /// <summary>Draws the sheet.</summary>
    /// <param name="path">The PNG.</param>
    /// <param name="title">What the run was.</param>
    /// <param name="scenes">Rows, all of one size, all with plain KD or none.</param>
    /// <param name="classes">Names and colours.</param>
    /// <param name="notes">Under the column heads.</param>
    public static void Write(string path, string title, IReadOnlyList<PredictedScene> scenes, ClassLegend classes, PredictionNotes notes)
    {
        if (scenes.Count == 0)
        {
            throw new ArgumentException("a sheet needs at least one scene", nameof(scenes));
        }

        RgbImage first = scenes[0].Image;
        Column[] networks = [.. Networks(notes, withKd: scenes[0].Kd is not null)];
        int errors = networks.Length + 2;
        int columns = errors + 1;
        int legendRows = 1 + (int)Math.Ceiling((classes.Count + 1) / (double)LegendPerRow(columns));
        using Sheet sheet = new(
            title, $"Held-out {notes.Pictures}; black pixels are ignored", columns, scenes.Count, (double)first.Height / first.Width, legendRows * LegendRow);
        sheet.Head(0, "image", $"{first.Width} x {first.Height}");
        sheet.Head(1, "truth", "");
        for (int n = 0; n < networks.Length; n++)
        {
            sheet.Head(n + 2, networks[n].Head, networks[n].Note);
        }

        sheet.Head(errors, "errors", "what distillation changed");
        for (int row = 0; row < scenes.Count; row++)
        {
            PredictedScene scene = scenes[row];
            (int width, int height) = (scene.Image.Width, scene.Image.Height);
            sheet.Cell(0, row, scene.Image, smooth: true);
            sheet.Cell(1, row, RgbImage.OfLabels(scene.Truth, width, height, classes.Colors), smooth: false);
            for (int n = 0; n < networks.Length; n++)
            {
                sheet.Cell(n + 2, row, RgbImage.OfLabels(networks[n].Classes(scene), width, height, classes.Colors), smooth: false);
            }

            sheet.Cell(errors, row, Compare(scene, classes.IgnoreIndex), smooth: false);
        }

        DrawLegend(sheet, classes, LegendPerRow(columns));
        sheet.Save(path);
    }

    private static IEnumerable<Column> Networks(PredictionNotes notes, bool withKd)
    {
        yield return new Column("student alone", notes.Alone, scene => scene.Alone);
        if (withKd)
        {
            yield return new Column(
                "student, plain KD",
                notes.Kd,
                scene => scene.Kd ?? throw new ArgumentException("a scene lacks the classes of plain KD, which the first one has"));
        }

        yield return new Column("student distilled", notes.Distilled, scene => scene.Distilled);
        yield return new Column("teacher", notes.Teacher, scene => scene.Teacher);
    }

    private static int LegendPerRow(int columns) => columns + 2;

    private static RgbImage Compare(PredictedScene scene, int ignore)
    {
        RgbImage map = new(scene.Image.Width, scene.Image.Height);
        for (int i = 0; i < scene.Truth.Length; i++)
        {
            byte truth = scene.Truth[i];
            if (truth == ignore)
            {
                continue;  // black, as in the class maps
            }

            bool alone = scene.Alone[i] == truth, distilled = scene.Distilled[i] == truth;
            SKColor color = s_changes[(alone, distilled) switch { (false, true) => 0, (true, false) => 1, (false, false) => 2, _ => 3 }].Color;
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
        for (int i = 0; i < s_changes.Length; i++)
        {
            Entry(sheet, "errors: " + s_changes[i].Name, s_changes[i].Color, i * wide, row);
        }
    }

    private static void Entry(Sheet sheet, string name, SKColor color, float offset, int row)
    {
        float x = ReportStyle.Margin + offset;
        float y = sheet.LegendTop + (row * LegendRow);
        sheet.Swatch(SKRect.Create(x, y, SwatchSize, SwatchSize), color);
        sheet.Text(name, x + SwatchSize + 8, y + SwatchSize - 3, ReportStyle.TextSize, ReportStyle.Ink);
    }

    private sealed record Column(string Head, string Note, Func<PredictedScene, byte[]> Classes);
}
