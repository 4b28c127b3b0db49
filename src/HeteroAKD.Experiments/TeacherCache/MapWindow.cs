using HeteroAKD.Nn;

namespace HeteroAKD.Experiments.TeacherCache;

/// <summary>Cuts the window of an augmented image out of a map of the whole image: bilinear, at the places that the window's own map would have.</summary>
internal static class MapWindow
{
    /// <summary>Fills the window's map.</summary>
    /// <param name="whole">[C, h, w] of the whole image.</param>
    /// <param name="view">The window.</param>
    /// <param name="window">The window's pixels.</param>
    /// <param name="map">The window's cells.</param>
    /// <param name="target">[C, map].</param>
    public static void Sample(in WholeMap whole, in ImageView view, (int Height, int Width) window, (int Height, int Width) map, Span<float> target)
    {
        Span<Tap> rows = new Tap[map.Height];
        Span<Tap> columns = new Tap[map.Width];
        Fill(rows, view.Top, window.Height, view.ScaledHeight, whole.Rows, mirrored: false);
        Fill(columns, view.Left, window.Width, view.ScaledWidth, whole.Columns, view.Flip);
        int plane = whole.Rows.Cells * whole.Columns.Cells;
        for (int c = 0; c < whole.Channels; c++)
        {
            ReadOnlySpan<float> source = whole.Values.AsSpan(c * plane, plane);
            Span<float> into = target.Slice(c * map.Height * map.Width, map.Height * map.Width);
            for (int y = 0; y < map.Height; y++)
            {
                ReadOnlySpan<float> upper = source.Slice(rows[y].First * whole.Columns.Cells, whole.Columns.Cells);
                ReadOnlySpan<float> lower = source.Slice(rows[y].Second * whole.Columns.Cells, whole.Columns.Cells);
                Blend(upper, lower, rows[y].Weight, columns, into.Slice(y * map.Width, map.Width));
            }
        }
    }

    private static void Blend(ReadOnlySpan<float> upper, ReadOnlySpan<float> lower, float weight, ReadOnlySpan<Tap> columns, Span<float> row)
    {
        for (int x = 0; x < row.Length; x++)
        {
            Tap tap = columns[x];
            float above = upper[tap.First] + ((upper[tap.Second] - upper[tap.First]) * tap.Weight);
            float below = lower[tap.First] + ((lower[tap.Second] - lower[tap.First]) * tap.Weight);
            row[x] = above + ((below - above) * weight);
        }
    }

    // The middle of a cell of the window, in pixels of the scaled image, then of the image, then in cells of the whole map. Beyond the image its edge goes on.
    private static void Fill(Span<Tap> taps, int start, int window, int scaled, in MapAxis axis, bool mirrored)
    {
        for (int i = 0; i < taps.Length; i++)
        {
            double inWindow = (i + 0.5) * window / taps.Length;
            double inScaled = start + (mirrored ? window - inWindow : inWindow);
            double inImage = Math.Clamp(inScaled / scaled, 0, 1) * axis.Pixels;
            double position = Math.Clamp((inImage * axis.Cells / axis.PaddedPixels) - 0.5, 0, axis.Cells - 1);
            int first = (int)position;
            taps[i] = new Tap(first, Math.Min(first + 1, axis.Cells - 1), (float)(position - first));
        }
    }

    private readonly record struct Tap(int First, int Second, float Weight);
}

/// <summary>One side of a map of a whole image.</summary>
/// <param name="Cells">Cells of the map.</param>
/// <param name="Pixels">Pixels of the image.</param>
/// <param name="PaddedPixels">Pixels that the cells cover: the image, padded.</param>
internal readonly record struct MapAxis(int Cells, int Pixels, int PaddedPixels);

/// <summary>A map of a whole image.</summary>
/// <param name="Channels">C.</param>
/// <param name="Rows">Its rows.</param>
/// <param name="Columns">Its columns.</param>
/// <param name="Values">[C, rows, columns].</param>
internal readonly record struct WholeMap(int Channels, MapAxis Rows, MapAxis Columns, float[] Values);
