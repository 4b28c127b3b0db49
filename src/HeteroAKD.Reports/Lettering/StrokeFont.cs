using SkiaSharp;

namespace HeteroAKD.Reports.Lettering;

/// <summary>
/// Makes a TrueType font from the strokes of <see cref="Glyphs"/>: each stroke is given its width, overlaps are united,
/// and the outlines become glyphs. A real font file is what both the canvas and the chart library understand.
/// </summary>
internal static class StrokeFont
{
    /// <summary>The family name inside the file.</summary>
    public const string Family = "HeteroAKD Strokes";

    private const float RegularPen = 86;
    private const float BoldPen = 132;
    private const int RegularSpace = 14;  // between letters, beyond what the strokes were drawn with
    private const int BoldSpace = 44;     // thicker strokes need more room

    /// <summary>The font file.</summary>
    public static byte[] Create(bool bold)
    {
        List<TrueTypeGlyph> glyphs = new List<TrueTypeGlyph> { Outline(Glyphs.Missing, bold) };
        List<char> characters = new();
        foreach ((char character, Glyph glyph) in Glyphs.All.OrderBy(g => g.Key))
        {
            characters.Add(character);
            glyphs.Add(Outline(glyph, bold));
        }

        return TrueTypeWriter.Write(Family, bold, characters, glyphs);
    }

    private static TrueTypeGlyph Outline(Glyph glyph, bool bold)
    {
        int space = bold ? BoldSpace : RegularSpace;
        using SKPaint pen = new SKPaint
        {
            Style = SKPaintStyle.Stroke,
            StrokeWidth = bold ? BoldPen : RegularPen,
            StrokeCap = SKStrokeCap.Round,
            StrokeJoin = SKStrokeJoin.Round,
        };
        using SKPath strokes = SKPath.ParseSvgPathData(glyph.Strokes) ?? throw new FormatException($"the strokes '{glyph.Strokes}' are not path data");
        strokes.Offset(space / 2f, 0);
        using SKPath outline = new();
        pen.GetFillPath(strokes, outline);

        // Strokes cross: unite them, and turn holes against their surroundings, as TrueType's non-zero filling needs.
        using SKPath united = outline.Simplify() ?? outline;
        using SKPath wound = united.ToWinding() ?? united;
        return new TrueTypeGlyph(glyph.Advance + space, Contours(wound));
    }

    private static List<List<OutlinePoint>> Contours(SKPath path)
    {
        List<List<OutlinePoint>> contours = new();
        using SKPath.RawIterator iterator = path.CreateRawIterator();
        SKPoint[] points = new SKPoint[4];
        for (SKPathVerb verb = iterator.Next(points); verb != SKPathVerb.Done; verb = iterator.Next(points))
        {
            switch (verb)
            {
                case SKPathVerb.Move:
                    contours.Add([Point(points[0], true)]);
                    break;
                case SKPathVerb.Line:
                    contours[^1].Add(Point(points[1], true));
                    break;
                case SKPathVerb.Quad:
                    contours[^1].Add(Point(points[1], false));
                    contours[^1].Add(Point(points[2], true));
                    break;
                case SKPathVerb.Conic:
                    AddConic(contours[^1], points, iterator.ConicWeight());
                    break;
                case SKPathVerb.Cubic:
                    AddCubic(contours[^1], points);
                    break;
            }
        }

        contours.ForEach(RemoveClosingPoint);
        contours.RemoveAll(c => c.Count < 3);
        return contours;
    }

    private static void AddConic(List<OutlinePoint> contour, SKPoint[] points, float weight)
    {
        const int Power = 1;  // two parabolas follow a quarter circle within a font unit
        SKPoint[] quads = SKPath.ConvertConicToQuads(points[0], points[1], points[2], weight, Power);
        for (int i = 1; i + 1 < quads.Length; i += 2)
        {
            contour.Add(Point(quads[i], false));
            contour.Add(Point(quads[i + 1], true));
        }
    }

    private static void AddCubic(List<OutlinePoint> contour, SKPoint[] p)
    {
        const int Pieces = 8;
        for (int i = 1; i <= Pieces; i++)
        {
            float t = i / (float)Pieces, u = 1 - t;
            (float a, float b, float c, float d) = (u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t);
            SKPoint point = new((a * p[0].X) + (b * p[1].X) + (c * p[2].X) + (d * p[3].X), (a * p[0].Y) + (b * p[1].Y) + (c * p[2].Y) + (d * p[3].Y));
            contour.Add(Point(point, true));
        }
    }

    private static void RemoveClosingPoint(List<OutlinePoint> contour)
    {
        if (contour.Count > 1 && contour[0] == contour[^1])
        {
            contour.RemoveAt(contour.Count - 1);
        }
    }

    // SVG's y runs down, a font's up.
    private static OutlinePoint Point(SKPoint point, bool onCurve) => new((short)MathF.Round(point.X), (short)MathF.Round(-point.Y), onCurve);
}
