using HeteroAKD.Nn;

namespace HeteroAKD.Data;

/// <summary>A sheet of samples, each image with its labels beside it, to look at a data set.</summary>
internal static class ContactSheet
{
    /// <summary>Draws the first <paramref name="rows"/> x <paramref name="columns"/> samples; each takes the place of the first one's size.</summary>
    public static RgbImage Render(ISegmentationDataset dataset, int rows, int columns, int gap = 2)
    {
        Sample? sample = dataset.Load(0);
        (int width, int height) = (sample.Image.Width, sample.Image.Height);
        RgbImage sheet = new(columns * (2 * width + gap), rows * (height + gap));
        Array.Fill(sheet.Pixels, byte.MaxValue);
        for (int i = 0; i < Math.Min(rows * columns, dataset.Count); i++)
        {
            sample = dataset.Load(i, sample);
            if (sample.Image.Width > width || sample.Image.Height > height)
            {
                throw new DatasetException(
                    sample.Id, $"{sample.Image.Width}x{sample.Image.Height} does not fit into {width}x{height}", "Draw a sheet of samples of one size");
            }
            (int left, int top) = (i % columns * (2 * width + gap), i / columns * (height + gap));
            sheet.Paste(sample.Image, left, top);
            sheet.Paste(dataset.Classes.Render(sample.Labels, sample.Image.Width, sample.Image.Height), left + width, top);
        }
        return sheet;
    }

    /// <summary>Draws chosen samples of any size, each scaled to one width: its pixels averaged, its labels at the nearest.</summary>
    /// <param name="dataset">The samples.</param>
    /// <param name="indices">At least one; those that are drawn, row by row.</param>
    /// <param name="columns">Samples in a row.</param>
    /// <param name="width">Columns of each picture.</param>
    /// <param name="gap">White between samples.</param>
    public static RgbImage RenderScaled(ISegmentationDataset dataset, IReadOnlyList<int> indices, int columns, int width = 160, int gap = 2)
    {
        RgbImage[] cells = indices.Select(index => Scale(dataset.Load(index), dataset.Classes, width)).ToArray();
        int height = cells.Max(cell => cell.Height) + gap;
        RgbImage sheet = new(columns * (2 * width + gap), (cells.Length + columns - 1) / columns * height);
        Array.Fill(sheet.Pixels, byte.MaxValue);
        for (int i = 0; i < cells.Length; i++)
        {
            sheet.Paste(cells[i], i % columns * (2 * width + gap), i / columns * height);
        }
        return sheet;
    }

    /// <summary>[h, 2 width, 3], image and coloured labels side by side.</summary>
    private static RgbImage Scale(Sample sample, ClassSet classes, int width)
    {
        RgbImage source = sample.Image;
        int height = Math.Clamp((int)Math.Round((double)source.Height * width / source.Width), 1, 4 * width);
        RgbImage colors = classes.Render(sample.Labels, source.Width, source.Height);
        RgbImage cell = new(2 * width, height);
        for (int y = 0; y < height; y++)
        {
            (int top, int bottom) = Span(y, height, source.Height);
            for (int x = 0; x < width; x++)
            {
                (int left, int right) = Span(x, width, source.Width);
                Average(source, left, top, right, bottom, cell.Pixels.AsSpan((y * 2 * width + x) * 3, 3));
                int nearest = ((top + bottom) / 2 * source.Width + (left + right) / 2) * 3;
                colors.Pixels.AsSpan(nearest, 3).CopyTo(cell.Pixels.AsSpan((y * 2 * width + width + x) * 3));
            }
        }
        return cell;
    }

    /// <summary>The source pixels, at least one, that a target pixel covers: first, and one behind the last.</summary>
    private static (int From, int To) Span(int at, int targets, int sources)
    {
        int from = (int)((long)at * sources / targets);
        return (from, Math.Max(from + 1, (int)((at + 1L) * sources / targets)));
    }

    private static void Average(RgbImage source, int left, int top, int right, int bottom, Span<byte> color)
    {
        for (int channel = 0; channel < 3; channel++)
        {
            long sum = 0L;
            for (int y = top; y < bottom; y++)
            {
                for (int x = left; x < right; x++)
                {
                    sum += source.Pixels[(y * source.Width + x) * 3 + channel];
                }
            }
            color[channel] = (byte)(sum / ((bottom - top) * (right - left)));
        }
    }
}
