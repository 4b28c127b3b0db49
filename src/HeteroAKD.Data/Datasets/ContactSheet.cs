namespace HeteroAKD.Data;

/// <summary>A sheet of samples, each image with its labels beside it, to look at a data set.</summary>
public static class ContactSheet
{
    /// <summary>Draws the first <paramref name="rows"/> x <paramref name="columns"/> samples; each takes the place of the first one's size.</summary>
    public static RgbImage Render(ISegmentationDataset dataset, int rows, int columns, int gap = 2)
    {
        Sample? sample = dataset.Load(0);
        var (width, height) = (sample.Image.Width, sample.Image.Height);
        var sheet = new RgbImage(columns * (2 * width + gap), rows * (height + gap));
        Array.Fill(sheet.Pixels, byte.MaxValue);
        for (var i = 0; i < Math.Min(rows * columns, dataset.Count); i++)
        {
            sample = dataset.Load(i, sample);
            if (sample.Image.Width > width || sample.Image.Height > height)
            {
                throw new DatasetException(sample.Id, $"{sample.Image.Width}x{sample.Image.Height} does not fit into {width}x{height}", "Draw a sheet of samples of one size");
            }
            var (left, top) = (i % columns * (2 * width + gap), i / columns * (height + gap));
            sheet.Paste(sample.Image, left, top);
            sheet.Paste(dataset.Classes.Render(sample.Labels, sample.Image.Width, sample.Image.Height), left + width, top);
        }
        return sheet;
    }
}
