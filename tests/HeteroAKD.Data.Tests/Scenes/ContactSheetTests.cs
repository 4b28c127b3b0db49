using HeteroAKD.Nn;

namespace HeteroAKD.Data.Tests;

public class ContactSheetTests
{
    [Fact]
    public void Render_PutsImagesAndLabelsSideBySide()
    {
        SceneDataset dataset = new(SceneSplit.Train, 3, new SceneOptions { Width = 64, Height = 32 });
        RgbImage sheet = ContactSheet.Render(dataset, rows: 2, columns: 2, gap: 2);
        Assert.Equal((2 * 130, 2 * 34), (sheet.Width, sheet.Height));
        Sample second = dataset.Load(1);
        Assert.Equal(second.Image.Pixels[..192], sheet.Pixels[(130 * 3)..(130 * 3 + 192)]);
        Assert.Equal(dataset.Classes.Render(second.Labels, 64, 32).Pixels[..192], sheet.Pixels[(194 * 3)..(194 * 3 + 192)]);
    }

    [Fact]
    public void RenderScaled_AveragesImagesOfDifferentSizes()
    {
        // 4x2 of columns 0 100 200 100, and 2x4 of 50 everywhere; label 1 in the right half.
        MemoryDataset dataset = new(2, index =>
        {
            (int width, int height) = index == 0 ? (4, 2) : (2, 4);
            Sample sample = new("s", new RgbImage(width, height), new byte[width * height]);
            for (int i = 0; i < width * height; i++)
            {
                byte[] columns = index == 0 ? [0, 100, 200, 100] : [50, 50];
                sample.Image.Pixels.AsSpan(i * 3, 3).Fill(columns[i % width]);
                sample.Labels[i] = (byte)(i % width >= width / 2 ? 1 : 255);
            }
            return sample;
        });
        dataset.Classes.Colors[1] = (10, 20, 30);
        RgbImage sheet = ContactSheet.RenderScaled(dataset, [0, 1], columns: 2, width: 2, gap: 1);
        Assert.Equal((2 * 5, 4 + 1), (sheet.Width, sheet.Height));
        byte[] Row(int y) => [.. Enumerable.Range(0, 10).Select(x => sheet.Pixels[(y * 10 + x) * 3])];
        Assert.Equal([50, 150, 0, 10, 255, 50, 50, 0, 10, 255], Row(0));
        Assert.Equal([255, 255, 255, 255, 255, 50, 50, 0, 10, 255], Row(3));
        Assert.All(Row(4), value => Assert.Equal(255, value));
    }
}
