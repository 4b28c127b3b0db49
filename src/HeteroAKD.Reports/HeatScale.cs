using HeteroAKD.Nn;
using SkiaSharp;

namespace HeteroAKD.Reports;

/// <summary>Turns a value into a colour: a range and the colours spread over it.</summary>
/// <param name="Low">Value of the first colour.</param>
/// <param name="High">Value of the last colour.</param>
/// <param name="Colors">Colours at equal distances.</param>
public sealed record HeatScale(float Low, float High, IReadOnlyList<SKColor> Colors)
{
    private static readonly SKColor[] s_blueToRed =
        [
            new(0x21, 0x66, 0xAC), new(0x67, 0xA9, 0xCF), new(0xD1, 0xE5, 0xF0), new(0xF7, 0xF7, 0xF7), new(0xFD, 0xDB, 0xC7), new(0xEF, 0x8A, 0x62),
            new(0xB2, 0x18, 0x2B)
        ];

    private static readonly SKColor[] s_darkToLight =
        [
            new(0x10, 0x0C, 0x2A), new(0x4A, 0x14, 0x6E), new(0x93, 0x26, 0x67), new(0xD5, 0x45, 0x4A), new(0xF6, 0x85, 0x2E), new(0xFB, 0xC9, 0x4A),
            new(0xFC, 0xFB, 0xC4)
        ];

    private static readonly SKColor[] s_white =
    [
        new(0xFF, 0xFF, 0xFF), new(0xC6, 0xDB, 0xEF), new(0x6B, 0xAE, 0xD6), new(0x21, 0x71, 0xB5), new(0x08, 0x30, 0x6B)
    ];

    /// <summary>For values with a neutral middle: blue below, white at the middle, red above.</summary>
    public static HeatScale Diverging(float low, float high) => new(low, high, s_blueToRed);

    /// <summary>For amounts: dark for little, light for much.</summary>
    public static HeatScale Sequential(float low, float high) => new(low, high, s_darkToLight);

    /// <summary>For shares: white for none, dark blue for all.</summary>
    public static HeatScale WhiteToBlue(float low, float high) => new(low, high, s_white);

    /// <summary>A pixel for each value.</summary>
    public RgbImage Paint(int rows, int columns, Func<int, int, double> value)
    {
        RgbImage map = new(columns, rows);
        for (int i = 0; i < rows * columns; i++)
        {
            SKColor color = Of((float)value(i / columns, i % columns));
            (map.Pixels[3 * i], map.Pixels[(3 * i) + 1], map.Pixels[(3 * i) + 2]) = (color.Red, color.Green, color.Blue);
        }

        return map;
    }

    /// <summary>The colour of a value; values outside the range get its ends, NaN the colour of missing data.</summary>
    public SKColor Of(float value)
    {
        if (float.IsNaN(value))
        {
            return ReportStyle.Missing;
        }

        float t = High > Low ? Math.Clamp((value - Low) / (High - Low), 0, 1) * (Colors.Count - 1) : 0;
        int below = Math.Min((int)t, Colors.Count - 2);
        (SKColor a, SKColor b, float part) = (Colors[below], Colors[below + 1], t - below);
        return new SKColor(Mix(a.Red, b.Red, part), Mix(a.Green, b.Green, part), Mix(a.Blue, b.Blue, part));
    }

    private static byte Mix(byte a, byte b, float part) => (byte)MathF.Round(a + ((b - a) * part));
}
