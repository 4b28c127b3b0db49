using SkiaSharp;

namespace HeteroAKD.Reports;

/// <summary>Colours and sizes that the pictures of a run share, so that a network has one colour everywhere.</summary>
internal static class ReportStyle
{
    public static readonly SKColor Background = SKColors.White;
    public static readonly SKColor Ink = new(0x22, 0x26, 0x2E);
    public static readonly SKColor Muted = new(0x6B, 0x72, 0x80);
    public static readonly SKColor Frame = new(0xD5, 0xD9, 0xE0);
    public static readonly SKColor Missing = new(0xC8, 0xCC, 0xD2);

    public const float Margin = 28;
    public const float Gap = 10;
    public const float TitleSize = 26;
    public const float HeadSize = 18;
    public const float TextSize = 15;

    /// <summary>Width in pixels that a small map is enlarged to.</summary>
    public const int CellWidth = 256;
}
