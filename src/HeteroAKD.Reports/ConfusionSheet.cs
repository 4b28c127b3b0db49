using System.Globalization;
using HeteroAKD.Training.Evaluation;
using SkiaSharp;

namespace HeteroAKD.Reports;

/// <summary><c>confusion.png</c>: of every true class, what was predicted, and the largest confusions beside it.</summary>
public static class ConfusionSheet
{
    private const int MatrixSide = 900;
    private const int LargestCell = 56;
    private const int SmallestCell = 12;   // 150 classes: a line of small print each
    private const int NumbersUpTo = 20;    // classes whose cells hold a number
    private const int LongestName = 22;
    private const int LongestPair = 32;    // letters that fit beside the numbers at full size
    private const int Listed = 25;
    private const float ListWidth = 520;
    private const float Line = ReportStyle.TextSize + 8;

    // White for nothing; by the square root, as one pixel in a hundred is worth seeing.
    private static readonly HeatScale s_shares = HeatScale.WhiteToBlue(0, 1);

    /// <summary>Draws the matrix.</summary>
    /// <param name="path">The PNG.</param>
    /// <param name="title">Network, split and score.</param>
    /// <param name="matrix">Pixels by true and predicted class.</param>
    /// <param name="names">[C] names of the classes.</param>
    public static void Write(string path, string title, ConfusionMatrix matrix, IReadOnlyList<string> names)
    {
        int classes = matrix.Classes;
        int cell = Math.Clamp(MatrixSide / classes, SmallestCell, LargestCell);
        float labelSize = Math.Min(ReportStyle.TextSize, cell - 1);
        float labels = (LongestName + 4) * 0.55f * labelSize;
        float width = labels + (cell * classes) + ListWidth;
        int columns = (int)Math.Ceiling(width / (ReportStyle.CellWidth + ReportStyle.Gap));
        float height = Math.Max(cell * classes, (Listed + 2) * Line) + Line;
        using Sheet sheet = new(
            title,
            "Rows: true class, columns: predicted class; darker: a larger share of the true class's pixels, grey: the class does not occur",
            columns,
            0,
            1,
            height);
        SKRect area = SKRect.Create(ReportStyle.Margin + labels, sheet.LegendTop + Line, cell * classes, cell * classes);
        sheet.Picture(area, s_shares.Paint(classes, classes, (truth, prediction) => Math.Sqrt(matrix.Share(truth, prediction))), smooth: false);
        DrawLabels(sheet, area, cell, labelSize, names);
        if (classes <= NumbersUpTo)
        {
            DrawNumbers(sheet, area, cell, matrix);
        }

        DrawLargest(sheet, area.Right + (2 * ReportStyle.Margin), area.Top, matrix, names);
        sheet.Save(path);
    }

    private static void DrawLabels(Sheet sheet, SKRect area, int cell, float size, IReadOnlyList<string> names)
    {
        for (int c = 0; c < names.Count; c++)
        {
            float middle = (c + 0.5f) * cell;
            sheet.Text($"{Short(names[c])} {c}", area.Left - 6, area.Top + middle + (0.36f * size), size, ReportStyle.Ink, align: SKTextAlign.Right);

            // Narrow columns have no room for every number.
            if (cell >= 2 * size || c % 5 == 0)
            {
                sheet.Text($"{c}", area.Left + middle, area.Top - 6, size, ReportStyle.Ink, align: SKTextAlign.Center);
            }
        }
    }

    private static void DrawNumbers(Sheet sheet, SKRect area, int cell, ConfusionMatrix matrix)
    {
        for (int i = 0; i < matrix.Classes * matrix.Classes; i++)
        {
            (int truth, int prediction) = (i / matrix.Classes, i % matrix.Classes);
            double share = matrix.Share(truth, prediction);
            if (share >= 0.005)
            {
                string percent = (100 * share).ToString("F0", CultureInfo.InvariantCulture);
                SKColor ink = share > 0.3 ? SKColors.White : ReportStyle.Ink;
                sheet.Text(
                    percent,
                    area.Left + ((prediction + 0.5f) * cell),
                    area.Top + ((truth + 0.5f) * cell) + 5,
                    ReportStyle.TextSize,
                    ink,
                    align: SKTextAlign.Center);
            }
        }
    }

    private static void DrawLargest(Sheet sheet, float left, float top, ConfusionMatrix matrix, IReadOnlyList<string> names)
    {
        sheet.Text("largest confusions", left, top + ReportStyle.HeadSize, ReportStyle.HeadSize, ReportStyle.Ink, bold: true);
        sheet.Text("of the class", left + 350, top + ReportStyle.HeadSize, ReportStyle.TextSize, ReportStyle.Muted, align: SKTextAlign.Right);
        sheet.Text("pixels", left + 460, top + ReportStyle.HeadSize, ReportStyle.TextSize, ReportStyle.Muted, align: SKTextAlign.Right);
        float baseline = top + ReportStyle.HeadSize + Line;
        foreach ((int truth, int prediction, long pixels) in Largest(matrix, Listed))
        {
            string share = (100 * matrix.Share(truth, prediction)).ToString("F1", CultureInfo.InvariantCulture) + " %";
            string pair = $"{Short(names[truth])} → {Short(names[prediction])}";
            float size = pair.Length > LongestPair ? 0.8f * ReportStyle.TextSize : ReportStyle.TextSize;
            sheet.Text(pair, left, baseline, size, ReportStyle.Ink);
            sheet.Text(share, left + 350, baseline, ReportStyle.TextSize, ReportStyle.Ink, align: SKTextAlign.Right);
            sheet.Text(
                pixels.ToString("N0", CultureInfo.InvariantCulture), left + 460, baseline, ReportStyle.TextSize, ReportStyle.Muted, align: SKTextAlign.Right);
            baseline += Line;
        }
    }

    /// <summary>The pairs of different classes with the most pixels, largest first.</summary>
    public static IEnumerable<(int Truth, int Prediction, long Pixels)> Largest(ConfusionMatrix matrix, int most) =>
        Enumerable.Range(0, matrix.Classes * matrix.Classes)
            .Select(i => (Truth: i / matrix.Classes, Prediction: i % matrix.Classes, Pixels: matrix[i / matrix.Classes, i % matrix.Classes]))
            .Where(entry => entry.Truth != entry.Prediction && entry.Pixels > 0)
            .OrderByDescending(entry => entry.Pixels)
            .Take(most);

    // "screen, silver screen, projection screen" of ADE20K is its first word.
    private static string Short(string name)
    {
        string first = name.Split([',', ';'])[0];
        return first.Length <= LongestName ? first : first[..(LongestName - 1)] + "…";
    }
}
