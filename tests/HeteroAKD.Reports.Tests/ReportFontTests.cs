using HeteroAKD.Reports.Lettering;
using SkiaSharp;

namespace HeteroAKD.Reports.Tests;

/// <summary>The built-in font is a font, and each of its letters leaves ink.</summary>
public sealed class ReportFontTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_printable_character_has_a_glyph_with_ink(bool bold)
    {
        SKTypeface typeface = ReportFont.Typeface(bold);
        Assert.Equal((StrokeFont.Family, bold), (typeface.FamilyName, typeface.IsBold));
        using SKFont font = new(typeface, 40);
        for (char c = '!'; c <= '~'; c++)
        {
            Assert.True(font.GetGlyph(c) > 0, $"'{c}' has no glyph");
            using SKPath outline = font.GetGlyphPath(font.GetGlyph(c));
            Assert.True(outline.Bounds.Width > 1 && outline.Bounds.Height > 1, $"'{c}' has no outline");
        }

        Assert.Equal(0, font.GetGlyph('é'));
    }

    [Fact]
    public void Counters_of_letters_are_open()
    {
        // The hole of an o is white: overlapping strokes were united with holes kept.
        using SKBitmap bitmap = new(60, 60);
        using SKCanvas canvas = new(bitmap);
        canvas.Clear(SKColors.White);
        using SKFont font = new(ReportFont.Typeface(bold: true), 60);
        using SKPaint paint = new() { Color = SKColors.Black };
        canvas.DrawText("o", 10, 50, font, paint);
        int ink = bitmap.Pixels.Count(p => p.Red < 128);
        float centre = 10 + (font.MeasureText("o") / 2);
        Assert.InRange(ink, 200, 900);
        Assert.Equal(SKColors.White, bitmap.GetPixel((int)centre, 50 - 16));
    }

    [Fact]
    public void Bold_is_wider_than_regular()
    {
        using SKFont regular = new(ReportFont.Typeface(bold: false), 20);
        using SKFont bold = new(ReportFont.Typeface(bold: true), 20);
        Assert.True(bold.MeasureText("HeteroAKD") > regular.MeasureText("HeteroAKD"));
    }
}
