using SkiaSharp;

namespace HeteroAKD.Training.Report;

/// <summary>The typeface of every picture.</summary>
internal static class ReportFont
{
    public static string ChartFamily => SKTypeface.Default.FamilyName;

    public static SKTypeface Typeface(bool bold) => SKTypeface.FromFamilyName("DejaVu Sans", bold ? SKFontStyle.Bold : SKFontStyle.Normal);

    public static void UseInCharts()
    {
    }
}
