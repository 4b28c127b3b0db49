using HeteroAKD.Reports.Lettering;
using ScottPlot;
using SkiaSharp;

namespace HeteroAKD.Reports;

/// <summary>
/// The typeface of every picture: the built-in stroke font, because a machine with only the .NET SDK often has no font
/// at all and text would silently be missing. So pictures look the same everywhere.
/// </summary>
internal static class ReportFont
{
    private static readonly Lazy<SKTypeface> s_regular = new(() => Load(bold: false));
    private static readonly Lazy<SKTypeface> s_bold = new(() => Load(bold: true));
    private static readonly Lazy<string> s_family = new(Register);

    /// <summary>The family name for charts; asking for it makes it known to the chart library.</summary>
    public static string ChartFamily => s_family.Value;

    /// <summary>The built-in typeface of a weight.</summary>
    public static SKTypeface Typeface(bool bold) => bold ? s_bold.Value : s_regular.Value;

    /// <summary>A typeface that can write the text: a name in another script falls back to a font of the machine, where it has one.</summary>
    public static SKTypeface For(string text, bool bold)
    {
        int missing = text.AsSpan().IndexOfAnyExcept([.. Glyphs.All.Keys]);
        return missing < 0 ? Typeface(bold) : SKFontManager.Default.MatchCharacter(text[missing]) ?? Typeface(bold);
    }

    private static SKTypeface Load(bool bold)
    {
        using SKData data = SKData.CreateCopy(StrokeFont.Create(bold));
        return SKTypeface.FromData(data) ?? throw new InvalidOperationException("the built-in font is not a font");
    }

    private static string Register()
    {
        Fonts.FontResolvers.Insert(0, new Resolver());
        return StrokeFont.Family;
    }

    private sealed class Resolver : IFontResolver
    {
        public SKTypeface? CreateTypeface(string fontName, bool bold, bool italic) => fontName == StrokeFont.Family ? Typeface(bold) : null;

        public SKTypeface? CreateTypeface(string fontName, FontWeight weight, FontSlant slant, FontSpacing spacing) =>
            CreateTypeface(fontName, weight >= FontWeight.SemiBold, italic: false);
    }
}
