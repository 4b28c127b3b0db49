using HeteroAKD.Nn;
using HeteroAKD.Tensors;
using SkiaSharp;

namespace HeteroAKD.Reports;

/// <summary>
/// A white page with a title, rows and columns of small maps under column heads, and room for a legend:
/// the frame of every picture of a run.
/// </summary>
internal sealed class Sheet : IDisposable
{
    private readonly SKSurface _surface;
    private readonly SKPaint _paint = new() { IsAntialias = true };
    private readonly int _cellHeight;
    private readonly float _gridTop;

    /// <summary>A page.</summary>
    /// <param name="title">Text at the top.</param>
    /// <param name="subtitle">Smaller text under it.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="aspect">Height of a map divided by its width.</param>
    /// <param name="legendHeight">Pixels kept free below the rows.</param>
    public Sheet(string title, string subtitle, int columns, int rows, double aspect, float legendHeight)
    {
        _cellHeight = (int)Math.Round(ReportStyle.CellWidth * aspect);
        _gridTop = ReportStyle.Margin + ReportStyle.TitleSize + ReportStyle.TextSize + ReportStyle.HeadSize + ReportStyle.TextSize + 52;
        LegendTop = _gridTop + (rows * (_cellHeight + ReportStyle.Gap)) + 8;
        Width = (2 * ReportStyle.Margin) + (columns * (ReportStyle.CellWidth + ReportStyle.Gap)) - ReportStyle.Gap;
        int height = (int)Math.Ceiling(LegendTop + legendHeight + ReportStyle.Margin);
        _surface = SKSurface.Create(new SKImageInfo((int)Math.Ceiling(Width), height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        _surface.Canvas.Clear(ReportStyle.Background);
        Text(title, ReportStyle.Margin, ReportStyle.Margin + ReportStyle.TitleSize, ReportStyle.TitleSize, ReportStyle.Ink, bold: true);
        Text(subtitle, ReportStyle.Margin, ReportStyle.Margin + ReportStyle.TitleSize + ReportStyle.TextSize + 8, ReportStyle.TextSize, ReportStyle.Muted);
    }

    /// <summary>Width of the page in pixels.</summary>
    public float Width { get; }

    /// <summary>Where the room below the rows begins.</summary>
    public float LegendTop { get; }

    /// <summary>Left edge of a column.</summary>
    public float Left(int column) => ReportStyle.Margin + (column * (ReportStyle.CellWidth + ReportStyle.Gap));

    /// <summary>Writes the head of a column.</summary>
    public void Head(int column, string title, string subtitle)
    {
        float baseline = _gridTop - 12 - ReportStyle.TextSize;
        Text(title, Left(column), baseline - 4, ReportStyle.HeadSize, ReportStyle.Ink, bold: true);
        Text(subtitle, Left(column), baseline + ReportStyle.TextSize, ReportStyle.TextSize, ReportStyle.Muted);
    }

    /// <summary>Draws a map into a cell, enlarged; photographs smoothly, class and heat maps with sharp pixels.</summary>
    public void Cell(int column, int row, RgbImage map, bool smooth) =>
        Picture(SKRect.Create(Left(column), _gridTop + (row * (_cellHeight + ReportStyle.Gap)), ReportStyle.CellWidth, _cellHeight), map, smooth);

    /// <summary>Draws a map over an area, with a thin outline.</summary>
    public void Picture(SKRect area, RgbImage map, bool smooth)
    {
        using SKImage image = ToImage(map);
        SKSamplingOptions sampling = new(smooth ? SKFilterMode.Linear : SKFilterMode.Nearest);
        _surface.Canvas.DrawImage(image, area, sampling, _paint);
        Outline(area);
    }

    /// <summary>A filled rectangle with a thin outline.</summary>
    public void Swatch(SKRect area, SKColor color)
    {
        _paint.Color = color;
        _surface.Canvas.DrawRect(area, _paint);
        Outline(area);
    }

    /// <summary>A bar that runs through the colours of a scale.</summary>
    public void Bar(SKRect area, HeatScale scale)
    {
        using SKShader shader = SKShader.CreateLinearGradient(
            new SKPoint(area.Left, 0), new SKPoint(area.Right, 0), [.. scale.Colors], SKShaderTileMode.Clamp);
        _paint.Shader = shader;
        _surface.Canvas.DrawRect(area, _paint);
        _paint.Shader = null;
        Outline(area);
    }

    /// <summary>Writes a text with its left end on the baseline and returns its width.</summary>
    public float Text(string text, float x, float baseline, float size, SKColor color, bool bold = false, SKTextAlign align = SKTextAlign.Left)
    {
        using SKFont font = new(ReportFont.For(text, bold), size) { Subpixel = true, Edging = SKFontEdging.Antialias };
        _paint.Color = color;
        _surface.Canvas.DrawText(text, x, baseline, align, font, _paint);
        return font.MeasureText(text);
    }

    /// <summary>Writes the page as PNG.</summary>
    public void Save(string path)
    {
        using SKImage image = _surface.Snapshot();
        using SKData png = image.Encode(SKEncodedImageFormat.Png, 100);
        AtomicFile.Write(path, png.SaveTo);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _paint.Dispose();
        _surface.Dispose();
    }

    private void Outline(SKRect area)
    {
        (_paint.Style, _paint.Color, _paint.StrokeWidth, _paint.IsAntialias) = (SKPaintStyle.Stroke, ReportStyle.Frame, 1, false);  // one sharp pixel
        _surface.Canvas.DrawRect(area, _paint);
        (_paint.Style, _paint.IsAntialias) = (SKPaintStyle.Fill, true);
    }

    private static SKImage ToImage(RgbImage map)
    {
        byte[] pixels = new byte[map.Width * map.Height * 4];  // [H, W, RGBA]
        for (int i = 0; i < map.Width * map.Height; i++)
        {
            map.Pixels.AsSpan(3 * i, 3).CopyTo(pixels.AsSpan(4 * i));
            pixels[(4 * i) + 3] = byte.MaxValue;
        }

        return SKImage.FromPixelCopy(new SKImageInfo(map.Width, map.Height, SKColorType.Rgba8888, SKAlphaType.Opaque), pixels);
    }
}
