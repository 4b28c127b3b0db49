using System.Globalization;
using SkiaSharp;

namespace HeteroAKD.Reports;

/// <summary><c>cka.png</c>: how alike the maps of two networks are, a matrix for each measure.</summary>
public static class SimilaritySheet
{
    private const int Cell = 64;
    private const float Letter = 0.56f * ReportStyle.TextSize;
    private const float Line = ReportStyle.TextSize + 8;
    private const float Half = 0.5f;

    // White for independent maps, dark for equal ones.
    private static readonly HeatScale s_values = HeatScale.WhiteToBlue(0, 1);

    /// <summary>Draws the matrices side by side.</summary>
    /// <param name="path">The PNG.</param>
    /// <param name="title">Both networks.</param>
    /// <param name="note">What the numbers mean.</param>
    /// <param name="rows">Names of the first network's maps.</param>
    /// <param name="columns">Names of the second's.</param>
    /// <param name="matrices">Names of the measures and their values, [rows, columns].</param>
    public static void Write(
        string path,
        string title,
        string note,
        IReadOnlyList<string> rows,
        IReadOnlyList<string> columns,
        IReadOnlyList<(string Name, double[,] Values)> matrices)
    {
        float labels = (rows.Max(r => r.Length) + 2) * Letter;
        int words = columns.Max(c => c.Split(' ').Length);
        float width = (labels + (Cell * columns.Count) + ReportStyle.Margin) * matrices.Count;
        int sheetColumns = (int)Math.Ceiling(width / (ReportStyle.CellWidth + ReportStyle.Gap));
        float height = (Cell * rows.Count) + ((words + 3) * Line);
        using Sheet sheet = new(title, note, sheetColumns, 0, 1, height);
        for (int m = 0; m < matrices.Count; m++)
        {
            double[,] shown = matrices[m].Values;
            float left = ReportStyle.Margin + (m * width / matrices.Count) + labels;
            SKRect area = SKRect.Create(left, sheet.LegendTop + (2 * Line), Cell * columns.Count, Cell * rows.Count);
            sheet.Text(matrices[m].Name, left, sheet.LegendTop + ReportStyle.HeadSize, ReportStyle.HeadSize, ReportStyle.Ink, bold: true);
            sheet.Picture(area, s_values.Paint(rows.Count, columns.Count, (row, column) => shown[row, column]), smooth: false);
            Label(sheet, area, rows, columns, shown);
        }

        sheet.Save(path);
    }

    private static void Label(Sheet sheet, SKRect area, IReadOnlyList<string> rows, IReadOnlyList<string> columns, double[,] values)
    {
        for (int i = 0; i < rows.Count; i++)
        {
            float middle = area.Top + ((i + Half) * Cell);
            sheet.Text(rows[i], area.Left - 8, middle + 5, ReportStyle.TextSize, ReportStyle.Ink, align: SKTextAlign.Right);
            for (int j = 0; j < columns.Count; j++)
            {
                SKColor ink = values[i, j] > Half ? SKColors.White : ReportStyle.Ink;
                string number = double.IsNaN(values[i, j]) ? "-" : values[i, j].ToString("F2", CultureInfo.InvariantCulture);
                sheet.Text(number, area.Left + ((j + Half) * Cell), middle + 5, ReportStyle.TextSize, ink, align: SKTextAlign.Center);
            }
        }

        // Words of a name below each other: columns are narrow.
        for (int j = 0; j < columns.Count; j++)
        {
            string[] words = columns[j].Split(' ');
            for (int w = 0; w < words.Length; w++)
            {
                sheet.Text(
                    words[w],
                    area.Left + ((j + Half) * Cell),
                    area.Bottom + ((w + 1) * Line),
                    ReportStyle.TextSize,
                    ReportStyle.Ink,
                    align: SKTextAlign.Center);
            }
        }
    }
}
