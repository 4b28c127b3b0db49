namespace HeteroAKD.Data.Tests;

public class ContactSheetTests
{
    [Fact]
    public void Render_PutsImagesAndLabelsSideBySide()
    {
        var dataset = new SceneDataset(SceneSplit.Train, 3, new SceneOptions { Width = 64, Height = 32 });
        var sheet = ContactSheet.Render(dataset, rows: 2, columns: 2, gap: 2);
        Assert.Equal((2 * 130, 2 * 34), (sheet.Width, sheet.Height));
        var second = dataset.Load(1);
        Assert.Equal(second.Image.Pixels[..192], sheet.Pixels[(130 * 3)..(130 * 3 + 192)]);
        Assert.Equal(dataset.Classes.Render(second.Labels, 64, 32).Pixels[..192], sheet.Pixels[(194 * 3)..(194 * 3 + 192)]);
    }
}
