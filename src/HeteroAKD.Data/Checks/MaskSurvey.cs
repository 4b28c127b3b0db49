namespace HeteroAKD.Data;

/// <summary>What kind of PNG the masks of a split are, by their headers alone.</summary>
internal static class MaskSurvey
{
    private const int HeaderBytes = 26;
    private const int ColourTypeAt = 25;
    private const byte Rgb = 2, Rgba = 6;

    /// <summary>How many masks show colours, and how many are PNGs at all. Files that are missing or something else do not count.</summary>
    public static (int InColors, int Pngs) Of(PairDataset dataset)
    {
        (int inColors, int pngs) = (0, 0);
        foreach (FilePair pair in dataset.Pairs.Where(pair => File.Exists(pair.Label)))
        {
            byte[] start = FileBytes.Start(pair.Label, HeaderBytes);
            if (start.Length == HeaderBytes && PngContainer.HasSignature(start))
            {
                pngs++;
                inColors += start[ColourTypeAt] is Rgb or Rgba ? 1 : 0;
            }
        }
        return (inColors, pngs);
    }
}
